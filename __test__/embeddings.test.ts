import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  ContextLengthError,
  fallback,
  ModelNotFoundError,
  OpenAICompatibleProvider,
  type ProviderConfig,
  StreamError,
  UnsupportedError,
} from '../index.js'
import { providerOf } from './support/provider.js'
import { recording } from './support/recording.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { refusal } from './support/wire.js'

/** An answer with these embeddings, as the server numbers them. */
function embedded(vectors: Record<number, number[] | string>, more: object = {}): Answer {
  const data = Object.entries(vectors).map(([index, embedding]) => ({ index: Number(index), embedding }))
  return json({ object: 'list', data: data.reverse(), model: 'e5', ...more })
}

function base64(...numbers: number[]): string {
  return Buffer.from(new Float32Array(numbers).buffer).toString('base64')
}

const usage = { prompt_tokens: 2, total_tokens: 2 }

async function serving(...answers: Answer[]): Promise<ScriptedServer> {
  return (await startScriptedServer()).answersChats(...answers)
}

describe('embeddings', () => {
  it('come in the order of the texts, whatever order and form the server has', async () => {
    const server = await serving(embedded({ 0: [1, 2], 1: base64(3, 4.5) }, { usage }))
    const answer = await providerOf(server).embed(['a', 'b'])
    expect(answer).toEqual({
      embeddings: [new Float32Array([1, 2]), new Float32Array([3, 4.5])],
      model: 'e5',
      usage: { inputTokens: 2, outputTokens: 0, totalTokens: 2 },
    })
    const [request] = server.chats
    expect([request?.path, request?.json]).toEqual([
      '/v1/embeddings',
      { model: 'm', input: ['a', 'b'], encoding_format: 'base64' },
    ])
  })

  it('have memory of their own', async () => {
    const server = await serving(embedded({ 0: [1, 2], 1: [3, 4] }))
    const { embeddings } = await providerOf(server).embed(['a', 'b'])
    expect(embeddings.map((each) => [...new Float32Array(each.buffer)])).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it('of one text need no list', async () => {
    const server = await serving(embedded({ 0: [0.25] }))
    expect(await providerOf(server).embed('')).toEqual({
      embeddings: [new Float32Array([0.25])],
      model: 'e5',
    })
    expect(server.chats[0]?.json.input).toEqual([''])
  })

  it('of no text need no server', async () => {
    const server = await serving()
    expect(await providerOf(server).embed([])).toEqual({ embeddings: [], model: 'm' })
    expect(await providerOf(server).embed([], { model: 'e5' })).toEqual({ embeddings: [], model: 'e5' })
    expect([...server.chats, ...server.questions]).toEqual([])
  })

  it('are asked for in batches, one after the other', async () => {
    const server = await serving(
      embedded({ 0: [0], 1: [1] }, { usage }),
      embedded({ 0: [2], 1: [3] }, { usage }),
      embedded({ 0: [4] }, { usage }),
    )
    const texts = ['a', 'b', 'c', 'd', 'e']
    const { embeddings, usage: counted } = await providerOf(server).embed(texts, { batchSize: 2 })
    expect(embeddings.map(([first]) => first)).toEqual([0, 1, 2, 3, 4])
    expect(counted).toEqual({ inputTokens: 6, outputTokens: 0, totalTokens: 6 })
    expect(server.chats.map(({ json: { input } }) => input)).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  })

  it('count nothing where a batch was not counted', async () => {
    const server = await serving(embedded({ 0: [0] }, { usage }), embedded({ 0: [1] }))
    expect(await providerOf(server).embed(['a', 'b'], { batchSize: 1 })).not.toHaveProperty('usage')
  })

  it('are asked for as floats from a server that refuses another form, from then on', async () => {
    const refused = json(refusal("Unknown parameter: 'encoding_format'", { param: 'encoding_format' }), 422)
    const server = await serving(refused, embedded({ 0: [1] }))
    const provider = providerOf(server)
    await provider.embed('a')
    await provider.embed('b')
    expect(server.chats.map((chat) => 'encoding_format' in chat.json)).toEqual([true, false, false])
  })

  it('are asked for again where the server failed', async () => {
    const server = await serving(json('', 503), embedded({ 0: [1] }))
    expect((await providerOf(server).embed('a')).embeddings).toHaveLength(1)
    expect(server.chats).toHaveLength(2)
  })

  it('are asked for with what a subclass changes', async () => {
    class Own extends OpenAICompatibleProvider {
      protected override requestBody(body: Record<string, unknown>) {
        return { ...body, truncate: true }
      }
      protected override requestHeaders(headers: Record<string, string>) {
        return { ...headers, 'x-own': 'yes' }
      }
    }
    const server = await serving(embedded({ 0: [1] }))
    const provider = new Own({ baseURL: server.baseURL, model: 'm' })
    await provider.embed('a')
    await provider.close()
    const [request] = server.chats
    expect([request?.json.truncate, request?.headers['x-own']]).toEqual([true, 'yes'])
  })

  it('end with the signal and with the clocks', async () => {
    const server = await serving()
    const controller = new AbortController()
    const cancelled = providerOf(server).embed('a', { signal: controller.signal })
    const request = await server.nextChat()
    controller.abort('enough')
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' })
    await request.leftByClient
    const late = providerOf(server).embed('a', { timeout: { firstToken: 50 } })
    await expect(late).rejects.toMatchObject({ code: 'timeout', clock: 'firstToken' })
  })

  it.each([
    ['too few', embedded({ 0: [1] }), /1 embeddings for 2 texts/],
    ['of two lengths', embedded({ 0: [1], 1: [1, 2] }), /2 numbers long, and the first 1/],
    ['with a hole', embedded({ 0: [1, Number.NaN], 1: [1, 2] }), /not all numbers/],
    ['of another kind', embedded({ 0: 'AAA', 1: [1] }), /no base64/],
    ['at places that do not exist', embedded({ 0: [1], 2: [1] }), /fits no order/],
    ['something else', json({ choices: [] }), /no answer with embeddings/],
  ])('that are %s are an error', async (_, answer, words) => {
    const error = await providerOf(await serving(answer))
      .embed(['a', 'b'])
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StreamError)
    expect(error).toMatchObject({ code: 'protocol', message: expect.stringMatching(words), attempts: 1 })
  })

  it('that broke off are an error', async () => {
    const server = await serving({ chunks: ['{"data":[{"embedding":[1,2,'] })
    const error = await providerOf(server)
      .embed('a')
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StreamError)
    expect(error.code).toBe('stream')
  })

  it('of batches that differ in length are an error', async () => {
    const server = await serving(embedded({ 0: [1] }), embedded({ 0: [1, 2] }))
    const asked = providerOf(server).embed(['a', 'b'], { batchSize: 1 })
    await expect(asked).rejects.toThrow(/1 numbers in one batch, 2 in another/)
  })

  it('are not taken in another length than was asked for', async () => {
    const server = await serving(embedded({ 0: [1, 2, 3] }))
    const provider = providerOf(server)
    expect((await provider.embed('a', { dimensions: 3 })).embeddings[0]).toHaveLength(3)
    expect(server.chats[0]?.json.dimensions).toBe(3)
    const error = await provider.embed('a', { dimensions: 2 }).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error.message).toMatch(/gave 3 numbers for 2/)
  })

  it.each([
    [413, { error: 'batch size 2 > maximum allowed batch size 1', error_type: 'Validation' }],
    [422, { error: 'batch size 2 > maximum allowed batch size 1', error_type: 'Validation' }],
    [400, { error: { message: 'Max 300000 tokens per request' } }],
  ])('of too many texts at once are refused with what to do: %i', async (status, body) => {
    const error = await providerOf(await serving(json(body, status)))
      .embed(['a', 'b'])
      .catch((thrown) => thrown)
    expect(error.hint).toMatch(/2 texts were sent at once: set `batchSize` to fewer/)
  })

  it.each(['llama.cpp/embeddings-on-chat-server', 'tgi/embeddings-absent', 'transformers-serve/embeddings'])(
    'are unsupported where the server has none: %s',
    async (name) => {
      const error = await providerOf(await serving(recording(name)))
        .embed('a')
        .catch((thrown) => thrown)
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.hint ?? error.message).toMatch(/Ask a server that has embeddings|--embeddings/)
    },
  )

  it('of a text that is too long are an error that is not repeated', async () => {
    const server = await serving(recording('llama.cpp/embeddings-too-long'))
    const error = await providerOf(server)
      .embed('a')
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ContextLengthError)
    expect(server.chats).toHaveLength(1)
  })
})

