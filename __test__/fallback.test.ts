import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  AbortError,
  AuthenticationError,
  type ChatProvider,
  type ChatRequest,
  type ChatResponse,
  type ChatStream,
  ConfigurationError,
  ConnectionError,
  ContextLengthError,
  type FallbackOptions,
  fallback,
  InvalidRequestError,
  OpenAICompatibleProvider,
  ProviderError,
  type ProviderProgressEvent,
  type ProviderStatus,
  type QueryOptions,
  RateLimitError,
  ServerError,
  StreamError,
  TimeoutError,
} from '../index.js'
import { asking, providerOf } from './support/provider.js'
import {
  type Answer,
  json,
  models,
  type ScriptedServer,
  startScriptedServer,
} from './support/scripted-server.js'
import { unhandledErrors } from './support/unhandled.js'
import { answer, chunk, finish, reasoning, refusal, role, text } from './support/wire.js'
import { eventsOf, failureOf, KEY, listener, textOf, thrownBy } from './support/witness.js'

unhandledErrors()

const REASON = new Error('the user pressed a key')
const HELLO = { chunks: answer('Hel', 'lo') }
const DOWN = json(refusal('down for today'), 500)

/** A server that answers so, and a provider that asks it once. */
async function scripted(
  ...answers: Answer[]
): Promise<{ server: ScriptedServer; provider: OpenAICompatibleProvider }> {
  const server = await startScriptedServer()
  server.answersChats(...answers)
  return { server, provider: providerOf(server, { retry: false }) }
}

/** Providers whose servers answer so, one after the other, as one provider. */
async function inTurn(...answers: Answer[]) {
  const both = await Promise.all(answers.map((each) => scripted(each)))
  return {
    provider: fallback(both.map(({ provider }) => provider)),
    servers: both.map(({ server }) => server),
  }
}

const RESPONSE: ChatResponse<never> = {
  id: 'r',
  model: 'm',
  content: 'Mock',
  toolCalls: [],
  message: { role: 'assistant', content: 'Mock' },
  finishReason: 'stop',
  timings: { total: 1, attempts: 1, cached: false },
  warnings: [],
}

const never = () => new Promise<never>(() => {})

/** A stream that is no class of the package's: first it waits, then it gives these. */
function streamOf(
  events: Iterable<ProviderProgressEvent>,
  wait: () => Promise<unknown> = async () => {},
): ChatStream<never> {
  async function* all() {
    await wait()
    yield* events
  }
  return {
    [Symbol.asyncIterator]: all,
    async *textStream() {
      for await (const event of all()) if (event.type === 'message') yield event.content
    },
    async response() {
      await wait()
      return RESPONSE
    },
    cancel: () => {},
    [Symbol.asyncDispose]: async () => {},
  }
}

/** A provider that is no class of the package's: a plain object. */
function mock(name: string, own: Partial<ChatProvider> = {}): ChatProvider & { asked: number } {
  const counted = <F extends (...args: never[]) => unknown>(call: F): F => {
    const counting = (...args: never[]) => {
      provider.asked += 1
      return call(...args)
    }
    return counting as F
  }
  const {
    query = async () => 'Mock',
    chat = async () => RESPONSE,
    stream = () => streamOf([{ type: 'message', content: 'Mock' }]),
    runTools = async () => ({ ...RESPONSE, messages: [RESPONSE.message] }),
    ...others
  } = own
  const provider = {
    name,
    asked: 0,
    capabilities: {
      supportsStreaming: true,
      supportsTools: false,
      supportsSystemPrompt: true,
      supportsMultiTurn: true,
      maxContextTokens: 1,
      supportedModels: [name],
    },
    query: counted(query),
    chat: counted(chat),
    stream: counted(stream),
    runTools: counted(runTools),
    complete: async () => ({
      text: name,
      model: name,
      finishReason: 'stop' as const,
      timings: { total: 1, attempts: 1, cached: false },
      warnings: [],
    }),
    countTokens: async () => ({ tokens: 1, exact: false }),
    embed: async () => ({ embeddings: [], model: name }),
    rerank: async () => ({ results: [], model: name }),
    validateConfiguration: async () => true,
    getStatus: async (): Promise<ProviderStatus> => ({ isConnected: true, server: name }),
    listModels: async () => [],
    getAuthenticator: () => ({
      isConfigured: () => true,
      getCredentialType: () => 'none' as const,
      configure: async () => {},
      validateCredentials: async () => true,
    }),
    close: async () => {},
    ...others,
  }
  return provider
}

/** One that fails so, however it is asked. */
function failing(name: string, error: unknown): ReturnType<typeof mock> {
  const fail = () => Promise.reject(error)
  return mock(name, {
    query: fail,
    chat: fail,
    runTools: fail,
    stream: () => streamOf([], fail),
    validateConfiguration: fail,
    getStatus: fail,
    listModels: fail,
    close: async () => {},
  })
}

