import { describe, expect, it } from 'vitest'
import { forget, forms, KEY, OTHER_KEY, shownKeys, witness } from './support/witness.js'

describe('the search for keys', () => {
  it.each<[string, unknown]>([
    ['a message', new Error(`a ${KEY}`)],
    ['a stack', Object.assign(new Error('a'), { stack: KEY })],
    ['a cause', new Error('a', { cause: new Error(OTHER_KEY) })],
    [
      'a field',
      Object.assign(new Error('a'), { partial: { content: { deep: { deeper: { deepest: KEY } } } } }),
    ],
    ['a hidden field', Object.defineProperty(new Error('a'), 'key', { value: KEY })],
    ['an event', { type: 'error', message: OTHER_KEY }],
    ...Object.entries(forms).map(([name, form]): [string, unknown] => [name, { message: `a ${form(KEY)}.` }]),
  ])('finds one: %s', (_name, value) => {
    witness(value)
    const found = shownKeys()
    forget(value)
    expect(found).not.toEqual([])
    expect(shownKeys()).toEqual([])
  })
})
