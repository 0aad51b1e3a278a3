import { describe, expect, it } from 'vitest'
import {
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  ContextLengthError,
  InvalidRequestError,
  ModelNotFoundError,
  ProviderError,
  RateLimitError,
  ServerError,
  StreamError,
  UnsupportedError,
} from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { type Answer, json, models, startScriptedServer } from './support/scripted-server.js'
import { answer, done, event, refusal, role, text } from './support/wire.js'
import { eventsOf, failureOf } from './support/witness.js'

async function failure(...answers: Answer[]): Promise<ProviderError> {
  const server = await startScriptedServer()
  server.answersChats(...answers)
  return await failureOf(providerOf(server, { retry: false }).query({ prompt: 'hello' }))
}

type ErrorClass = typeof ProviderError

/** The server's words are in the message of each. */
const refusals: [string, Answer, ErrorClass, object][] = [
  [
    'a wrong key',
    json(refusal('boom-42'), 401),
    AuthenticationError,
    { code: 'authentication', retryable: false },
  ],
  [
    'a key without the right',
    json(refusal('boom-42'), 403),
    AuthenticationError,
    { code: 'permission', retryable: false },
  ],
  [
    'too many requests',
    json(refusal('boom-42'), 429),
    RateLimitError,
    { code: 'rate_limit', retryable: true },
  ],
  [
    'nothing left',
    json(refusal('boom-42', { code: 'insufficient_quota' }), 429),
    RateLimitError,
    { code: 'quota', retryable: false },
  ],
  [
    'an unknown model',
    json(refusal("boom-42: the model 'x' does not exist", { code: 'model_not_found' }), 404),
    ModelNotFoundError,
    { code: 'model_not_found', retryable: false },
  ],
  [
    'a long prompt',
    json(
      refusal('boom-42', { type: 'exceed_context_size_error', n_prompt_tokens: 18_010, n_ctx: 8192 }),
      400,
    ),
    ContextLengthError,
    { code: 'context_length_exceeded', retryable: false, promptTokens: 18_010, contextLength: 8192 },
  ],
  [
    'a long prompt, in OpenAI’s words',
    json(
      refusal(
        "boom-42: This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
      ),
      400,
    ),
    ContextLengthError,
    { code: 'context_length_exceeded', promptTokens: 5000, contextLength: 4096 },
  ],
  [
    'a bad request',
    json(refusal('boom-42'), 400),
    InvalidRequestError,
    { code: 'invalid_request', retryable: false },
  ],
  [
    'a request that FastAPI refuses',
    json({ detail: [{ loc: ['body', 'temperature'], msg: 'boom-42' }] }, 422),
    InvalidRequestError,
    { code: 'invalid_request', message: 'body.temperature: boom-42' },
  ],
  [
    'a filter',
    json(refusal('boom-42', { code: 'content_filter' }), 400),
    InvalidRequestError,
    { code: 'content_filter', retryable: false },
  ],
  ['a server’s fault', json(refusal('boom-42'), 500), ServerError, { code: 'server', retryable: true }],
  [
    'a fault in plain text',
    { status: 502, chunks: ['boom-42'] },
    ServerError,
    { code: 'server', message: 'boom-42' },
  ],
  [
    'a fault as a web page',
    { status: 502, chunks: ['<html><head><title>boom-42</title></head><body>nginx</body></html>'] },
    ServerError,
    { code: 'server', message: expect.not.stringContaining('<') },
  ],
  [
    'a model without enough memory',
    json(refusal('boom-42: out of memory'), 500),
    ServerError,
    { code: 'out_of_memory', retryable: false },
  ],
  [
    'what it cannot do',
    json(refusal('boom-42'), 501),
    UnsupportedError,
    { code: 'unsupported', retryable: false },
  ],
]