describe('the model for embeddings', () => {
  const asked = async (list: object[], config: ProviderConfig = { model: undefined }) => {
    const server = await serving(embedded({ 0: [1] }))
    server.answersQuestions(json({ data: list }))
    await providerOf(server, config).embed('a')
    return server.chats[0]?.json.model
  }

  it('is one that the server lists for it', async () => {
    const list = [
      { id: 'qwen3-8b', state: 'loaded' },
      { id: 'other-embed', type: 'embeddings', state: 'not-loaded' },
      { id: 'nomic-embed', type: 'embeddings', state: 'loaded' },
    ]
    expect(await asked(list)).toBe('nomic-embed')
    expect(await asked(list, { model: 'mine' })).toBe('mine')
  })

  it('is the only one that there is', async () => {
    expect(await asked([{ id: 'qwen3-8b' }])).toBe('qwen3-8b')
  })

  it('is no chat model where there are several', async () => {
    const refused = asked([{ id: 'qwen3-8b' }, { id: 'llama-3' }])
    await expect(refused).rejects.toBeInstanceOf(ModelNotFoundError)
    await expect(refused).rejects.toMatchObject({ availableModels: ['qwen3-8b', 'llama-3'] })
  })

  it('has a default name where nobody can be asked', async () => {
    const server = await serving(embedded({ 0: [1] }))
    server.answersQuestions(json({ error: 'no list' }, 404))
    await providerOf(server, { model: undefined }).embed('a')
    expect(server.chats[0]?.json.model).toBe('default')
  })
})