/** The three ways to ask, as one. */
const ways: [string, (provider: ChatProvider, options?: Partial<ChatRequest>) => Promise<string>][] = [
  ['query', (provider, options) => provider.query({ prompt: 'hello', ...options } as QueryOptions)],
  ['chat', async (provider, options) => (await provider.chat({ ...asking('hello'), ...options })).content],
  [
    'stream',
    async (provider, options) => {
      const stream = provider.stream({ ...asking('hello'), ...options })
      for await (const _ of stream);
      return (await stream.response()).content
    },
  ],
]

describe.each(ways)('%s of several providers', (_way, ask) => {
  it('is answered by the first, and the others are not asked', async () => {
    const { provider, servers } = await inTurn(HELLO, HELLO)
    expect(await ask(provider)).toBe('Hello')
    expect(servers.map((server) => server.chats.length)).toEqual([1, 0])
  })

  it('falls back to the next where the first fails, and says so', async () => {
    const { provider: first } = await scripted(DOWN)
    const { provider: second } = await scripted(HELLO)
    const fallen: unknown[] = []
    const onFallback: FallbackOptions['onFallback'] = (from, to, error) => void fallen.push([from, to, error])
    expect(
      await ask(fallback([first, mock('none', failing('none', new Error('no'))), second], { onFallback })),
    ).toBe('Hello')
    expect(fallen).toEqual([
      ['openai-compatible', 'none', expect.any(ServerError)],
      ['none', 'openai-compatible', expect.objectContaining({ message: 'no' })],
    ])
  })

  it('gives the events of all as those of one', async () => {
    const { provider } = await inTurn({ chunks: [role, reasoning('Hm')], end: 'destroy' }, DOWN, HELLO)
    const { events, onProgress } = listener()
    await ask(provider, { onProgress })
    expect(events).toEqual([
      { type: 'reasoning', content: 'Hm' },
      { type: 'message', content: 'Hel' },
      { type: 'message', content: 'lo' },
      { type: 'completion' },
    ])
  })

  it('never begins an answer twice: what breaks off after text fails as that provider does', async () => {
    const { provider, servers } = await inTurn(DOWN, { chunks: [role, text('Hel')], end: 'destroy' }, HELLO)
    const { events, onProgress } = listener()
    const error = await failureOf(ask(provider, { onProgress }))
    expect(error).toMatchObject({ constructor: StreamError, partial: { content: 'Hel' } })
    expect(error.tried).toBeUndefined()
    expect(events).toEqual([
      { type: 'message', content: 'Hel' },
      { type: 'error', code: 'stream', message: error.message },
    ])
    expect(await failureOf(ask(provider))).toMatchObject({ partial: { content: 'Hel' } })
    expect(servers[2]?.chats).toEqual([])
  })

  it('tells what each failed by, once all have', async () => {
    const { provider: down } = await scripted(DOWN)
    const { provider: locked } = await scripted(json(refusal('who are you?'), 401))
    const { events, onProgress } = listener()
    const provider = fallback([down, locked, failing('mock', new Error('mocked'))])
    const error = await failureOf(ask(provider, { onProgress }))
    expect(error).toMatchObject({
      constructor: AuthenticationError,
      code: 'authentication',
      status: 401,
      // The first may answer next time.
      retryable: true,
      attempts: 3,
      partial: { content: '' },
      tried: [
        { provider: 'openai-compatible', error: { code: 'server' } },
        { provider: 'openai-compatible', error: { code: 'authentication' } },
        { provider: 'mock', error: { message: 'mocked' } },
      ],
    })
    const [at, other] = [down, locked].map(({ baseURL }) => new URL(baseURL).host)
    expect(error.message).toBe(
      `All 3 providers failed: openai-compatible at ${at}: down for today; openai-compatible at ${other}: who are you?; mock: mocked`,
    )
    expect(error.cause).toBe(error.tried?.[1]?.error)
    expect(error.stack).toContain('fallback.test.ts')
    expect(events).toEqual([{ type: 'error', code: 'authentication', message: error.message }])
  })

  it.each([new Error('of the listener'), 'a text', undefined])(
    'rejects with what the listener throws, and asks nobody else: %s',
    async (thrown) => {
      const throwing = () => {
        throw thrown
      }
      for (const onProgress of [throwing, () => Promise.reject(thrown)]) {
        const { provider, servers } = await inTurn({ chunks: [role, reasoning('Hm'), text('x')] }, HELLO)
        expect(await failureOf(ask(provider, { onProgress }))).toBe(thrown)
        expect(servers[1]?.chats).toEqual([])
      }
    },
  )

  it('rejects with what the listener throws at the completion', async () => {
    for (const fail of [
      () => Promise.reject(REASON),
      () => {
        throw REASON
      },
    ]) {
      const { provider, servers } = await inTurn(HELLO, HELLO)
      const onProgress = ({ type }: ProviderProgressEvent) => (type === 'completion' ? fail() : undefined)
      expect(await failureOf(ask(provider, { onProgress }))).toBe(REASON)
      expect(servers[1]?.chats).toEqual([])
    }
  })

  it('rejects with what the listener throws at the error', async () => {
    for (const signal of [undefined, AbortSignal.abort()]) {
      const onProgress = () => {
        throw REASON
      }
      const provider = fallback([failing('first', new Error('no'))])
      expect(await failureOf(ask(provider, { signal, onProgress }))).toBe(REASON)
    }
  })

  it('rejects with what onFallback throws, and asks nobody else', async () => {
    for (const onFallback of [
      () => Promise.reject(REASON),
      () => {
        throw REASON
      },
    ]) {
      const second = mock('second')
      const { events, onProgress } = listener()
      const provider = fallback([failing('first', new Error('no')), second], { onFallback })
      expect(await failureOf(ask(provider, { onProgress }))).toBe(REASON)
      expect(second.asked).toBe(0)
      expect(events).toEqual([])
    }
  })

  it('asks nobody where the signal has aborted already', async () => {
    const provider = mock('mock')
    const { events, onProgress } = listener()
    const signal = AbortSignal.abort(REASON)
    const error = await failureOf(ask(fallback([provider]), { signal, onProgress }))
    expect(error).toMatchObject({ constructor: AbortError, cause: REASON })
    expect(provider.asked).toBe(0)
    expect(events).toEqual([{ type: 'error', code: 'aborted', message: error.message }])
  })

  it('ends with an abort in the second provider’s turn, and falls back no further', async () => {
    const { provider: first } = await scripted(DOWN)
    const server = await startScriptedServer()
    const third = mock('third')
    const controller = new AbortController()
    const { signal } = controller
    const { events, onProgress } = listener()
    const failure = failureOf(ask(fallback([first, providerOf(server), third]), { signal, onProgress }))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    while (events.length === 0) await new Promise(setImmediate)
    controller.abort(REASON)
    await chat.leftByClient
    const error = await failure
    expect(error).toMatchObject({ constructor: AbortError, cause: REASON, partial: { content: 'Hel' } })
    expect(events.map(({ type }) => type)).toEqual(['message', 'error'])
    expect(third.asked).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('ends with an abort though a provider heeds none', async () => {
    const deaf = mock('deaf', {
      query: never,
      chat: never,
      stream: () => streamOf([], never),
    })
    const failure = failureOf(ask(fallback([deaf, mock('other')]), { signal: AbortSignal.timeout(10) }))
    expect(await failure).toMatchObject({ constructor: AbortError, partial: { content: '' } })
    expect(await failureOf(ask(fallback([deaf]), { timeout: 10 }))).toMatchObject({ clock: 'total' })
  })

  it('gives all of them together one time', async () => {
    const silent = await startScriptedServer()
    const third = mock('third')
    const fail = async () => {
      await sleep(150)
      throw new Error('too slow')
    }
    const slow = mock('slow', { query: fail, chat: fail, stream: () => streamOf([], fail) })
    const begun = performance.now()
    const { events, onProgress } = listener()
    const failure = failureOf(
      ask(fallback([slow, providerOf(silent), third]), { timeout: { total: 400 }, onProgress }),
    )
    await silent.nextChat()
    const error = await failure
    expect(performance.now() - begun).toBeLessThan(1000)
    expect(error).toMatchObject({
      constructor: TimeoutError,
      clock: 'total',
      message: 'The call was not finished within 400 ms (timeout.total)',
      tried: [
        { provider: 'slow', error: { message: 'too slow' } },
        { provider: 'openai-compatible', error: { code: 'timeout' } },
      ],
    })
    expect(events).toEqual([{ type: 'error', code: 'timeout', message: error.message }])
    expect(third.asked).toBe(0)
  })

  it('leaves a provider’s own clocks to it, and asks the next when one runs out', async () => {
    const silent = await startScriptedServer()
    const impatient = providerOf(silent, { timeout: { total: 50 } })
    expect(await ask(fallback([impatient, mock('next')]))).toBe('Mock')
  })

  it('is asked of subclasses as they are', async () => {
    class Translating extends OpenAICompatibleProvider {
      override async query(options: QueryOptions): Promise<string> {
        return `«${await super.query(options)}»`
      }
      override async chat<T>(request: ChatRequest<T>): Promise<ChatResponse<T>> {
        const response = await super.chat(request)
        return { ...response, content: `«${response.content}»` }
      }
      override stream<T>(request: ChatRequest<T>): ChatStream<T> {
        const stream = super.stream(request)
        const response = stream.response.bind(stream)
        return Object.assign(stream, {
          response: async () => ({ ...(await response()), content: `«${(await response()).content}»` }),
        })
      }
    }
    const { server } = await scripted(HELLO)
    const subclass = new Translating({ baseURL: server.baseURL, model: 'm', apiKey: KEY })
    onTestFinished(() => subclass.close())
    expect(await ask(fallback([failing('first', new Error('no')), subclass]))).toBe('«Hello»')
  })

  it('can be asked of several that are one of several', async () => {
    const inner = fallback([failing('a', new Error('1')), failing('b', new Error('2'))])
    expect(await ask(fallback([inner, mock('c')]))).toBe('Mock')
    const error = await failureOf(ask(fallback([inner, failing('c', new Error('3'))])))
    expect(error.message).toBe('All 2 providers failed: fallback: All 2 providers failed: a: 1; b: 2; c: 3')
    expect(error.tried?.[0]?.error).toMatchObject({ tried: [{ provider: 'a' }, { provider: 'b' }] })
  })

  it('is refused once it was closed', async () => {
    const inner = mock('mock')
    const provider = fallback([inner])
    await provider.close()
    await provider.close()
    expect(await failureOf(ask(provider))).toMatchObject({ code: 'aborted', name: 'AbortError' })
    expect(inner.asked).toBe(0)
  })

  it('ends when it is closed', async () => {
    const server = await startScriptedServer()
    const provider = fallback([providerOf(server), mock('next')])
    const failure = failureOf(ask(provider))
    const chat = await server.nextChat()
    await provider.close()
    await chat.leftByClient
    expect(await failure).toMatchObject({ code: 'aborted' })
  })
})

const errors = (name: string, code: string, more: object = {}) =>
  Object.assign(new Error(name), { code, ...more })

describe('a failure', () => {
  it.each<[string, unknown]>([
    ['no connection', new ConnectionError({ code: 'connection', message: 'x' })],
    ['a clock', new TimeoutError({ code: 'timeout', clock: 'firstToken', message: 'x' })],
    ['a wrong key', new AuthenticationError({ code: 'authentication', message: 'x' })],
    ['a limit', new RateLimitError({ code: 'rate_limit', message: 'x' })],
    ['a long prompt', new ContextLengthError({ code: 'context_length_exceeded', message: 'x' })],
    ['a request that is refused', new InvalidRequestError({ code: 'invalid_request', message: 'x' })],
    ['a filter', new InvalidRequestError({ code: 'content_filter', message: 'x' })],
    [
      'an answer that broke off in its reasoning',
      new StreamError({
        code: 'stream',
        message: 'x',
        partial: { content: '', reasoning: 'Hm', toolCalls: [] },
      }),
    ],
    ['an open circuit', errors('x', 'circuit_open')],
    ['others’ error', new TypeError('x is not a function')],
    ['others’ clock', new DOMException('too late', 'TimeoutError')],
    ['a text', 'x'],
    ['nothing', undefined],
    ['an object without a prototype', Object.create(null)],
  ])('that another server may not have falls through: %s', async (_name, error) => {
    for (const [, ask] of ways)
      expect(await ask(fallback([failing('first', error), mock('next')]))).toBe('Mock')
  })

  it.each<[string, unknown]>([
    ['an abort', new AbortError({ code: 'aborted', message: 'x' })],
    ['others’ abort', new DOMException('x', 'AbortError')],
    ['a mistake', new ConfigurationError({ code: 'configuration', message: 'x' })],
    [
      'text that came',
      new ServerError({ code: 'server', message: 'x', partial: { content: 'Hel', toolCalls: [] } }),
    ],
    ['a tool call that came', errors('x', 'stream', { partial: { content: '', toolCalls: [{}] } })],
  ])('that is the caller’s, or comes after an answer began, does not: %s', async (_name, error) => {
    const next = mock('next')
    for (const [, ask] of ways)
      expect(await failureOf(ask(fallback([failing('first', error), next])))).toBe(error)
    expect(next.asked).toBe(0)
  })

  it('of a provider that throws instead of rejecting falls through, too', async () => {
    const fail = () => {
      throw new Error('at once')
    }
    const throwing = mock('throwing', { query: fail, chat: fail, stream: fail })
    for (const [, ask] of ways) {
      expect(await ask(fallback([throwing, mock('next')]))).toBe('Mock')
      expect(
        (await failureOf(ask(fallback([mock('a', failing('a', REASON)), throwing])))).tried,
      ).toHaveLength(2)
    }
  })

  it('after others’ tool call does not fall through', async () => {
    const calling = mock('calling', {
      query: async (options) => {
        await options.onProgress?.({ type: 'tool_call' } as never)
        throw REASON
      },
    })
    const { onProgress } = listener()
    const provider = fallback([calling, mock('next')])
    expect(await failureOf(provider.query({ prompt: 'x', onProgress }))).toBe(REASON)
  })
})

describe('the error of all of them', () => {
  it.each<[string, unknown[], object]>([
    [
      'who answered says more than who is not there',
      [errors('a', 'ECONNREFUSED'), errors('b', 'rate_limit')],
      { constructor: RateLimitError },
    ],
    [
      'what does not pass says more than what does',
      [errors('a', 'quota'), errors('b', 'server')],
      { code: 'quota' },
    ],
    [
      'of two alike, the first',
      [errors('a', 'server', { status: 1 }), errors('b', 'server')],
      { code: 'server', cause: { message: 'a' } },
    ],
    [
      'a connection of others’',
      [errors('a', 'ENOTFOUND')],
      { constructor: ConnectionError, systemCode: 'ENOTFOUND', message: 'a' },
    ],
    [
      'a connection that fetch speaks of',
      [new TypeError('fetch failed', { cause: errors('a', 'ECONNREFUSED') })],
      { code: 'connection', systemCode: 'ECONNREFUSED' },
    ],
    ['others’ clock', [new DOMException('too late', 'TimeoutError')], { constructor: TimeoutError }],
    [
      'an open circuit says nothing new',
      [errors('a', 'circuit_open'), errors('b', 'ECONNRESET')],
      { code: 'connection' },
    ],
    ['only circuits that are open', [errors('a', 'circuit_open')], { message: 'a' }],
    ['anything else', ['a text'], { constructor: ServerError, message: 'a text' }],
  ])('is like the most telling one: %s', async (_name, failures, expected) => {
    const provider = fallback(failures.map((error, index) => failing(`p${index}`, error)))
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject(expected)
  })

  it('keeps the reasoning that had come', async () => {
    const { provider } = await inTurn({ chunks: [role, reasoning('Hm')], end: 'destroy' })
    const error = await failureOf(fallback([provider, failing('b', REASON)]).query({ prompt: 'hello' }))
    expect(error.partial).toEqual({ content: '', reasoning: 'Hm', toolCalls: [] })
  })

  it('is safe to log', async () => {
    const { provider } = await scripted(json(refusal('boom', { echo: 'text-of-the-prompt' }), 400))
    const foreign = errors('foreign', 'x', {
      config: { headers: { authorization: 'key-of-others' } },
      toJSON: () => 'key-of-others',
    })
    const error = await failureOf(
      fallback([provider, failing('foreign', foreign)]).query({ prompt: 'text-of' }),
    )
    const logged = JSON.stringify(error)
    expect(logged).not.toContain('text-of')
    expect(logged).not.toContain('key-of-others')
    expect(JSON.parse(logged)).toMatchObject({
      code: 'invalid_request',
      tried: [
        {
          provider: 'openai-compatible',
          error: { name: 'InvalidRequestError', code: 'invalid_request', message: 'boom' },
        },
        { provider: 'foreign', error: { name: 'Error', message: 'foreign' } },
      ],
    })
    expect(Object.keys(error)).not.toContain('tried')
  })
})

describe('a stream of several providers', () => {
  it('asks the first at once', () => {
    const first = mock('first')
    fallback([first]).stream(asking('hello'))
    expect(first.asked).toBe(1)
  })

  it('throws a wrong argument at once', async () => {
    const { provider, servers } = await inTurn(HELLO, HELLO)
    const { signal } = new AbortController()
    const { events, onProgress } = listener()
    expect(thrownBy(() => provider.stream({ messages: [], signal, onProgress }))).toBeInstanceOf(
      ConfigurationError,
    )
    expect(thrownBy(() => provider.stream(undefined as never))).toBeInstanceOf(ConfigurationError)
    expect(thrownBy(() => provider.stream({ ...asking('x'), timeout: 'long' as never }))).toBeInstanceOf(
      ConfigurationError,
    )
    expect(getEventListeners(signal, 'abort')).toEqual([])
    await new Promise(setImmediate)
    expect(events).toEqual([])
    expect(servers.flatMap((server) => server.chats)).toEqual([])
  })

  it('can be iterated once, and gives its text alone', async () => {
    const { provider } = await inTurn(DOWN, HELLO)
    const stream = provider.stream(asking('hello'))
    const pieces: string[] = []
    for await (const piece of stream.textStream()) pieces.push(piece)
    expect(pieces).toEqual(['Hel', 'lo'])
    expect(await failureOf(eventsOf(stream))).toBeInstanceOf(ConfigurationError)
    expect((await stream.response()).content).toBe('Hello')
  })

  it('gives its answer without a loop, however long', async () => {
    const server = await startScriptedServer()
    const { provider: down } = await scripted(DOWN)
    const response = fallback([down, providerOf(server)])
      .stream(asking('hello'))
      .response()
    const chat = await server.nextChat()
    const megabyte = text('x'.repeat(1 << 20))
    for (let count = 0; count < 24; count += 1) await chat.send(megabyte)
    await chat.end(finish)
    expect((await response).content).toHaveLength(24 << 20)
  })

  it('reads its server no faster than it is taken', async () => {
    const server = await startScriptedServer()
    const stream = fallback([providerOf(server)]).stream(asking('hello'))
    const chat = await server.nextChat()
    let sent = 0
    const sending = (async () => {
      const megabyte = text('x'.repeat(1 << 20))
      for (; sent < 64; sent += 1) await chat.send(megabyte)
      await chat.end(finish)
    })()
    await sleep(1000)
    expect(sent).toBeLessThan(48)
    expect(textOf(await eventsOf(stream))).toHaveLength(64 << 20)
    await sending
  })

  it('takes no event from others’ stream before there is room', async () => {
    let given = 0
    function* endless() {
      for (; given < 100; given += 1) yield { type: 'message', content: 'x'.repeat(1 << 20) } as const
    }
    const stream = fallback([mock('endless', { stream: () => streamOf(endless()) })]).stream(asking('hello'))
    const iterator = stream[Symbol.asyncIterator]()
    await sleep(20)
    expect(given).toBeLessThan(6)
    for (let count = 0; count < 50; count += 1) await iterator.next()
    await sleep(20)
    expect(given).toBeGreaterThan(50)
    expect(given).toBeLessThan(57)
    await iterator.return?.()
    expect(await failureOf(stream.response())).toBeInstanceOf(AbortError)
  })

  it('takes nothing more of others’ stream that heeds no cancel', async () => {
    let given = 0
    let isLeft = false
    const heedless: ChatStream<never> = {
      ...streamOf([]),
      async *[Symbol.asyncIterator]() {
        try {
          for (; given < 2000; given += 1) {
            await sleep(1)
            yield { type: 'reasoning', content: 'x' } as const
          }
        } finally {
          isLeft = true
        }
      },
    }
    const stream = fallback([mock('heedless', { stream: () => heedless })]).stream(asking('hello'))
    await stream[Symbol.asyncIterator]().next()
    stream.cancel(REASON)
    expect(await failureOf(stream.response())).toMatchObject({ constructor: AbortError, cause: REASON })
    await sleep(20)
    expect(isLeft).toBe(true)
  })

  it('waits for the listener before its next event', async () => {
    const { provider } = await inTurn(DOWN, HELLO)
    const order: string[] = []
    const onProgress = async ({ type }: ProviderProgressEvent) => {
      order.push(`${type} begins`)
      await sleep(5)
      order.push(`${type} ends`)
    }
    await provider.stream({ ...asking('hello'), onProgress }).response()
    expect(order).toEqual([
      'message begins',
      'message ends',
      'message begins',
      'message ends',
      'completion begins',
      'completion ends',
    ])
  })

  it('throws its failure out of the loop, after one error event', async () => {
    const { provider } = await inTurn(DOWN, DOWN)
    const stream = provider.stream(asking('hello'))
    const seen: string[] = []
    const loop = async () => {
      for await (const event of stream) seen.push(event.type)
    }
    const error = await failureOf(loop())
    expect(error.tried).toHaveLength(2)
    expect(seen).toEqual(['error'])
    expect(await failureOf(stream.response())).toBe(error)
  })

  it('closes the connection of the second when its loop is left, and keeps what had arrived', async () => {
    const server = await startScriptedServer()
    const { provider: down } = await scripted(DOWN)
    const stream = fallback([down, providerOf(server)]).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    for await (const event of stream) if (event.type === 'message') break
    await chat.leftByClient
    expect(await failureOf(stream.response())).toMatchObject({
      constructor: AbortError,
      partial: { content: 'Hel' },
    })
  })

  it('is cancelled as any stream: with the reason, and after one error event', async () => {
    const server = await startScriptedServer()
    const stream = fallback([providerOf(server), mock('next')]).stream(asking('hello'))
    const chat = await server.nextChat()
    const iterator = stream[Symbol.asyncIterator]()
    const next = iterator.next()
    await chat.send(role)
    stream.cancel(REASON)
    await chat.leftByClient
    expect(await next).toMatchObject({ done: false, value: { type: 'error', code: 'aborted' } })
    expect(await failureOf(iterator.next())).toMatchObject({ constructor: AbortError, cause: REASON })
    expect(await failureOf(stream.response())).toMatchObject({ constructor: AbortError, cause: REASON })
  })

  it('has no cause where it was cancelled without a reason', async () => {
    const server = await startScriptedServer()
    const stream = fallback([providerOf(server)]).stream(asking('hello'))
    await server.nextChat()
    stream.cancel()
    expect(await failureOf(stream.response())).not.toHaveProperty('cause')
  })

  it('is cancelled while it waits for onFallback', async () => {
    const next = mock('next')
    let begun = () => {}
    const waiting = new Promise<void>((resolve) => (begun = resolve))
    const onFallback = () => {
      begun()
      return never()
    }
    const stream = fallback([failing('first', REASON), next], { onFallback }).stream(asking('hello'))
    await waiting
    await stream[Symbol.asyncDispose]()
    expect(await failureOf(stream.response())).toBeInstanceOf(AbortError)
    expect(next.asked).toBe(0)
  })

  it('is cancelled although its listener is busy', async () => {
    const { provider } = await inTurn(HELLO)
    const stream = provider.stream({ ...asking('hello'), onProgress: never })
    await stream[Symbol.asyncIterator]().next()
    stream.cancel(REASON)
    expect(await failureOf(stream.response())).toMatchObject({
      cause: REASON,
      partial: { content: expect.any(String) },
    })
  })

  it.each<[string, (stream: ChatStream) => unknown]>([
    ['leaving the loop', () => 'break'],
    ['cancelling', (stream) => stream.cancel()],
    ['disposing', (stream) => stream[Symbol.asyncDispose]()],
  ])('that was heard to its end is left alone by %s', async (_what, leave) => {
    const { provider } = await inTurn(DOWN, HELLO)
    const stream = provider.stream(asking('hello'))
    for await (const event of stream) {
      if (event.type === 'completion' && (await leave(stream)) === 'break') break
    }
    expect((await stream.response()).content).toBe('Hello')
  })

  it('whose end nobody has heard is cancelled by close()', async () => {
    const { provider } = await inTurn(HELLO)
    const { events, onProgress } = listener()
    const stream = provider.stream({ ...asking('hello'), onProgress })
    while (events.at(-1)?.type !== 'completion') await new Promise(setImmediate)
    await provider.close()
    expect(await failureOf(stream.response())).toBeInstanceOf(AbortError)
  })

  it('is never an unhandled rejection, and asks nobody again', async () => {
    const first = failing('first', REASON)
    const provider = fallback([first])
    provider.stream(asking('hello'))
    void provider.stream(asking('hello')).response()
    await sleep(10)
    expect(first.asked).toBe(2)
  })

  it('of others that end without a completion has one', async () => {
    const events = await eventsOf(fallback([mock('mock')]).stream(asking('hello')))
    expect(events).toEqual([{ type: 'message', content: 'Mock' }, { type: 'completion' }])
  })
})

describe('a provider that tells its listener things out of turn', () => {
  it('is not heard once it has failed', async () => {
    let late: (() => unknown) | undefined
    const first = mock('first', {
      query: (options) => {
        late = () => options.onProgress?.({ type: 'message', content: 'late' })
        return Promise.reject(REASON)
      },
    })
    const second = mock('second', {
      query: async (options) => {
        late?.()
        await options.onProgress?.({ type: 'message', content: 'Mock' })
        await options.onProgress?.({ type: 'completion' })
        await options.onProgress?.({ type: 'completion' })
        return 'Mock'
      },
    })
    const { events, onProgress } = listener()
    await fallback([first, second]).query({ prompt: 'hello', onProgress })
    expect(events).toEqual([{ type: 'message', content: 'Mock' }, { type: 'completion' }])
  })

  it('rejects with what the listener threw, though it takes no notice', async () => {
    const heedless = mock('heedless', {
      query: async (options) => {
        void options.onProgress?.({ type: 'message', content: 'Mock' })
        await sleep(5)
        return 'Mock'
      },
    })
    const provider = fallback([heedless, mock('next')])
    const onProgress = () => Promise.reject(REASON)
    expect(await failureOf(provider.query({ prompt: 'hello', onProgress }))).toBe(REASON)
  })
})

describe('time', () => {
  it('is given to each provider as what is left of it', async () => {
    const seen: unknown[] = []
    const slow = mock('slow', {
      query: async ({ timeout }) => {
        seen.push(timeout)
        await sleep(50)
        throw REASON
      },
    })
    const last = mock('last', {
      query: ({ timeout }) => {
        seen.push(timeout)
        return Promise.resolve('Mock')
      },
    })
    await fallback([slow, last]).query({ prompt: 'hello', timeout: { total: 10_000, idle: 7 } })
    expect(seen).toEqual([
      { total: 10_000, idle: 7 },
      { total: expect.any(Number), idle: 7 },
    ])
    expect((seen[1] as { total: number }).total).toBeLessThan(9_960)
  })

  it('may be without a limit', async () => {
    const options = { prompt: 'hello', timeout: { total: Number.POSITIVE_INFINITY } }
    expect(await fallback([failing('first', REASON), mock('next')]).query(options)).toBe('Mock')
    expect(await fallback([mock('next')]).query({ ...options, timeout: 2 ** 40 })).toBe('Mock')
  })
})

describe('questions', () => {
  it('are answered by the first that is connected', async () => {
    const down = mock('down', { getStatus: async () => ({ isConnected: false, error: 'nobody there' }) })
    const fallen: unknown[] = []
    const provider = fallback([down, failing('failing', REASON), mock('up')], {
      onFallback: () => void fallen.push(1),
    })
    expect(await provider.getStatus()).toEqual({ isConnected: true, server: 'up' })
    expect(await provider.validateConfiguration()).toBe(true)
    expect(fallen).toEqual([])
  })

  it('say why nobody is', async () => {
    const { events } = listener()
    const down = mock('down', {
      getStatus: async () => ({ isConnected: false, server: 'down', error: 'nobody there' }),
    })
    expect(await fallback([down, failing('failing', new Error('no'))]).getStatus()).toEqual({
      isConnected: false,
      server: 'down',
      error: 'All 2 providers failed: down: nobody there; failing: no',
    })
    expect(await fallback([failing('failing', new Error('no'))]).validateConfiguration()).toBe(false)
    expect(await fallback([failing('failing', new Error('no'))]).getStatus()).toEqual({
      isConnected: false,
      error: 'no',
    })
    expect(events).toEqual([])
  })

  it('about models are answered by the first that lists any', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('one', 'two'))
    const provider = fallback([failing('failing', REASON), mock('empty'), providerOf(server)])
    expect((await provider.listModels()).map(({ name }) => name)).toEqual(['one', 'two'])
    expect(await fallback([failing('failing', REASON)]).listModels()).toEqual([])
    expect(
      await fallback([failing('failing', REASON), mock('empty')]).listModels({ throwOnError: true }),
    ).toEqual([])
    const error = await failureOf(
      fallback([failing('a', REASON), failing('b', REASON)]).listModels({ throwOnError: true }),
    )
    expect(error.tried).toHaveLength(2)
    expect(await failureOf(provider.listModels(null as never))).toBeInstanceOf(ConfigurationError)
  })

  it('reject when they are aborted', async () => {
    const server = await startScriptedServer()
    server.answersQuestions({ end: 'open', chunks: [' '] })
    const provider = fallback([failing('failing', REASON), providerOf(server), mock('next')])
    for (const ask of ['getStatus', 'listModels', 'validateConfiguration'] as const) {
      const controller = new AbortController()
      const failure = failureOf(provider[ask]({ signal: controller.signal }))
      const question = await server.nextQuestion()
      controller.abort(REASON)
      await question.leftByClient
      expect(await failure).toMatchObject({ constructor: AbortError, cause: REASON })
      expect(await failureOf(provider[ask]({ signal: AbortSignal.abort(REASON) }))).toBeInstanceOf(AbortError)
    }
  })

  it('have one time together', async () => {
    const deaf = mock('deaf', { getStatus: never })
    expect(await fallback([deaf, mock('next')]).getStatus({ timeout: 20 })).toEqual({
      isConnected: false,
      error: 'The call was not finished within 20 ms (timeout.total)',
    })
  })
})