describe('a refusal', () => {
  it.each(refusals)(
    '%s: has its class and the server’s words',
    async (_name, refused, errorClass, details) => {
      const error = await failure(refused)
      expect(error).toBeInstanceOf(ProviderError)
      expect(error).toBeInstanceOf(Error)
      expect(error.constructor).toBe(errorClass)
      expect(error.name).toBe(errorClass.name)
      expect(error.message).toContain('boom-42')
      expect(error).toMatchObject({
        status: refused.status,
        attempts: 1,
        server: 'openai-compatible',
        ...details,
      })
      expect(error.partial).toEqual({ content: '', toolCalls: [] })
    },
  )

  it.each([
    'authentication',
    'permission',
    'rate_limit',
    'quota',
    'model_not_found',
    'context_length_exceeded',
    'out_of_memory',
  ])('%s: has a hint that is one sentence', async (code) => {
    const [, refused] = refusals.find(([, , , details]) => 'code' in details && details.code === code) ?? []
    const error = await failure(refused ?? {})
    expect(error.code).toBe(code)
    expect(error.hint).toMatch(/^[A-Z][^\n]+\.$/)
  })

  it('names the request as the server does', async () => {
    expect(await failure(json(refusal('no'), 400, { 'x-request-id': 'req-7' }))).toMatchObject({
      requestId: 'req-7',
    })
  })

  it('says when the server wants to be asked again', async () => {
    expect(await failure(json(refusal('slowly'), 429, { 'retry-after': '7' }))).toMatchObject({
      retryAfter: 7000,
    })
    expect(await failure(json(refusal('slowly'), 429, { 'retry-after-ms': '70' }))).toMatchObject({
      retryAfter: 70,
    })
  })

  it('keeps 4 KiB of a body at most, and whole characters', async () => {
    const error = await failure({ status: 500, chunks: ['漢'.repeat(100_000)] })
    expect(Buffer.byteLength(error.body ?? '')).toBeGreaterThan(4000)
    expect(Buffer.byteLength(error.body ?? '')).toBeLessThanOrEqual(4096)
    expect(error.body).toMatch(/^漢+$/)
  })

  it('names the address without its query', async () => {
    const server = await startScriptedServer()
    server.answersChats(json(refusal('no'), 400)).answersQuestions(json(refusal('no'), 400))
    const provider = providerOf(server, { query: { secret: 'of the query' } })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      url: `${server.baseURL}/chat/completions`,
    })
    expect(await failureOf(provider.listModels({ throwOnError: true }))).toMatchObject({
      url: `${server.baseURL}/models`,
    })
  })

  it('names the models that there are', async () => {
    const server = await startScriptedServer()
    server
      .answersChats(json(refusal('no', { code: 'model_not_found' }), 404))
      .answersQuestions(models('one', 'two'))
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error).toMatchObject({
      availableModels: ['one', 'two'],
      hint: expect.stringContaining('one, two'),
    })
  })

  it('is not followed to another address', async () => {
    const [server, other] = [await startScriptedServer(), await startScriptedServer()]
    server.answersChats({ status: 307, headers: { location: `${other.baseURL}/chat/completions?key=1` } })
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(error).toMatchObject({ constructor: StreamError, code: 'protocol', status: 307 })
    expect(error.message).toContain(other.url)
    expect(error.message).not.toContain('key=1')
    expect(other.chats).toEqual([])
  })
})

describe('an answer that is none', () => {
  it.each<[string, Answer, object]>([
    [
      'breaks off',
      { chunks: [role, text('Hel')] },
      { code: 'stream', partial: { content: 'Hel' }, retryable: false },
    ],
    [
      'is destroyed',
      { chunks: [role, text('Hel')], end: 'destroy' },
      { code: 'stream', partial: { content: 'Hel' } },
    ],
    ['is empty', { chunks: [] }, { code: 'empty_completion', partial: { content: '' }, retryable: true }],
    ['is a web page', { chunks: ['<html><title>Welcome</title></html>'] }, { message: /Welcome/ }],
    [
      'is an error',
      { chunks: [role, text('Hel'), event({ error: { message: 'boom-42' } })] },
      { partial: { content: 'Hel' }, message: /boom-42/ },
    ],
  ])(
    '%s: has its code and what had arrived',
    async (_name, played, { message, ...details }: { message?: RegExp }) => {
      const error = await failure(played)
      expect(error).toMatchObject({ status: 200, attempts: 1, ...details })
      expect(error.message).toMatch(message ?? /./)
    },
  )

  it('is no HTTP at all', async () => {
    const { createServer } = await import('node:net')
    const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const error = await failureOf(
      providerOf({ baseURL: `http://127.0.0.1:${port}/v1` }).query({ prompt: 'hello' }),
    )
    server.close()
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error.hint).toBeDefined()
  })

  it('is a connection that the server closes', async () => {
    const server = await startScriptedServer()
    const failed = failureOf(providerOf(server, { retry: false }).query({ prompt: 'hello' }))
    const chat = await server.nextChat()
    chat.destroy()
    expect(await failed).toMatchObject({ constructor: ConnectionError, code: 'connection', retryable: true })
  })
})

