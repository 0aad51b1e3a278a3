import { afterAll, expect } from 'vitest'
import { shownKeys } from './witness.js'

// No error and no event holds a key, whatever the test was about.
afterAll(() => {
  expect(shownKeys()).toEqual([])
})
