import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  AbortError,
  ConfigurationError,
  ContextLengthError,
  ModelNotFoundError,
  type OllamaConfig,
  OllamaProvider,
  type ProviderProgressEvent,
  ServerError,
  StreamError,
  UnsupportedError,
} from '../../index.js'
import { play, SERVERS } from '../support/played-servers.js'
import { asking } from '../support/provider.js'
import { recording } from '../support/recording.js'
import { json, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'
import { eventsOf, failureOf, listener, thrownBy } from '../support/witness.js'

type Mode = 'native' | 'openai'

const MODES = ['native', 'openai'] as const
const PATHS = { native: '/api/chat', openai: '/v1/chat/completions' }

afterEach(() => {
  vi.unstubAllEnvs()
})

function ollama(server: Pick<ScriptedServer, 'url'>, config: OllamaConfig = {}): OllamaProvider {
  const provider = new OllamaProvider({
    baseURL: server.url,
    model: 'tiny-chat',
    retry: { baseDelay: 1 },
    ...config,
  })
  onTestFinished(() => provider.close())
  return provider
}

/** A whole Ollama, as it was recorded, but for chats. */
async function startOllama(): Promise<ScriptedServer> {
  const server = await startScriptedServer()
  return server
    .answersTo('GET /api/version', recording('ollama/api-version'))
    .answersTo('GET /api/tags', recording('ollama/api-tags-with-capabilities'))
    .answersTo('GET /api/ps', recording('ollama/api-ps'))
    .answersTo('POST /api/show', recording('ollama/api-show'))
    .answersTo('POST /api/generate', recording('ollama/api-generate-unload'))
}

/** The same events, however the text was cut into them. */
function joined(events: readonly ProviderProgressEvent[]): ProviderProgressEvent[] {
  const all: ProviderProgressEvent[] = []
  for (const event of events) {
    const last = all.at(-1)
    if ((event.type === 'message' || event.type === 'reasoning') && last?.type === event.type) {
      all[all.length - 1] = { ...event, content: last.content + event.content }
    } else {
      all.push(event)
    }
  }
  return all
}

/** What an answer is in one mode, where its recording there is played. */
async function answerIn(mode: Mode, recorded: Record<Mode, string>) {
  const server = await startOllama()
  server.answersChats(recording(`ollama/${recorded[mode]}`))
  const stream = ollama(server, { api: mode }).stream(asking('hello'))
  const events = joined(await eventsOf(stream))
  const { id, timings, usage, ...answer } = await stream.response()
  expect(server.chats.map(({ path }) => path)).toEqual([PATHS[mode]])
  return { events, id, timings, usage, answer }
}

/** How a question fails in one mode. */
async function failureIn(mode: Mode, recorded: Record<Mode, string>) {
  const server = await startOllama()
  server.answersChats(recording(`ollama/${recorded[mode]}`))
  const { events, onProgress } = listener()
  const error = await failureOf(ollama(server, { api: mode }).chat({ ...asking('hello'), onProgress }))
  expect(server.chats.map(({ path }) => path)).toContain(PATHS[mode])
  return { error, events: joined(events) }
}

describe.each<[string, Record<Mode, string>, boolean]>([
  ['a plain answer', { native: 'gotpl-api-chat-stream', openai: 'v1-chat-stream-usage' }, true],
  ['an answer with reasoning', { native: 'api-chat-think-default', openai: 'v1-reasoning-stream' }, true],
  // It was recorded without being asked for its count of tokens.
  ['an answer cut by its limit', { native: 'api-chat-length', openai: 'v1-length-stream' }, false],
])('%s', (_, recorded, counts) => {
  it('is the same in both modes', async () => {
    const native = await answerIn('native', recorded)
    const openai = await answerIn('openai', recorded)
    expect(openai.events).toEqual(native.events)
    expect({ ...openai.answer, model: '' }).toEqual({ ...native.answer, model: '' })
    expect(native.events.at(-1)).toEqual({ type: 'completion' })
    expect(native.answer.warnings).toEqual([])
    expect(native.usage?.inputTokens).toBeGreaterThan(0)
    expect(openai.usage).toEqual(counts ? native.usage : undefined)
    // What only one of the two protocols tells.
    expect([native.id, openai.id]).toEqual(['', expect.stringMatching(/^chatcmpl-/)])
    expect([native.timings.serverPrompt, openai.timings.serverPrompt]).toEqual([
      expect.any(Number),
      undefined,
    ])
  })
})

describe('a failure', () => {
  it.each([
    [
      'of a full context',
      { native: 'api-chat-context-overflow', openai: 'v1-context-overflow-stream' },
      ContextLengthError,
      { promptTokens: 6009, contextLength: 2048, status: 400 },
    ],
    [
      'of an unknown model',
      { native: 'api-chat-unknown-model', openai: 'v1-unknown-model-stream' },
      ModelNotFoundError,
      { availableModels: ['tiny-gotpl:latest', 'tiny-embed:latest', 'tiny-chat:latest'], status: 404 },
    ],
    [
      'of a full queue',
      { native: 'queue-full-api', openai: 'queue-full-v1' },
      ServerError,
      { status: 503, retryable: true, attempts: 3 },
    ],
  ])('%s is the same in both modes', async (_, recorded, ErrorClass, fields) => {
    const [native, openai] = [await failureIn('native', recorded), await failureIn('openai', recorded)]
    expect(native.error).toBeInstanceOf(ErrorClass)
    expect(native.error).toMatchObject(fields)
    const told = ({ error: { name, message, code, hint, retryable, partial, status } }: typeof native) => {
      return { name, message, code, hint, retryable, partial, status }
    }
    expect(told(openai)).toEqual(told(native))
    const types = ({ events }: typeof native) => events.map(({ type }) => type)
    expect(types(openai)).toEqual(types(native))
  })

  it('in mid-stream keeps what came in both modes; what happened, only the native one tells', async () => {
    const recorded = {
      native: 'midstream-runner-killed-api-chat',
      openai: 'midstream-runner-killed-v1-chat',
    }
    const [native, openai] = [await failureIn('native', recorded), await failureIn('openai', recorded)]
    expect(native.error).toBeInstanceOf(ServerError)
    expect(native.error.message).toContain('an error was encountered while running the model')
    expect(native.error.partial?.reasoning).toBe('Six times seven is 42.\n')
    expect(openai.error).toBeInstanceOf(StreamError)
    expect(openai.error.hint).toContain("api: 'native'")
    expect(openai.error.partial?.reasoning).toMatch(/^1 2 3 4.* 27$/)
    for (const { error, events } of [native, openai]) {
      expect([error.retryable, error.attempts]).toEqual([false, 1])
      expect(events.map(({ type }) => type)).toEqual(['reasoning', 'error'])
    }
  })

  it.each(MODES)('without a word says what Ollama refuses: %s', async (api) => {
    const server = await startOllama()
    server.answersChats(recording('ollama/bad-host'))
    const error = await failureOf(ollama(server, { api }).chat(asking('hello')))
    expect(error.code).toBe('permission')
    expect(error.hint).toMatch(/OLLAMA_HOST.*OLLAMA_ORIGINS/)
  })
})

describe('how it is spoken to', () => {
  async function pathOf(config: OllamaConfig, variable?: string): Promise<string | undefined> {
    vi.stubEnv('OLLAMA_API_MODE', variable)
    const server = await startOllama()
    server.answersChats(recording('ollama/gotpl-api-chat-stream'))
    await ollama(server, config)
      .query({ prompt: 'hello' })
      .catch(() => '')
    return server.chats[0]?.path
  }

  it.each<[OllamaConfig, string | undefined, Mode]>([
    [{}, undefined, 'native'],
    [{}, 'native', 'native'],
    [{}, 'openai', 'openai'],
    [{ api: 'native' }, 'openai', 'native'],
    [{ api: 'openai' }, 'native', 'openai'],
    [{ api: 'auto' }, 'openai', 'native'],
  ])(
    'is what the configuration says, else the environment, else native: %j, %s',
    async (config, variable, mode) => {
      expect(await pathOf(config, variable)).toBe(PATHS[mode])
    },
  )

  it('shows in the address', () => {
    for (const baseURL of ['http://box:11434', 'http://box:11434/v1']) {
      expect(new OllamaProvider({ baseURL }).baseURL).toBe('http://box:11434')
      expect(new OllamaProvider({ baseURL, api: 'openai' }).baseURL).toBe('http://box:11434/v1')
    }
    expect(new OllamaProvider({ host: 'box', api: 'openai' }).baseURL).toBe('http://box:11434/v1')
  })

  it('is asked once where it is left to the server', async () => {
    const server = await startScriptedServer()
    server.answersTo('GET /api/version', json({ error: 'not here' }, 404))
    server.answersChats(recording('ollama/v1-chat-stream-usage'))
    const provider = ollama(server, { api: 'auto', numCtx: 8192, keepAlive: '1h' })
    const [{ warnings }] = await Promise.all([provider.chat(asking('hello')), provider.chat(asking('hello'))])
    expect(warnings).toEqual([
      { code: 'left_out', message: expect.stringContaining('`numCtx` and `keepAlive`') },
    ])
    await provider.chat(asking('hello'))
    expect(server.questions.map(({ path }) => path)).toEqual(['/api/version'])
    expect(server.chats.map(({ path }) => path)).toEqual(Array(3).fill(PATHS.openai))
    expect(provider.baseURL).toBe(server.baseURL)
  })

  it('is asked again where nobody answered', async () => {
    const server = await startScriptedServer()
    server.answersTo(
      'GET /api/version',
      { end: 'hangUp' },
      { end: 'hangUp' },
      json({ error: 'not here' }, 404),
    )
    server.answersChats(recording('ollama/api-chat-unknown-model'))
    const provider = ollama(server, { api: 'auto' })
    await failureOf(provider.chat(asking('hello')))
    server.answersChats(recording('ollama/v1-chat-stream-usage'))
    while (server.chats.at(-1)?.path !== PATHS.openai) await provider.chat(asking('hello')).catch(() => {})
    expect(server.chats[0]?.path).toBe(PATHS.native)
  })

  it.each<[OllamaConfig, string | undefined, RegExp]>([
    [{ api: 'v1' as never }, undefined, /`api` must be 'native', 'openai' or 'auto'/],
    [{}, 'v1', /OLLAMA_API_MODE must be 'native', 'openai' or 'auto'/],
    [{ numCtx: 0.5 }, undefined, /`numCtx`/],
    [{ keepAlive: {} as never }, undefined, /`keepAlive`/],
    [{ api: 'openai', numCtx: 8192 }, undefined, /`numCtx` cannot be told/],
    [{ keepAlive: '1h' }, 'openai', /`keepAlive` cannot be told.*OLLAMA_API_MODE/],
  ])('is refused where it makes no sense: %j, %s', (config, variable, words) => {
    vi.stubEnv('OLLAMA_API_MODE', variable)
    const error = thrownBy(() => new OllamaProvider(config))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(words)
  })

  it('is spelled right', () => {
    const error = thrownBy(() => new OllamaProvider({ num_ctx: 8192 } as OllamaConfig))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.hint).toContain('`numCtx`')
  })
})

