import { describe, expect, it } from 'vitest'
import { LlamaCppProvider, OpenAICompatibleProvider } from '../index.js'
import { PROPS, play, SERVERS } from './support/played-servers.js'
import { providerOf } from './support/provider.js'
import { json, models, startScriptedServer } from './support/scripted-server.js'
import { answer, refusal } from './support/wire.js'
import { failureOf, KEY } from './support/witness.js'

const NO_LIST = json(refusal('Not found'), 404)

describe('capabilities', () => {
  it('are defaults before the first contact', () => {
    const { capabilities } = new OpenAICompatibleProvider()
    expect(capabilities).toEqual({
      supportsStreaming: true,
      supportsTools: false,
      supportsSystemPrompt: true,
      supportsMultiTurn: true,
      maxContextTokens: 8192,
      supportedModels: [],
    })
  })

  it('are one frozen object until something has changed', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('one'))
    const provider = providerOf(server)
    const before = provider.capabilities
    expect(provider.capabilities).toBe(before)
    expect([Object.isFrozen(before), Object.isFrozen(before.supportedModels)]).toEqual([true, true])
    await provider.getStatus()
    const after = provider.capabilities
    expect(after).not.toBe(before)
    expect(after.supportedModels).toEqual(['one'])
    await provider.getStatus()
    expect(provider.capabilities).toBe(after)
  })

  it('are what the server says after it, and what the configuration says above all', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(
      json({ data: [{ id: 'm', context_length: 4096, supported_parameters: ['tools'] }] }),
    )
    const provider = providerOf(server)
    const overridden = providerOf(server, { capabilities: { maxContextTokens: 1000, supportsTools: false } })
    await Promise.all([provider.listModels(), overridden.listModels()])
    expect(provider.capabilities).toMatchObject({ maxContextTokens: 4096, supportsTools: true })
    expect(overridden.capabilities).toMatchObject({ maxContextTokens: 1000, supportsTools: false })
  })
})

describe('a status that has to look elsewhere', () => {
  it('takes no more than its time for all of it', async () => {
    const server = await startScriptedServer()
    server.answersQuestions()
    const status = providerOf(server).getStatus({ timeout: { metadata: 2000 } })
    const own = await server.nextQuestion()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const begunAt = performance.now()
    await own.play(NO_LIST)
    await server.nextQuestion()
    await status
    // It had half a second left; asked anew, it would have had two.
    expect(performance.now() - begunAt).toBeLessThan(1500)
  })
})

describe('a list with wrong options', () => {
  it('is one rejection', async () => {
    const provider = new OpenAICompatibleProvider()
    expect(await failureOf(provider.listModels(null as never))).toMatchObject({ code: 'configuration' })
  })
})

describe('a capability that is undefined', () => {
  it('counts as not given', () => {
    const capabilities = { maxContextTokens: undefined } as object
    expect(new OpenAICompatibleProvider({ capabilities }).capabilities.maxContextTokens).toBe(8192)
  })
})

describe('a key function that throws', () => {
  it.each([new Error('the keychain is locked'), undefined])(
    'costs a question nothing but its answer: %s',
    async (thrown) => {
      const server = await startScriptedServer()
      const provider = providerOf(server, { apiKey: () => Promise.reject(thrown) })
      expect(await provider.validateConfiguration()).toBe(false)
      expect(await provider.getStatus()).toMatchObject({ isConnected: false, error: expect.any(String) })
      expect(await provider.listModels()).toEqual([])
      expect(await failureOf(provider.listModels({ throwOnError: true }))).toBe(thrown)
      expect(server.questions).toEqual([])
    },
  )
})

describe('a server that repeats the key', () => {
  it('shows it in no version', async () => {
    const server = await play({
      ...SERVERS.llamaCpp,
      paths: { ...SERVERS.llamaCpp.paths, '/props': json({ ...PROPS, build_info: `b9000 for ${KEY}` }) },
    })
    const provider = new LlamaCppProvider({ baseURL: server.baseURL, apiKey: KEY })
    expect(await provider.getStatus()).toMatchObject({ isConnected: true, version: 'b9000 for ***' })
    expect(await provider.waitUntilReady()).toMatchObject({ version: 'b9000 for ***' })
    await provider.close()
  })
})