describe('what is asked wrongly', () => {
  it.each([
    [[1], {}, /`input\[0\]` must be a text, not number/],
    [{ a: 1 }, {}, /`input` must be a list of texts/],
    [
      'a',
      { batchSize: Number.POSITIVE_INFINITY },
      /`batchSize` must be a whole number, 1 or more, not Infinity/,
    ],
    ['a', { batchSize: 0 }, /`batchSize` must be a whole number, 1 or more, not 0/],
    ['a', { dimensions: 1.5 }, /`dimensions` must be a whole number/],
    ['a', { batch_size: 2 }, /`batch_size` is no field/],
    ['a', 'm', /The options must be an object/],
    ['a', { signal: {} }, /`signal`/],
  ])('is a mistake of the caller’s: %j %j', async (input, options, words) => {
    const asked = providerOf(await serving()).embed(input as never, options as never)
    await expect(asked).rejects.toThrow(ConfigurationError)
    await expect(asked).rejects.toThrow(words)
  })
})

describe('fallback', () => {
  it('asks the next for embeddings, with the same options', async () => {
    const dead = await serving(json('', 500))
    const alive = await serving(embedded({ 0: [1, 2] }))
    const none = providerOf(dead, { retry: false })
    const both = fallback([none, providerOf(alive)])
    const { embeddings } = await both.embed(['a'], { dimensions: 2 })
    expect(embeddings).toEqual([new Float32Array([1, 2])])
    expect([dead, alive].map((server) => server.chats[0]?.json.dimensions)).toEqual([2, 2])
  })
})