describe('its address', () => {
  it.each([
    ['box', 'http://box:11434'],
    ['box:1234', 'http://box:1234'],
    ['0.0.0.0', 'http://localhost:11434'],
    ['http://box', 'http://box'],
    ['https://box', 'https://box'],
    ['http://box:11434/', 'http://box:11434'],
  ])('is read from OLLAMA_HOST as Ollama does: %s', (value, baseURL) => {
    vi.stubEnv('OLLAMA_HOST', value)
    expect(new OllamaProvider().baseURL).toBe(baseURL)
  })

  it('has Ollama’s port where the configuration names a host', () => {
    vi.stubEnv('OLLAMA_HOST', 'http://other')
    expect(new OllamaProvider({ host: 'http://box' }).baseURL).toBe('http://box:11434')
  })
})

describe('a native chat', () => {
  it('says with which context and how long a model is loaded, unless the call says otherwise', async () => {
    const server = await startOllama()
    server.answersChats(recording('ollama/gotpl-api-chat-stream'))
    const provider = ollama(server, { numCtx: 8192, keepAlive: -1, defaults: { temperature: 0 } })
    await provider.chat({ ...asking('hello'), maxTokens: 5 })
    await provider.chat({
      ...asking('hello'),
      extraBody: { options: { num_ctx: 1024 }, keep_alive: '5m', think: false },
    })
    const messages = [{ role: 'user', content: 'hello' }]
    expect(server.chats.map((chat) => chat.json)).toEqual([
      {
        model: 'tiny-chat',
        messages,
        stream: true,
        options: { temperature: 0, num_predict: 5, num_ctx: 8192 },
        keep_alive: -1,
      },
      {
        model: 'tiny-chat',
        messages,
        stream: true,
        options: { temperature: 0, num_ctx: 1024 },
        keep_alive: '5m',
        think: false,
      },
    ])
  })
})

