import { describe, expect, it } from 'vitest'
import {
  AbortError,
  ConfigurationError,
  OpenAICompatibleProvider,
  type ProviderConfig,
  type ProviderError,
  RateLimitError,
  type RetryOptions,
} from '../index.js'
import { asking, providerOf } from './support/provider.js'
import {
  type Answer,
  json,
  models,
  type ScriptedServer,
  startScriptedServer,
} from './support/scripted-server.js'
import { answer, comment, event, reasoning, refusal, role, text } from './support/wire.js'
import { eventsOf, failureOf, KEY, listener, thrownBy } from './support/witness.js'

const hello = { chunks: answer('Hello') }
const fault = json(refusal('boom'), 500)
const busy = (headers: Record<string, string>, message = 'slow down') => json(refusal(message), 429, headers)

async function serverOf(...answers: Answer[]): Promise<ScriptedServer> {
  const server = await startScriptedServer()
  return server.answersChats(...answers)
}

/** How often a chat is sent that is answered with `refused` again and again. */
async function sent(refused: Answer, config: ProviderConfig = {}) {
  const server = await serverOf(refused)
  const error = await failureOf(providerOf(server, config).query({ prompt: 'hello' }))
  // Whether another path takes chats, one without a message tells.
  const { length: times } = server.chats.filter(({ json: body }) => (body.messages as unknown[])?.length > 0)
  expect(error.attempts).toBe(times)
  return { times, error }
}

describe('a failure that passes', () => {
  it.each<[string, Answer]>([
    ['408', json(refusal('timed out'), 408)],
    ['425', json(refusal('too early'), 425)],
    ['429', json(refusal('slow down'), 429)],
    ['500', fault],
    ['502', { status: 502, chunks: ['<html><title>Bad Gateway</title></html>'] }],
    ['503', json(refusal('busy'), 503)],
    ['504', { status: 504 }],
    ['a connection that is closed before the answer', { end: 'hangUp' }],
    ['200 with nothing in it', { chunks: [] }],
    ['200 with comments and a role only', { chunks: [comment, role] }],
    [
      '200 that turns out to be one of these',
      { chunks: [comment, event({ error: { code: 502, message: 'boom' } })] },
    ],
  ])('is tried again: %s', async (_name, failed) => {
    const server = await serverOf(failed, failed, hello)
    const response = await providerOf(server).chat(asking('hello'))
    expect(response).toMatchObject({ content: 'Hello', timings: { attempts: 3 } })
    expect(server.chats).toHaveLength(3)
    expect(new Set(server.chats.map((chat) => chat.body)).size).toBe(1)
  })

  it('is told once the retries are used up: two, if nobody says otherwise', async () => {
    const server = await serverOf(fault)
    const provider = new OpenAICompatibleProvider({ baseURL: server.baseURL, model: 'm' })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      code: 'server',
      attempts: 3,
      retryable: true,
    })
    expect(server.chats).toHaveLength(3)
  })

  it.each<[number, RetryOptions | false]>([
    [1, false],
    [1, { maxRetries: 0 }],
    [2, { maxRetries: 1, baseDelay: 1 }],
    [6, { maxRetries: 5, baseDelay: 1 }],
    [3, { maxRetries: undefined, baseDelay: 0 }],
    [1, { maxTotal: 0, baseDelay: 2 ** 40, maxDelay: Number.POSITIVE_INFINITY }],
  ])('is sent %d times with %j', async (times, retry) => {
    expect(await sent(fault, { retry })).toMatchObject({ times })
  })
})