describe('a server without a model list', () => {
  it('is valid, and its list is empty', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(NO_LIST)
    const provider = providerOf(server)
    expect(await provider.validateConfiguration()).toBe(true)
    expect(await provider.getStatus()).toMatchObject({ isConnected: true, loadedModel: 'm' })
    expect(await provider.listModels()).toEqual([])
    expect(await failureOf(provider.listModels({ throwOnError: true }))).toMatchObject({ status: 404 })
  })
})

describe('a server that answers, but not as one', () => {
  it.each([
    ['a wrong key', json(refusal('Invalid key'), 401), /Invalid key/],
    ['a web page', { chunks: ['<html><title>Router</title></html>'] }, /a web page: Router/],
    ['a broken list', json('{"data": [', 200), /./],
    ['a fault', json(refusal('boom'), 500), /boom/],
  ])('%s: is not connected, and says why', async (_name, played, words) => {
    const server = await startScriptedServer()
    server.answersQuestions(played)
    const provider = providerOf(server)
    expect(await provider.validateConfiguration()).toBe(false)
    expect(await provider.getStatus()).toMatchObject({
      isConnected: false,
      error: expect.stringMatching(words),
    })
    expect(await provider.listModels()).toEqual([])
    expect((await failureOf(provider.listModels({ throwOnError: true }))).message).toMatch(words)
  })

  it('has its list elsewhere: the error says where', async () => {
    const server = (await startScriptedServer()).answersTo('GET /v1/models', json({ data: [{ id: 'a' }] }))
    server.answersQuestions(NO_LIST)
    const base = server.baseURL.replace('/v1', '')
    const error = await failureOf(
      providerOf(server, { baseURL: `${base}/api` }).listModels({ throwOnError: true }),
    )
    expect(error).toMatchObject({ status: 404, hint: expect.stringContaining(`baseURL: '${base}/v1'`) })
  })

  it('is no model list: the error says what to check', async () => {
    const server = await startScriptedServer()
    server.answersQuestions({ chunks: ['<html><title>Router</title></html>'] })
    const error = await failureOf(providerOf(server).listModels({ throwOnError: true }))
    expect(error).toMatchObject({ code: 'protocol', hint: expect.stringContaining('Check the address') })
  })
})

describe('models', () => {
  it.each([
    ['data', { data: [{ id: 'a' }, { id: 'b' }] }],
    ['models', { models: [{ name: 'a' }, { model: 'b' }] }],
    ['a bare array', [{ id: 'a' }, 'b']],
  ])('are read from %s', async (_name, list) => {
    const server = await startScriptedServer()
    server.answersQuestions(json(list))
    const names = (await providerOf(server).listModels({ throwOnError: true })).map((model) => model.name)
    expect(names).toEqual(['a', 'b'])
  })

  it('can chat or embed, by their name where the server is silent', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('llama', 'nomic-embed-text'))
    const [chat, embedding] = await providerOf(server).listModels()
    expect(chat?.capabilities).toEqual({ chat: true, completion: true, embedding: false })
    expect(embedding?.capabilities).toMatchObject({ embedding: true, chat: false })
  })
})

describe('the loaded model', () => {
  const loaded = async (model: string | undefined, data: object[]) => {
    const server = await startScriptedServer()
    server.answersQuestions(json({ data }))
    return (await providerOf(server, { model }).getStatus()).loadedModel
  }

  it.each([
    ['the configured one of several', 'b', 'b'],
    ['the first of several, where another is configured', 'c', 'a'],
    ['the first of several, where none is', undefined, 'a'],
  ])('is %s', async (_name, model, expected) => {
    const states = { a: 'loaded', b: 'loaded', c: 'not-loaded' }
    const list = Object.entries(states).map(([id, state]) => ({ id, state }))
    expect(await loaded(model, list)).toBe(expected)
  })

  it('is none where the server says that none is', async () => {
    expect(await loaded('a', [{ id: 'a', state: 'not-loaded' }])).toBeUndefined()
    expect(await loaded('b', [{ id: 'a', state: 'not-loaded' }])).toBeUndefined()
  })

  it('is the configured one where the server does not say', async () => {
    expect(await loaded('b', [{ id: 'a' }])).toBe('b')
  })
})

describe('two providers of one address', () => {
  it('know of the server what each has heard', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('one')).answersChats({ chunks: answer('Hello') })
    const [first, second] = [providerOf(server), providerOf(server)]
    await first.getStatus()
    await second.query({ prompt: 'hello' })
    expect(first.capabilities.supportedModels).toEqual(['one'])
    expect(second.capabilities.supportedModels).toEqual([])
  })
})