describe('an answer that broke off, or that holds nothing', () => {
  it('is told in plain words, with what to do', async () => {
    const cut = await failure({ chunks: [role, text('Hel')], end: 'destroy' })
    expect(cut.message).toBe('The answer broke off: the connection was closed before its end')
    expect(cut.hint).toContain('`partial`')
    const empty = await failure({ chunks: ['data: [DONE]\n\n'] })
    expect(empty).toMatchObject({ code: 'empty_completion', hint: expect.stringContaining('log') })
  })
})

describe('an error', () => {
  it('is safe to log: no prompt, no answer, no body', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [role, text('text-of-the-answer'), event({ error: { message: 'boom' } })] })
    const error = await failureOf(providerOf(server).query({ prompt: 'text-of-the-prompt' }))
    expect(error.partial?.content).toBe('text-of-the-answer')
    const logged = JSON.stringify(error)
    expect(JSON.parse(logged)).toMatchObject({
      name: error.name,
      code: error.code,
      message: 'boom',
      attempts: 1,
    })
    expect(logged).not.toMatch(/text-of/)
    server.answersChats(json(refusal('boom', { echo: 'text-of-the-prompt' }), 400))
    const refused = await failureOf(providerOf(server).query({ prompt: 'text-of-the-prompt' }))
    expect(refused.body).toContain('text-of-the-prompt')
    expect(JSON.stringify(refused)).not.toMatch(/text-of/)
  })

  it('has no field for what is not known', async () => {
    const error = await failure(json(refusal('no'), 400))
    expect(Object.entries(error).filter(([, value]) => value === undefined)).toEqual([])
    expect(error).not.toHaveProperty('retryAfter')
    expect(error).not.toHaveProperty('systemCode')
  })

  it('is one for require and for import, as is all else', async () => {
    const { createRequire } = await import('node:module')
    const require = createRequire(import.meta.url)
    const required = require('../index.js')
    expect(Object.keys(required)).toEqual(Object.keys(require('../dist/index.js')))
    const imported = await import('../index.js')
    expect(required.ProviderError).toBe(imported.ProviderError)
    expect(await failure(json(refusal('no'), 400))).toBeInstanceOf(required.InvalidRequestError)
  })
})

describe('a wrong argument', () => {
  it.each<[string, object]>([
    ['no prompt', {}],
    ['a prompt that is no text', { prompt: 1 }],
    ['a listener that is none', { prompt: 'x', onProgress: 'log' }],
    ['a signal that is none', { prompt: 'x', signal: {} }],
    ['a time that is none', { prompt: 'x', timeout: 'long' }],
    ['a number that is none', { prompt: 'x', temperature: Number.NaN }],
    ['a field of another type', { prompt: 'x', maxTokens: 'many' }],
    ['a history that is none', { prompt: 'x', history: [{ role: 'nobody', content: 'x' }] }],
  ])('%s: is a ConfigurationError, and nothing is sent', async (_name, options) => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const error = await failureOf(providerOf(server).query(options as { prompt: string }))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(server.chats).toEqual([])
  })

  it.each<[object, string]>([
    [{ stop: [1] }, '`stop`: expected a string or a list of strings'],
    [{ stop: {} }, '`stop`: expected a string or a list of strings'],
    [{ seed: 'x' }, '`seed`: expected a JSON number'],
    [{ extraBody: [] }, '`extraBody`: expected a map'],
    [{ history: [{ role: 'user', content: 5 }] }, '`messages[0].content`: expected a string'],
    [{ history: [{ role: 'user' }] }, '`messages[0]`: expected a string as `content`'],
    [{ history: [{ role: 'nobody' }] }, '`messages[0].role`: expected one of `system`'],
    [{ history: [5] }, '`messages[0]`: expected an object'],
  ])('%j: is named, with what it must be', async (options, words) => {
    const server = await startScriptedServer()
    const error = await failureOf(providerOf(server).query({ prompt: 'x', ...options }))
    expect(error.message).toContain(words)
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'hello'],
  ])('%s for the options rejects, and never throws', async (_name, options) => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    expect(await failureOf(provider.query(options as never))).toBeInstanceOf(ConfigurationError)
    expect(await failureOf(provider.chat(options as never))).toBeInstanceOf(ConfigurationError)
  })
})

describe('the end of an answer', () => {
  it('does not wait for a connection that stays open after [DONE]', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(...answer('Hello'))
    expect((await eventsOf(stream)).at(-1)).toEqual({ type: 'completion' })
  })

  it('may be [DONE] alone', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [text('Hello'), done] })
    expect(await providerOf(server).chat(asking('hello'))).toMatchObject({
      content: 'Hello',
      finishReason: 'unknown',
    })
  })
})