describe('a failure that does not pass', () => {
  it.each<[string, Answer]>([
    ['400', json(refusal('no'), 400)],
    ['401', json(refusal('no'), 401)],
    ['402', json(refusal('no'), 402)],
    ['403', json(refusal('no'), 403)],
    ['404', json(refusal('no'), 404)],
    ['409', json(refusal('no'), 409)],
    ['422', json(refusal('no'), 422)],
    ['429 for a quota', json(refusal('no', { code: 'insufficient_quota' }), 429)],
    ['500 for a mistake of the caller', json(refusal('no', { type: 'invalid_request_error' }), 500)],
    ['500 for want of memory', json(refusal('out of memory'), 500)],
    ['500 that says so', json(refusal('no'), 500, { 'x-should-retry': 'false' })],
    ['501', json(refusal('no'), 501)],
    ['a redirect to another server', { status: 307, headers: { location: 'http://127.0.0.1:9/' } }],
    ['a web page', { chunks: ['<html><title>Welcome</title></html>'] }],
    ['an error of no kind in the answer', { chunks: [event({ error: { message: 'boom' } })] }],
  ])('is told at once: %s', async (_name, refused) => {
    const { times, error } = await sent(refused)
    expect({ times, retryable: error.retryable }).toEqual({ times: 1, retryable: false })
  })

  it('is told at once where no HTTP is spoken', async () => {
    const { createServer } = await import('node:net')
    let connections = 0
    const server = createServer((socket) => {
      connections += 1
      // Once it has read the request: closing before would reset the connection.
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const provider = providerOf({ baseURL: `http://127.0.0.1:${port}/v1` })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      retryable: false,
      attempts: 1,
    })
    server.close()
    expect(connections).toBe(1)
  })

  it.each([{ firstToken: 50 }, { total: 50 }])('is told at once by the clock: %j', async (timeout) => {
    const { times, error } = await sent({ chunks: [comment], end: 'open' }, { timeout })
    expect(error).toMatchObject({ code: 'timeout', retryable: false })
    expect(times).toBe(1)
  })
})

describe('an answer that had begun', () => {
  it.each<[string, Answer]>([
    ['with text that breaks off', { chunks: [role, text('Hel')] }],
    ['with text, and is destroyed', { chunks: [role, text('Hel')], end: 'destroy' }],
    ['with reasoning alone', { chunks: [role, reasoning('Let me')], end: 'destroy' }],
    [
      'with a failure that would pass',
      { chunks: [text('Hel'), event({ error: { code: 503, message: 'boom' } })] },
    ],
    ['with its head alone', { chunks: [role], end: 'destroy' }],
  ])('is never asked for again: %s', async (_name, broken) => {
    const { times, error } = await sent(broken)
    expect({ times, retryable: error.retryable }).toEqual({ times: 1, retryable: false })
  })
})

describe('what the server wishes', () => {
  it.each<[string, Answer]>([
    ['retry-after', busy({ 'retry-after': '0.2' })],
    ['retry-after-ms', busy({ 'retry-after-ms': '200' })],
    ['llm_provider-retry-after', busy({ 'llm_provider-retry-after': '0.2' })],
    ['x-ratelimit-reset-requests', busy({ 'x-ratelimit-reset-requests': '200ms' })],
    ['its words', busy({}, 'Please try again in 200ms.')],
  ])('is waited for at least: %s', async (_name, refused) => {
    const server = await serverOf(refused, hello)
    const begun = performance.now()
    const { events, onProgress } = listener()
    await providerOf(server).query({ prompt: 'hello', onProgress })
    expect(performance.now() - begun).toBeGreaterThanOrEqual(199)
    const [retry] = events
    expect(retry).toMatchObject({ type: 'retry', errorType: 'rate_limit' })
    expect((retry as { delay: number }).delay).toBeGreaterThanOrEqual(200)
    expect((retry as { delay: number }).delay).toBeLessThanOrEqual(220)
  })

  it.each<[string, Record<string, string>, number]>([
    ['a date', { 'retry-after': new Date(Date.now() + 600_000).toUTCString() }, 600_000],
    ['a span', { 'x-ratelimit-reset-tokens': '10m0.5s' }, 600_500],
    ['seconds since 1970', { 'x-ratelimit-reset': String(Math.round(Date.now() / 1000) + 600) }, 600_000],
    ['milliseconds since 1970', { 'x-ratelimit-reset': String(Date.now() + 600_000) }, 600_000],
    ['an ISO time', { 'x-ratelimit-reset-tokens': new Date(Date.now() + 600_000).toISOString() }, 600_000],
  ])('is told at once where it goes too far: %s', async (_name, headers, milliseconds) => {
    const { times, error } = await sent(busy(headers))
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error).toMatchObject({ retryable: true, attempts: 1 })
    expect(times).toBe(1)
    expect(Math.abs((error.retryAfter ?? 0) - milliseconds)).toBeLessThan(30_000)
  })

  it.each<[string, ProviderConfig]>([
    ['one wait', { retry: { maxDelay: 999 } }],
    ['all waits', { retry: { maxTotal: 999 } }],
    ['the call', { timeout: 999 }],
  ])('is told at once where it is longer than the limit of %s', async (_name, config) => {
    const { times, error } = await sent(busy({ 'retry-after': '1' }), config)
    expect(error).toMatchObject({ code: 'rate_limit', retryAfter: 1000 })
    expect(times).toBe(1)
  })

  it('counts only where a limit was exceeded', async () => {
    const limited = json(refusal('boom'), 500, { 'x-ratelimit-reset-requests': '10m0s' })
    const { times, error } = await sent(limited)
    expect(times).toBe(3)
    expect(error).not.toHaveProperty('retryAfter')
  })
})

