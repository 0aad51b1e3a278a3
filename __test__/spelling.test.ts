import { describe, expect, it } from 'vitest'
import { OpenAICompatibleProvider } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf, thrownBy } from './support/witness.js'

describe('a field in another spelling', () => {
  it.each([
    [{ baseUrl: 'http://x' }, 'baseURL'],
    [{ apikey: 'k' }, 'apiKey'],
    [{ base_url: 'http://x' }, 'baseURL'],
    [{ defaults: { max_tokens: 1 } }, 'defaults.maxTokens'],
    [{ timeout: { first_token: 1 } }, 'timeout.firstToken'],
    [{ retry: { max_retries: 1 } }, 'retry.maxRetries'],
    [{ limits: { max_event_bytes: 1 } }, 'limits.maxEventBytes'],
  ])('is refused with the right one: %j', (config, meant) => {
    const error = thrownBy(() => new OpenAICompatibleProvider(config as object))
    expect(error.code).toBe('configuration')
    expect(error.hint).toContain(`\`${meant}\``)
  })

  it.each([
    [{ tls: { rejectUnauthorized: false } }, 'ca, cert, key, insecure'],
    [{ retry: { retries: 3 } }, 'maxRetries'],
    [{ timeout: { first: 5 } }, 'firstToken'],
    [{ limits: { maxBytes: 4 } }, 'maxEventBytes'],
    [{ headers: new Headers({ 'X-Team': 'tools' }) }, 'Object.fromEntries(headers)'],
  ])('is refused where it would be ignored: %j', (config, known) => {
    const error = thrownBy(() => new OpenAICompatibleProvider(config as object))
    expect(error.code).toBe('configuration')
    expect(error.hint).toContain(known)
  })

  it('is refused in a call, too, and a field of the host’s own is not', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server)
    const wrong = { ...asking('hello'), max_tokens: 5 }
    expect((await failureOf(provider.chat(wrong))).hint).toContain('`maxTokens`')
    const own = { ...asking('hello'), sessionId: 'mine' }
    expect((await provider.chat(own)).content).toBe('Hello')
  })
})