describe('a prompt that was cut', () => {
  const long = 'word '.repeat(3000)
  const done = 'gotpl-api-chat-context-overflow'

  /** The end of an answer of the other protocol, with the same count. */
  const v1 = [
    { choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'length' }] },
    { choices: [], usage: { prompt_tokens: 1026, completion_tokens: 4, total_tokens: 1030 } },
  ].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`)

  it.each(MODES)('is told in the answer and as an event: %s', async (api) => {
    const server = await startOllama()
    server.answersChats(
      api === 'native' ? recording(`ollama/${done}`) : { chunks: [...v1, 'data: [DONE]\n\n'] },
    )
    const { events, onProgress } = listener()
    const { warnings } = await ollama(server, { api }).chat({ ...asking(long), onProgress })
    expect(warnings).toEqual([
      { code: 'prompt_cut', message: expect.stringContaining('1026 tokens of about 3750') },
    ])
    const told = events.filter(({ type }) => type === 'warning')
    expect(told).toEqual([{ type: 'warning', ...warnings[0] }])
    expect(events.at(-1)).toEqual({ type: 'completion' })
  })

  it('is known by the context that the server has told of, however it is asked then', async () => {
    const server = await startOllama()
    server.answersChats(recording(`ollama/${done}`))
    const provider = ollama(server, { model: undefined })
    const codes = async (prompt: string) =>
      (await provider.chat(asking(prompt))).warnings.map(({ code }) => code)
    // That its beginning may be cached says nothing here.
    expect([await codes(long), await codes(long)]).toEqual([['prompt_cut'], ['prompt_cut']])
    expect(server.chats[0]?.json.model).toBe('tiny-chat:latest')
    expect(await codes('a short one')).toEqual([])
  })

  it('that is refused instead is told with that context, where the server does not repeat it', async () => {
    const server = await startOllama()
    server.answersChats(json('{"error":"the input length exceeds the context length"}', 400))
    const error = await failureOf(ollama(server, { model: undefined }).chat(asking(long)))
    expect(error).toBeInstanceOf(ContextLengthError)
    expect(error).toMatchObject({ contextLength: 2048 })
    expect(error).not.toHaveProperty('promptTokens')
  })

  it('is not taken for one whose beginning is cached, nor for what a hook has left out', async () => {
    const server = await startOllama()
    server.answersChats(recording(`ollama/${done}`))
    const provider = ollama(server)
    const warnings = async (asked: OllamaProvider) => (await asked.chat(asking(long))).warnings.length
    expect([await warnings(provider), await warnings(provider)]).toEqual([1, 0])

    class Brief extends OllamaProvider {
      override requestBody(body: Record<string, unknown>): Record<string, unknown> {
        return { ...body, messages: [{ role: 'user', content: 'in short' }] }
      }
    }
    expect(await warnings(new Brief({ baseURL: server.url, model: 'm' }))).toBe(0)
  })
})

describe('what it says of itself', () => {
  it.each(MODES)('is the same in both modes: %s', async (api) => {
    const server = await startOllama()
    const provider = ollama(server, { api, model: undefined })
    expect(await provider.getStatus()).toEqual({
      isConnected: true,
      server: 'ollama',
      version: '0.0.0',
      loadedModel: 'tiny-chat:latest',
      contextLength: 2048,
      availableModels: ['tiny-gotpl:latest', 'tiny-embed:latest', 'tiny-chat:latest'],
      latency: expect.any(Number),
    })
    const models = await provider.listModels()
    expect(models.map(({ loaded }) => loaded)).toEqual([false, false, true])
    expect(server.questions.map(({ path }) => path).sort()).toEqual([
      '/api/ps',
      '/api/ps',
      '/api/tags',
      '/api/tags',
      '/api/version',
      '/api/version',
    ])
  })

  it('is told of a model that is named without its tag', async () => {
    const server = await startOllama()
    const provider = ollama(server, { model: 'tiny-gotpl' })
    await provider.getStatus()
    expect(provider.capabilities.supportsTools).toBe(true)
  })
})

describe('another server', () => {
  const notFound = json({ detail: 'Not Found' }, 404)
  const hint = expect.stringMatching(/No Ollama answers there.*createLocalProvider.*`api: 'openai'`/)

  const startOther = async () =>
    (await play({ ...SERVERS.vllm, chat: notFound })).answersTo('POST /api/pull', notFound)

  it('is not connected, and each failure says what to do', async () => {
    const server = await startOther()
    const provider = ollama(server)
    expect(await provider.getStatus()).toMatchObject({
      isConnected: false,
      error: 'No Ollama answers there: Not Found',
    })
    expect(await provider.validateConfiguration()).toBe(false)
    for (const ask of [() => provider.query({ prompt: 'hello' }), () => provider.waitUntilReady()]) {
      expect(await failureOf(ask())).toMatchObject({ hint })
    }
    for (const command of [() => provider.pullModel('m'), () => provider.runningModels()]) {
      const error = await failureOf(command())
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.message).toBe('The server is vLLM 0.10.0, and this provider is made for Ollama')
      expect(error.hint).toContain("`createProvider('vllm', …)`")
    }
    const { checks } = await provider.diagnose()
    const path = { id: 'base-path', ok: false, fix: hint }
    expect(checks).toEqual(expect.arrayContaining([expect.objectContaining(path)]))
  })

  it('that shows web pages is no LLM server of any kind', async () => {
    const page = { status: 404, chunks: ['<html><title>Router</title></html>'] }
    const provider = ollama(await play({ paths: {}, others: page, chat: page }))
    for (const ask of [() => provider.query({ prompt: 'hello' }), () => provider.waitUntilReady()]) {
      expect(await failureOf(ask())).toMatchObject({ hint: expect.stringMatching(/^Check the address/) })
    }
  })

  it('is connected by the protocol that it speaks', async () => {
    const server = await startOther()
    expect(await ollama(server, { api: 'openai' }).validateConfiguration()).toBe(true)
    const error = await failureOf(ollama(server, { api: 'openai' }).pullModel('m'))
    expect(error).toBeInstanceOf(UnsupportedError)
  })

  it('at a wrong path of Ollama’s is told the right one', async () => {
    const server = await startOllama()
    server.answersQuestions(notFound).answersChats(notFound)
    server.answersTo('POST /api/chat', json({ error: 'model is required' }, 400))
    const error = await failureOf(ollama({ url: `${server.url}/wrong` }).waitUntilReady())
    expect(error.hint).toContain(`An LLM server answers at ${server.url}`)
  })
})

describe.each(MODES)('its models, in mode %s', (api) => {
  it('can be fetched, and each progress is told', async () => {
    const server = await startOllama()
    server.answersTo('POST /api/pull', {
      chunks: [
        '{"status":"pulling manifest"}\n',
        '{"status":"pulling 8be8","digest":"sha256:8be8","total":10}\n{"status":"pulling 8be8","total":10,',
        '"completed":7}\n',
        '{"status":"success"}\n',
      ],
    })
    const told: unknown[] = []
    await ollama(server, { api }).pullModel('llama3.2', { onProgress: (progress) => told.push(progress) })
    expect(told).toEqual([
      { status: 'pulling manifest' },
      { status: 'pulling 8be8', done: 0, total: 10 },
      { status: 'pulling 8be8', done: 7, total: 10 },
      { status: 'success' },
    ])
    expect(server.questions[0]?.json).toEqual({ model: 'llama3.2', stream: true })
  })

  it('can be shown, told apart by whether they run, and unloaded', async () => {
    const server = await startOllama()
    const provider = ollama(server, { api })
    expect(await provider.showModel('tiny-chat')).toMatchObject({
      name: 'tiny-chat',
      loaded: true,
      contextLength: 2048,
      capabilities: { chat: true, tools: true, reasoning: true },
      details: { capabilities: expect.arrayContaining(['tools', 'thinking']), modelfile: expect.any(String) },
    })
    expect(await provider.runningModels()).toEqual([
      expect.objectContaining({ name: 'tiny-chat:latest', loaded: true, contextLength: 2048 }),
    ])
    await provider.unloadModel('tiny-chat')
    expect(server.questions.at(-1)?.json).toEqual({ model: 'tiny-chat', keep_alive: 0 })
  })
})

describe('fetching a model', () => {
  it('fails in the server’s words, also under a good status', async () => {
    const server = await startOllama()
    const provider = ollama(server)
    const lines = '{"status":"pulling manifest"}\n{"error":"pull model manifest: file does not exist"}\n'
    server.answersTo('POST /api/pull', { chunks: [lines] })
    const unknown = await failureOf(provider.pullModel('nope'))
    expect(unknown).toBeInstanceOf(ModelNotFoundError)
    expect(unknown.message).toContain('file does not exist')
    expect(unknown.hint).toContain('ollama.com/library')
    server.answersTo('POST /api/pull', recording('ollama/api-pull-offline-nostream'))
    expect(await failureOf(provider.pullModel('nope-model'))).toMatchObject({ code: 'server', status: 500 })
    server.answersTo('POST /api/pull', { chunks: ['{"status":"pulling manifest"}\n'] })
    expect(await failureOf(provider.pullModel('m'))).toBeInstanceOf(StreamError)
  })

  it('rejects with what an asynchronous listener rejects with', async () => {
    const server = await startOllama()
    server.answersTo('POST /api/pull', {
      chunks: ['{"status":"pulling manifest"}\n', '{"status":"success"}\n'],
    })
    const full = new Error('disk full')
    const onProgress = () => Promise.reject(full)
    await expect(ollama(server).pullModel('m', { onProgress })).rejects.toBe(full)
  })

  it('ends with the call, and the server is left', async () => {
    const server = await startOllama()
    server.answersTo('POST /api/pull', { chunks: ['{"status":"pulling manifest"}\n'], end: 'open' })
    const cancel = new AbortController()
    const pulled = ollama(server).pullModel('m', { signal: cancel.signal, onProgress: () => cancel.abort() })
    expect(await failureOf(pulled)).toBeInstanceOf(AbortError)
    await server.questions[0]?.leftByClient
  })

  it('takes as long as it progresses, and no longer', async () => {
    const server = await startOllama()
    const lines = Array.from({ length: 5 }, (_, at) => `{"status":"pulling","total":5,"completed":${at}}\n`)
    server.answersTo('POST /api/pull')
    const pulled = ollama(server).pullModel('m', { timeout: { firstToken: 400, metadata: 1 } })
    const exchange = await server.nextQuestion()
    for (const line of lines) {
      await exchange.send(line)
      await sleep(150)
    }
    expect(await failureOf(pulled)).toMatchObject({ code: 'timeout', clock: 'firstToken' })
    await exchange.leftByClient
  })

  it('takes no options of loading', async () => {
    const server = await startOllama()
    const error = await failureOf(ollama(server).pullModel('m', { contextLength: 8192 }))
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error.message).toBe('Ollama takes no `contextLength`')
  })
})