describe('each retry', () => {
  it('is an event, before the answer’s own', async () => {
    const server = await serverOf(fault, { chunks: [] }, hello)
    const events = await eventsOf(providerOf(server).stream(asking('hello')))
    expect(events).toEqual([
      { type: 'retry', attempt: 1, delay: expect.any(Number), error: 'boom', errorType: 'server' },
      {
        type: 'retry',
        attempt: 2,
        delay: expect.any(Number),
        error: expect.any(String),
        errorType: 'empty_completion',
      },
      { type: 'message', content: 'Hello' },
      { type: 'completion' },
    ])
  })

  it('is no event any more where none is left', async () => {
    const server = await serverOf(fault)
    const { events, onProgress } = listener()
    await failureOf(providerOf(server).query({ prompt: 'hello', onProgress }))
    expect(events.map(({ type }) => type)).toEqual(['retry', 'retry', 'error'])
  })

  it('shows no key that the server repeats', async () => {
    const server = await serverOf(json(refusal(`boom of ${KEY}`), 500), hello)
    const { events, onProgress } = listener()
    await providerOf(server).query({ prompt: 'hello', onProgress })
    expect(events[0]).toMatchObject({ type: 'retry', error: 'boom of ***' })
  })

  it('asks a function for the key', async () => {
    const server = await serverOf({ end: 'hangUp' }, fault, hello)
    let asked = 0
    const apiKey = () => {
      asked += 1
      return `${KEY}-${asked}`
    }
    await providerOf(server, { apiKey }).query({ prompt: 'hello' })
    const keys = server.chats.map((chat) => chat.headers.authorization)
    expect(keys).toEqual([1, 2, 3].map((number) => `Bearer ${KEY}-${number}`))
  })

  it('sends the same bytes, without asking the hooks again', async () => {
    let asked = 0
    class Counting extends OpenAICompatibleProvider {
      protected override requestBody(body: Record<string, unknown>): Record<string, unknown> {
        asked += 1
        return { ...body, asked }
      }
    }
    const server = await serverOf(fault, fault, hello)
    const provider = new Counting({ baseURL: server.baseURL, model: 'm', retry: { baseDelay: 1 } })
    await provider.query({ prompt: 'hello' })
    expect(asked).toBe(1)
    expect(server.chats.map((chat) => chat.json.asked)).toEqual([1, 1, 1])
  })

  it('leaves the warnings of the attempts before in the answer', async () => {
    const server = await serverOf(json(refusal("Unknown field 'stream_options'"), 400), { chunks: [] }, hello)
    const { events, onProgress } = listener()
    const { warnings } = await providerOf(server).chat({ ...asking('hello'), onProgress })
    expect(warnings.map(({ code }) => code)).toEqual(['refused_field'])
    expect(events.map(({ type }) => type)).toEqual(['warning', 'retry', 'message', 'completion'])
  })
})

describe('a call that is cancelled after a retry', () => {
  it('tells how often it was sent, though its answer is here already', async () => {
    const server = await serverOf(fault, hello)
    const controller = new AbortController()
    const onProgress = ({ type }: { type: string }) => {
      if (type === 'message') controller.abort()
    }
    const query = providerOf(server).query({ prompt: 'hello', signal: controller.signal, onProgress })
    expect(await failureOf(query)).toMatchObject({ code: 'aborted', attempts: 2 })
  })
})

describe('a wait for the next attempt', () => {
  const never = busy({ 'retry-after': '20' })

  /** Begins a call and ends it by `end` while it waits. */
  async function endedBy(end: (provider: OpenAICompatibleProvider, controller: AbortController) => unknown) {
    const server = await serverOf(never)
    const provider = providerOf(server)
    const controller = new AbortController()
    const begun = performance.now()
    const error = await failureOf(
      provider.query({
        prompt: 'hello',
        signal: controller.signal,
        onProgress: ({ type }) => {
          if (type === 'retry') end(provider, controller)
        },
      }),
    )
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(server.chats).toHaveLength(1)
    return error
  }

  it('is ended by a cancel', async () => {
    const error = await endedBy((_, controller) => controller.abort('enough'))
    expect(error).toBeInstanceOf(AbortError)
    expect(error).toMatchObject({ attempts: 1, cause: 'enough' })
  })

  it('is ended by close()', async () => {
    expect(await endedBy((provider) => provider.close())).toMatchObject({ code: 'aborted', attempts: 1 })
  })
})

