import { describe, expect, it } from 'vitest'
import { ConfigurationError, OpenAICompatibleProvider, type ProviderConfig } from '../index.js'
import { providerOf } from './support/provider.js'
import { json, models, startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf, KEY, OTHER_KEY, thrownBy } from './support/witness.js'

type Given = ProviderConfig | number | string | undefined

describe('baseURL', () => {
  it.each<[Given, string]>([
    [undefined, 'http://localhost:1234/v1'],
    [{}, 'http://localhost:1234/v1'],
    [8080, 'http://localhost:8080/v1'],
    [{ port: 8080 }, 'http://localhost:8080/v1'],
    ['box', 'http://box:1234/v1'],
    ['localhost', 'http://localhost:1234/v1'],
    ['http://localhost', 'http://localhost:1234/v1'],
    ['http://localhost/', 'http://localhost:1234/v1'],
    ['http://box', 'http://box:1234/v1'],
    ['box:8080', 'http://box:8080/v1'],
    [{ host: 'box:8080', port: 8080 }, 'http://box:8080/v1'],
    [{ host: 'http://box', port: 8080 }, 'http://box:8080/v1'],
    ['127.0.0.1', 'http://127.0.0.1:1234/v1'],
    ['::1', 'http://[::1]:1234/v1'],
    ['[::1]:8080', 'http://[::1]:8080/v1'],
    [{ host: '::1', port: 8080 }, 'http://[::1]:8080/v1'],
    ['https://gw.example/api/v1', 'https://gw.example/api/v1'],
    ['http://gw.example/llm', 'http://gw.example/llm'],
    ['http://box:8080/v1', 'http://box:8080/v1'],
    ['http://box:8080/v1/', 'http://box:8080/v1'],
    ['http://box:8080/v1/v1', 'http://box:8080/v1'],
    ['http://box:8080/v1/chat/completions', 'http://box:8080/v1'],
    ['http://box:8080/v1/models', 'http://box:8080/v1'],
    ['http://box:8080/chat/completions', 'http://box:8080/v1'],
    [{ baseURL: 'https://api.groq.com/openai/v1' }, 'https://api.groq.com/openai/v1'],
    [{ baseURL: 'https://api.groq.com/openai/v1//' }, 'https://api.groq.com/openai/v1'],
    [{ baseURL: 'http://box:8080' }, 'http://box:8080'],
    [{ baseURL: 'http://box', host: 'other', port: 9 }, 'http://box'],
  ])('of %j is %s', (given, expected) => {
    expect(new OpenAICompatibleProvider(given).baseURL).toBe(expected)
  })
})

describe('a configuration that cannot be', () => {
  it.each<[string, Given, RegExp]>([
    ['two ports', { host: 'box:1', port: 2 }, /Leave one of them out/],
    ['two authorizations', { apiKey: KEY, headers: { Authorization: `Bearer ${OTHER_KEY}` } }, /Leave one/],
    ['a user name and a key', { apiKey: KEY, host: `http://user:${OTHER_KEY}@box` }, /Leave one/],
    ['a key with a line end', { apiKey: `${KEY}\n` }, /how the key was copied/],
    ['a key with a space', { apiKey: `${KEY} ` }, /how the key was copied/],
    ['a base URL without a scheme', { baseURL: 'box:8080/v1' }, /http:\/\/box:8080\/v1/],
    ['a port for a host', '1234', /port: 1234/],
    ['an unknown scheme', `ftp://user:${OTHER_KEY}@box`, /http:\/\//],
  ])('%s: is refused with a hint and without the key', (_name, given, hint) => {
    const error = thrownBy(() => new OpenAICompatibleProvider(given))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({
      code: 'configuration',
      retryable: false,
      hint: expect.stringMatching(hint),
    })
  })

  it.each<[string, unknown]>([
    ['port 0', { port: 0 }],
    ['port 65536', { port: 65_536 }],
    ['port 12.5', { port: 12.5 }],
    ['port NaN', { port: Number.NaN }],
    ['a boolean', true],
    ['a negative time', { timeout: -1 }],
    ['a time that is no number', { timeout: { idle: '5s' } }],
    ['a header that is none', { headers: { 'a b': 'c' } }],
    ['a host that is a number', { host: 1234 }],
  ])('%s: is a ConfigurationError', (_name, given) => {
    const error = thrownBy(() => new OpenAICompatibleProvider(given as Given))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).not.toBe('')
  })
})