describe('several providers as one', () => {
  it('have a name, the capabilities of the first, and the keys of all', async () => {
    const { provider } = await scripted(HELLO)
    const one = fallback([mock('first'), provider])
    expect(one.name).toBe('fallback')
    expect(one.capabilities.supportedModels).toEqual(['first'])
    const authenticator = one.getAuthenticator()
    expect(authenticator.isConfigured()).toBe(true)
    expect(authenticator.getCredentialType()).toBe('api_key')
    await authenticator.configure()
    expect(await authenticator.validateCredentials()).toBe(true)
  })

  it('are all closed, and what one of them fails by is not hidden', async () => {
    const closed: string[] = []
    const closing = (name: string) => mock(name, { close: async () => void closed.push(name) })
    const failed = mock('failed', { close: () => Promise.reject(REASON) })
    expect(await failureOf(fallback([closing('a'), failed, closing('b')]).close())).toBe(REASON)
    expect(closed).toEqual(['a', 'b'])
  })

  it('are those that were given, whatever becomes of the list', async () => {
    const list = [mock('first')]
    const provider = fallback(list)
    list.pop()
    expect(await provider.query({ prompt: 'hello' })).toBe('Mock')
  })

  it.each<[string, unknown, unknown]>([
    ['none', [], {}],
    ['no list', undefined, {}],
    ['one that is none', ['http://localhost'], {}],
    ['an object that is none', [mock('first'), {}], {}],
    ['a callback that is none', [mock('first')], { onFallback: 'log' }],
    ['options that are none', [mock('first')], null],
  ])('must be some: %s is a ConfigurationError', (_name, providers, options) => {
    expect(thrownBy(() => fallback(providers as never, options as never))).toBeInstanceOf(ConfigurationError)
  })

  it('give a ProviderError for require and for import alike', async () => {
    const error = await failureOf(fallback([failing('first', REASON)]).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(ProviderError)
  })
})

describe('a loop of tools', () => {
  const call = { index: 0, id: 'c', type: 'function', function: { name: 'time', arguments: '{}' } }
  const CALL = { chunks: [role, chunk({ tool_calls: [call] }), finish] }

  const loops: [string, (provider: ChatProvider, options: Partial<ChatRequest>) => Promise<string>][] = [
    ['query', (provider, options) => provider.query({ prompt: 'hello', ...options } as QueryOptions)],
    [
      'runTools',
      async (provider, options) => (await provider.runTools({ ...asking('hello'), ...options })).content,
    ],
  ]

  describe.each(loops)('by %s', (_way, ask) => {
    it('is run by the first provider that answers', async () => {
      const { provider: first } = await scripted(DOWN)
      const { provider: second, server } = await scripted(CALL, HELLO)
      const { events, onProgress } = listener()
      const tools = [{ name: 'time', execute: () => 'noon' }]
      expect(await ask(fallback([first, second]), { tools, onProgress })).toBe('Hello')
      expect(server.chats).toHaveLength(2)
      expect(events.map(({ type }) => type)).toEqual([
        'tool_call',
        'tool_start',
        'tool_end',
        'message',
        'message',
        'completion',
      ])
    })

    it.each([true, false])(
      'is never begun again once a tool was called; somebody listens: %s',
      async (isHeard) => {
        const { provider: first } = await scripted(CALL, DOWN)
        const { provider: second, server } = await scripted(HELLO)
        const executed: string[] = []
        const tools = [{ name: 'time', execute: () => void executed.push('time') }]
        const options = isHeard ? { tools, ...listener() } : { tools }
        expect((await failureOf(ask(fallback([first, second]), options))).message).toBe('down for today')
        expect([executed, server.chats]).toEqual([['time'], []])
      },
    )
  })
})