describe('a question about the server', () => {
  it('is asked again as a chat is', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(fault, { end: 'hangUp' }, models('one'))
    const listed = await providerOf(server).listModels({ throwOnError: true })
    expect(listed.map(({ name }) => name)).toEqual(['one'])
    server.answersQuestions(fault, models('one'))
    expect(await providerOf(server).getStatus()).toMatchObject({ isConnected: true })
    server.answersQuestions(fault, models('one'))
    expect(await providerOf(server).validateConfiguration()).toBe(true)
    expect(server.questions).toHaveLength(7)
  })

  it('tells how often it was asked', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(fault)
    const failed = (config: ProviderConfig): Promise<ProviderError> =>
      failureOf(providerOf(server, config).listModels({ throwOnError: true }))
    expect(await failed({})).toMatchObject({ attempts: 3, retryable: true })
    expect(await failed({ retry: false })).toMatchObject({ attempts: 1 })
    server.answersQuestions(json(refusal('no'), 401))
    expect(await failed({})).toMatchObject({ attempts: 1 })
  })

  it('waits no longer than its own clock allows', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(busy({ 'retry-after': '2' }))
    const question = providerOf(server, { timeout: { metadata: 1000 } }).listModels({ throwOnError: true })
    expect(await failureOf(question)).toMatchObject({ code: 'rate_limit', retryAfter: 2000, attempts: 1 })
  })

  it('for the model of a chat is asked once: it costs nothing but the name', async () => {
    const server = await serverOf(hello)
    server.answersQuestions(fault)
    await providerOf(server, { model: undefined }).query({ prompt: 'hello' })
    expect(server.questions).toHaveLength(1)
    expect(server.chats.map((chat) => chat.json.model)).toEqual(['default'])
  })
})

describe('retries that are no such thing', () => {
  it.each<[string, unknown, string]>([
    ['true', true, 'retry'],
    ['null', null, 'retry'],
    ['a number', 3, 'retry'],
    ['half a retry', { maxRetries: 1.5 }, 'retry.maxRetries'],
    ['fewer than none', { maxRetries: -1 }, 'retry.maxRetries'],
    ['no end of them', { maxRetries: Number.POSITIVE_INFINITY }, 'retry.maxRetries'],
    ['a wait of less than nothing', { baseDelay: -1 }, 'retry.baseDelay'],
    ['a wait that is no number', { maxDelay: Number.NaN }, 'retry.maxDelay'],
    ['a wait in words', { maxTotal: 'long' }, 'retry.maxTotal'],
  ])('are refused: %s', (_name, retry, place) => {
    const error = thrownBy(() => new OpenAICompatibleProvider({ retry: retry as RetryOptions }))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toContain(`\`${place}\``)
  })
})

describe('what is sent again', () => {
  it('asks for the model that `extraBody` names, each time', async () => {
    const server = await startScriptedServer()
    server.answersChats(fault, { chunks: answer('Hello') })
    const provider = providerOf(server, { model: undefined })
    await provider.query({ prompt: 'hello', extraBody: { model: 'mine' } })
    expect(server.chats.map((chat) => chat.json.model)).toEqual(['mine', 'mine'])
    expect(server.questions).toEqual([])
  })

  it('tells the same warning once', async () => {
    const server = await startScriptedServer()
    const odd = 'data: warming up\n\n'
    server.answersChats({ chunks: [odd, 'data: [DONE]\n\n'] }, { chunks: [odd, ...answer('Hello')] })
    const { events, onProgress } = listener()
    await providerOf(server).query({ prompt: 'hello', onProgress })
    expect(events.map(({ type }) => type)).toEqual(['warning', 'retry', 'message', 'completion'])
  })
})

describe('a refusal whose words do not come', () => {
  it('is told by its status, and not as a clock', async () => {
    const server = await startScriptedServer()
    server.answersChats({ status: 401, chunks: ['{"err'], end: 'open' })
    const provider = providerOf(server, { timeout: { firstToken: 300 } })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      code: 'authentication',
      status: 401,
    })
  })
})