describe('what goes with every request', () => {
  it('are the headers and the parameters of the configuration', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server, {
      headers: { 'X-Team': 'tools', 'User-Agent': 'tool/1' },
      query: { 'api-version': '2024', umlaut: 'ä b' },
    })
    await provider.query({ prompt: 'hello' })
    await provider.listModels()
    expect([server.chats[0]?.path, server.questions[0]?.path]).toEqual([
      '/v1/chat/completions?api-version=2024&umlaut=%C3%A4+b',
      '/v1/models?api-version=2024&umlaut=%C3%A4+b',
    ])
    for (const { headers } of [...server.chats, ...server.questions]) {
      expect(headers).toMatchObject({
        'x-team': 'tools',
        'user-agent': 'tool/1',
        authorization: `Bearer ${KEY}`,
      })
    }
  })

  it('is nothing that nobody set', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    await providerOf(server).query({ prompt: 'hello' })
    expect(server.chats[0]?.path).toBe('/v1/chat/completions')
    expect(server.chats[0]?.json).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hello' }],
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  it('are the options of the call over those of the provider, in the names of the wire', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server, { defaults: { temperature: 1, maxTokens: 256, stop: ['a'] } })
    await provider.query({
      prompt: 'hello',
      model: 'other',
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      seed: 7,
      frequencyPenalty: 0.1,
      presencePenalty: 0.2,
      repetitionPenalty: 1.1,
      user: 'somebody',
      stop: undefined,
      extraBody: { grammar: 'root ::= "x"' },
    })
    expect(server.chats[0]?.json).toMatchObject({
      model: 'other',
      temperature: 0.5,
      max_tokens: 256,
      stop: ['a'],
      top_p: 0.9,
      top_k: 40,
      min_p: 0.05,
      seed: 7,
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      repetition_penalty: 1.1,
      user: 'somebody',
      grammar: 'root ::= "x"',
    })
    // An integer stays one: strict servers refuse 256.0.
    expect(server.chats[0]?.body).toMatch(/"max_tokens":256[,}]/)
  })

  it('holds no half of a character', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const [high, low] = ['🙂'.slice(0, 1), '🙂'.slice(1)]
    await providerOf(server).query({
      prompt: `a${high}b${low}c🙂 \\ud83d`,
      systemPrompt: `${low}`,
      history: [{ role: 'assistant', content: `x${high}` }],
    })
    expect(server.chats[0]?.json.messages).toEqual([
      { role: 'system', content: '\uFFFD' },
      { role: 'assistant', content: 'x\uFFFD' },
      { role: 'user', content: 'a\uFFFDb\uFFFDc🙂 \\ud83d' },
    ])
  })
})

describe('the model', () => {
  it('is the first of the server’s, asked for once for all calls', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('one', 'two')).answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server, { model: undefined })
    await Promise.all(Array.from({ length: 8 }, () => provider.query({ prompt: 'hello' })))
    await provider.query({ prompt: 'hello' })
    expect(server.chats.map((chat) => chat.json.model)).toEqual(Array(9).fill('one'))
    expect(server.questions).toHaveLength(1)
  })

  it('is the loaded one, and no embedding model', async () => {
    const server = await startScriptedServer()
    const list = [
      { id: 'nomic-embed', state: 'loaded', type: 'embeddings' },
      { id: 'cold', state: 'not-loaded', type: 'llm' },
      { id: 'warm', state: 'loaded', type: 'llm' },
    ]
    server.answersQuestions(json({ data: list })).answersChats({ chunks: answer('Hello') })
    await providerOf(server, { model: undefined }).query({ prompt: 'hello' })
    expect(server.chats[0]?.json.model).toBe('warm')
  })

  it.each([
    ['is none', json({ error: 'no' }, 404)],
    ['is empty', models()],
    ['is a web page', { chunks: ['<html><title>Hi</title></html>'] }],
  ])('is "default" where the list %s', async (_name, list) => {
    const server = await startScriptedServer()
    server.answersQuestions(list).answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server, { model: undefined })
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    expect(server.chats[0]?.json.model).toBe('default')
  })

  it('is asked for again after the server has lost it', async () => {
    const server = await startScriptedServer()
    const lost = json({ error: { message: "The model 'one' does not exist", code: 'model_not_found' } }, 404)
    server.answersQuestions(models('one'), models('two')).answersChats(lost, { chunks: answer('Hello') })
    const provider = providerOf(server, { model: undefined })
    const error = await failureOf(provider.query({ prompt: 'hello' }))
    expect(error).toMatchObject({ code: 'model_not_found', availableModels: ['two'] })
    expect(error.hint).toContain('two')
    await provider.query({ prompt: 'hello' })
    expect(server.chats.map((chat) => chat.json.model)).toEqual(['one', 'two'])
  })

  it('is changed by a status call that sees another one', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('one'), models('two')).answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server, { model: undefined })
    await provider.query({ prompt: 'hello' })
    await provider.getStatus()
    await provider.query({ prompt: 'hello' })
    expect(server.chats.map((chat) => chat.json.model)).toEqual(['one', 'two'])
  })
})

describe('a wrong base path', () => {
  it.each(['', '/api', '/v1/chat/completions', '/v2'])(
    '%j: the hint names the address that works',
    async (path) => {
      const server = await startScriptedServer()
      server.onlyBelow('/v1')
      const provider = providerOf({ baseURL: `${server.url}${path}` })
      const error = await failureOf(provider.query({ prompt: 'hello' }))
      expect(error.hint).toContain(`baseURL: '${server.baseURL}'`)
      expect(error.status).toBe(404)
    },
  )

  it('is told as it is where no address works', async () => {
    const server = await startScriptedServer()
    server.onlyBelow('/nowhere')
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(error).toMatchObject({
      code: 'invalid_request',
      status: 404,
      message: expect.stringContaining('Not here'),
    })
  })
})
