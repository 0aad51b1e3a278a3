import { createRequire } from 'node:module'
import { describe, expect, it, vi } from 'vitest'
import { OpenAICompatibleProvider, ProviderError } from '../index.js'
import type { Provider } from '../lib/native.js'
import { providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf } from './support/witness.js'

// There is no way to a panic from outside, so this goes through the package's own modules.
const inside = createRequire(import.meta.url)
const { Call } = inside('../dist/call.js') as typeof import('../lib/call.js')
const { theOutbox } = inside('../dist/delivery.js') as typeof import('../lib/delivery.js')
const { native } = inside('../dist/native.js') as typeof import('../lib/native.js')

function panic(): Promise<unknown> {
  const opening = vi.spyOn(native(), 'openProvider')
  new OpenAICompatibleProvider()
  const opened = opening.mock.results[0]?.value as Provider
  opening.mockRestore()
  return new Call({
    provider: 'test',
    hooks: {},
    signal: undefined,
    pending: new Set(),
    start: () => opened.ask(theOutbox(), 'panic'),
    finish: () => undefined,
    listener: undefined,
    takesLater: false,
    origin: panic,
  }).result
}

describe('a panic in Rust', () => {
  it('is a rejected promise, and everything goes on', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server)
    for (let turn = 0; turn < 3; turn += 1) {
      const error = await failureOf(panic())
      expect(error).toBeInstanceOf(ProviderError)
      expect(error.message).toContain('asked to panic')
      expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    }
  })
})
