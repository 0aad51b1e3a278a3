import { describe, expect, it } from 'vitest'
import { LlamaCppProvider, OllamaProvider, OpenAICompatibleProvider, VLLMProvider } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf, thrownBy } from './support/witness.js'

describe('a field of another server', () => {
  it('is refused with the class that has it', () => {
    const error = thrownBy(() => new VLLMProvider({ numCtx: 1 } as object))
    expect(error).toMatchObject({ code: 'configuration', message: '`numCtx` is no field of vLLM' })
    expect(error.hint).toContain("`createProvider('ollama', …)`")
  })

  it('is nobody’s business where it is not given, or a class of one’s own may have it', () => {
    class Own extends VLLMProvider {
      static override readonly definition = { name: 'own', displayName: 'Own', baseURL: 'http://own.example' }
    }
    expect(new Own({ api: 2 } as object).name).toBe('own')
    expect(new VLLMProvider({ numCtx: undefined, sessionId: 'mine' } as object).name).toBe('vllm')
  })
})

describe('an argument of a command', () => {
  const [ollama, llamaCpp, vllm] = [new OllamaProvider(), new LlamaCppProvider(), new VLLMProvider()]
  const given = undefined as never

  it.each<[string, () => Promise<unknown>, string]>([
    ['pullModel', () => ollama.pullModel(given), '`name` must be a text that is not empty, not undefined'],
    ['showModel', () => ollama.showModel(''), '`name` must be a text that is not empty, not the text ""'],
    ['loadModel', () => llamaCpp.loadModel(5 as never), '`name` must be a text that is not empty, not 5'],
    ['tokenize', () => llamaCpp.tokenize(5 as never), '`text` must be a text, not 5'],
    [
      'loadAdapter',
      () => vllm.loadAdapter('a', given),
      '`path` must be a text that is not empty, not undefined',
    ],
    [
      'contextLength',
      () => llamaCpp.loadModel('m', { contextLength: Number.NaN }),
      '`contextLength` must be a whole number of tokens, 1 or more, not NaN',
    ],
  ])('is named where it is wrong: %s', async (_name, ask, message) => {
    expect(await failureOf(ask())).toMatchObject({ code: 'configuration', message })
  })
})

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
