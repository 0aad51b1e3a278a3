import { createRequire } from 'node:module'
import { describe, expect, it, vi } from 'vitest'
import { OpenAICompatibleProvider, ProviderError } from '../index.js'
import type { Provider } from '../lib/native.js'
import { providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf } from './support/witness.js'

// There is no way to a panic from outside, so the addon is asked in place of a question about the models.
const addon = createRequire(import.meta.url)('../native.js')

function panic(): Promise<unknown> {
  const opening = vi.spyOn(addon, 'openProvider')
  const provider = new OpenAICompatibleProvider()
  const opened = opening.mock.results[0]?.value as Provider
  opening.mockRestore()
  const ask = opened.ask.bind(opened)
  opened.ask = (outbox, _question, timeout) => ask(outbox, 'panic', timeout)
  return provider.listModels({ throwOnError: true })
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
