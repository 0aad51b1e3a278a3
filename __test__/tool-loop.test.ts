import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  AbortError,
  type ChatRequest,
  type ChatResponse,
  ConfigurationError,
  OpenAICompatibleProvider,
  type ProviderConfig,
  type ProviderProgressEvent,
  type QueryOptions,
  StreamError,
  TimeoutError,
  type Tool,
  type ToolContext,
  type ToolLoopOptions,
} from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { unhandledErrors } from './support/unhandled.js'
import { chunk, event as eventOf, finish, refusal, role, text } from './support/wire.js'
import { failureOf, listener } from './support/witness.js'

unhandledErrors()

/** A promise, and what keeps it. */
function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((keep) => {
    resolve = keep
  })
  return { promise, resolve }
}

interface Call {
  name: string
  args?: unknown
  id?: string
}

/** An answer that calls these, after `words`. */
function calling(calls: Call[], words = '', usage?: object): Answer {
  const written = calls.map(({ name, args = {}, id }, index) => ({
    index,
    id: id ?? `${name}-${index}`,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }))
  const end = usage === undefined ? [] : [eventOf({ choices: [], usage })]
  return {
    chunks: [role, ...(words ? [text(words)] : []), chunk({ tool_calls: written }), finish, ...end],
  }
}

const saying = (words: string): Answer => ({ chunks: [role, text(words), finish] })

async function answering(...answers: Answer[]): Promise<ScriptedServer> {
  return (await startScriptedServer()).answersChats(...answers)
}

interface WireMessage {
  role: string
  content: unknown
  tool_call_id?: string
  tool_calls?: { id: string; function: { name: string; arguments: string } }[]
}

/** The messages of each request, which a strict server would take. */
function conversations(server: ScriptedServer): WireMessage[][] {
  return server.chats.map(({ json: body }) => {
    const messages = body.messages as WireMessage[]
    for (const [index, { tool_calls: calls = [] }] of messages.entries()) {
      const results = messages.slice(index + 1, index + 1 + calls.length)
      expect(results.map((message) => message.tool_call_id)).toEqual(calls.map(({ id }) => id))
      for (const call of calls) expect(JSON.parse(call.function.arguments)).toBeInstanceOf(Object)
    }
    const results = messages.filter((message) => message.role === 'tool')
    expect(results).toHaveLength(messages.flatMap((message) => message.tool_calls ?? []).length)
    return messages
  })
}

/** What the model was told of the calls so far, in the last request. */
function resultsIn(server: ScriptedServer): unknown[] {
  const last = conversations(server).at(-1) ?? []
  return last.filter((message) => message.role === 'tool').map(({ content }) => content)
}

const weather: Tool = { name: 'weather', execute: ({ city }: { city?: string }) => `${city}: sunny` }
const time: Tool = { name: 'time', execute: async () => ({ hour: 12 }) }

type Request = Omit<ChatRequest, 'messages'> & ToolLoopOptions

const codes = (response: { warnings: { code: string }[] }) => response.warnings.map(({ code }) => code)

/** The two ways to run tools, as one. */
const ways: [string, (provider: OpenAICompatibleProvider, request: Request) => Promise<string>][] = [
  ['query', (provider, request) => provider.query({ prompt: 'hello', ...request } as QueryOptions)],
  [
    'runTools',
    async (provider, request) => (await provider.runTools({ ...asking('hello'), ...request })).content,
  ],
]

describe.each(ways)('%s with tools', (_way, ask) => {
  it('executes what the model calls, and gives the last answer', async () => {
    const server = await answering(
      calling([{ name: 'weather', args: { city: 'Paris' } }, { name: 'time' }], 'Let me see.'),
      saying('Sunny.'),
    )
    const { events, onProgress } = listener()
    expect(await ask(providerOf(server), { tools: [weather, time], onProgress })).toBe('Sunny.')
    expect(conversations(server)[1]?.slice(1)).toEqual([
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [
          {
            id: 'weather-0',
            type: 'function',
            function: { name: 'weather', arguments: '{"city":"Paris"}' },
          },
          { id: 'time-1', type: 'function', function: { name: 'time', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'weather-0', name: 'weather', content: 'Paris: sunny' },
      { role: 'tool', tool_call_id: 'time-1', name: 'time', content: '{"hour":12}' },
    ])
    const told = events.map((event) => ('callId' in event ? `${event.type} ${event.callId}` : event.type))
    expect(told.filter((type) => type.startsWith('tool_start'))).toEqual([
      'tool_start weather-0',
      'tool_start time-1',
    ])
    expect(events[0]).toEqual({ type: 'message', content: 'Let me see.' })
    expect(told.slice(1, 3)).toEqual(['tool_call', 'tool_call'])
    expect(told.slice(-2)).toEqual(['message', 'completion'])
    expect(told.filter((type) => type === 'completion')).toHaveLength(1)
    expect(events).toContainEqual({
      type: 'tool_start',
      toolName: 'weather',
      callId: 'weather-0',
      input: { city: 'Paris' },
    })
    expect(events).toContainEqual({
      type: 'tool_end',
      toolName: 'time',
      callId: 'time-1',
      result: { hour: 12 },
    })
    for (const id of ['weather-0', 'time-1'])
      expect(told.indexOf(`tool_end ${id}`)).toBeGreaterThan(told.indexOf(`tool_start ${id}`))
  })

  it('executes the calls of an answer side by side, and tells each end when it comes', async () => {
    const gate = promised<void>()
    const tools: Tool[] = [
      { name: 'first', execute: () => gate.promise },
      { name: 'second', execute: () => gate.resolve() },
    ]
    const server = await answering(calling([{ name: 'first' }, { name: 'second' }]), saying('Done'))
    const { events, onProgress } = listener()
    await ask(providerOf(server), { tools, onProgress })
    const told = events.flatMap((event) => ('callId' in event ? [`${event.type} ${event.toolName}`] : []))
    expect(told.slice(0, 2)).toEqual(['tool_start first', 'tool_start second'])
    expect(told.slice(2).sort()).toEqual(['tool_end first', 'tool_end second'])
    expect(resultsIn(server)).toEqual(['', ''])
  })

  it.each<[string, Tool['execute'], string]>([
    [
      'that throws',
      () => {
        throw new Error('no such city')
      },
      'no such city',
    ],
    ['that rejects', () => Promise.reject(new Error('no network')), 'no network'],
    ['that throws no error', () => Promise.reject('a text'), 'a text'],
    ['that throws what has no text', () => Promise.reject(Object.create(null)), 'no words'],
    [
      'whose error cannot be read',
      () => {
        throw Object.defineProperty(new Error('of its own'), 'message', {
          get: () => {
            throw new Error('unreadable')
          },
        })
      },
      'no words',
    ],
    [
      'whose result refers to itself',
      () => {
        const loop: Record<string, unknown> = {}
        loop.loop = loop
        return loop
      },
      'circular',
    ],
    ['whose result is too large a number', () => ({ n: 1n }), 'BigInt'],
    ['whose result is a function', () => () => {}, 'JSON cannot hold it'],
  ])('tells the model of a tool %s, and goes on', async (_name, execute, message) => {
    const server = await answering(calling([{ name: 'weather' }]), saying('Sorry.'))
    const { events, onProgress } = listener()
    expect(await ask(providerOf(server), { tools: [{ name: 'weather', execute }], onProgress })).toBe(
      'Sorry.',
    )
    expect(resultsIn(server)).toEqual([expect.stringMatching(new RegExp(`^Error: .*${message}`))])
    const end = events.find(({ type }) => type === 'tool_end')
    expect(end).toMatchObject({ error: expect.stringContaining(message) })
    expect(end).not.toHaveProperty('result')
  })

  it('ends with the error of the round that fails, told once', async () => {
    const server = await answering(calling([{ name: 'time' }]), json(refusal('boom'), 400))
    const { events, onProgress } = listener()
    const error = await failureOf(ask(providerOf(server), { tools: [time], onProgress }))
    expect(error).toMatchObject({ code: 'invalid_request', message: 'boom' })
    expect(error.tried).toBeUndefined()
    expect(error.stack).toContain('tool-loop.test.ts')
    const types = events.map(({ type }) => type)
    expect(types).toEqual(['tool_call', 'tool_start', 'tool_end', 'error'])
  })
})

describe('a result', () => {
  it.each<[string, unknown, unknown]>([
    ['a text', 'as it is', 'as it is'],
    ['nothing', undefined, ''],
    ['null', null, 'null'],
    ['an object', { a: [1, 'x'] }, '{"a":[1,"x"]}'],
    ['an empty list', [], '[]'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['content parts', [{ type: 'text', text: 'x' }], [{ type: 'text', text: 'x' }]],
    ['a list that is none', [{ type: 'text' }], '[{"type":"text"}]'],
  ])('is told to the model: %s', async (_name, result, content) => {
    const server = await answering(calling([{ name: 'f' }]), saying('Done'))
    await providerOf(server).query({ prompt: 'hello', tools: [{ name: 'f', execute: () => result }] })
    expect(resultsIn(server)).toEqual([content])
  })
})

describe('a tool', () => {
  it('is told the call, where to work, and when to stop', async () => {
    const server = await answering(calling([{ name: 'f', id: 'c' }]), saying('Done'))
    const told: ToolContext[] = []
    const tool = {
      name: 'f',
      execute(this: unknown, _args: Record<string, unknown>, context: ToolContext) {
        expect(this).toBe(tool)
        told.push(context)
      },
    }
    await providerOf(server).query({ prompt: 'hello', tools: [tool], workingDirectory: '/somewhere' })
    expect(told).toEqual([{ callId: 'c', workingDirectory: '/somewhere', signal: expect.any(AbortSignal) }])
    expect(told[0]?.signal.aborted).toBe(false)
  })

  it('may listen to its signal, beside as many others as there are', async () => {
    const warned: Error[] = []
    const warn = (warning: Error) => void warned.push(warning)
    process.on('warning', warn)
    onTestFinished(() => void process.off('warning', warn))
    const calls = Array.from({ length: 12 }, (_, index) => ({ name: 'f', args: { index } }))
    const server = await answering(calling(calls), saying('Done'))
    const execute = (_args: object, { signal }: ToolContext) => signal.addEventListener('abort', () => {})
    await providerOf(server).query({ prompt: 'hello', tools: [{ name: 'f', execute }] })
    // Warnings are told after the turn.
    await new Promise(setImmediate)
    expect(warned).toEqual([])
  })

  it('cannot change what the model wrote', async () => {
    const server = await answering(calling([{ name: 'f', args: { a: [1] } }]), saying('Done'))
    const execute = (args: Record<string, unknown>) => {
      ;(args.a as number[]).push(2)
    }
    await providerOf(server).query({ prompt: 'hello', tools: [{ name: 'f', execute }] })
    expect(conversations(server)[1]?.[1]?.tool_calls?.[0]?.function.arguments).toBe('{"a":[1]}')
  })
})

describe('a call that cannot be executed', () => {
  it('goes back to the model as an error: cut, or of no tool', async () => {
    const server = await answering(
      calling([
        { name: 'weather', args: 'Paris', id: 'a' },
        { name: 'nobody', id: 'b' },
        { name: '', id: 'c' },
        { name: 'time', id: 'd' },
      ]),
      saying('Done'),
    )
    const { events, onProgress } = listener()
    const request = { ...asking('hello'), tools: [weather, time], onProgress }
    const { messages } = await providerOf(server).runTools(request)
    expect(resultsIn(server)).toEqual([
      expect.stringMatching(/^Error: This call cannot be used: .*: Paris$/),
      'Error: There is no tool "nobody". There are: weather, time',
      expect.stringMatching(/^Error: This call cannot be used: it has no name/),
      '{"hour":12}',
    ])
    expect(messages.map((message) => message.role)).toEqual([
      'assistant',
      ...Array(4).fill('tool'),
      'assistant',
    ])
    expect(events.flatMap((event) => ('callId' in event ? [event.callId] : []))).toEqual(['d', 'd'])
    // Strict servers take no call without a name.
    const calls = conversations(server)[1]?.[1]?.tool_calls ?? []
    expect(calls.map((call) => call.function.name)).not.toContain('')
  })

  it('is left to the caller where its tool has no `execute`; the others are executed', async () => {
    const server = await answering(calling([{ name: 'time' }, { name: 'ask' }]))
    const { events, onProgress } = listener()
    const request = { ...asking('hello'), tools: [time, { name: 'ask' }], onProgress }
    const response = await providerOf(server).runTools(request)
    expect(server.chats).toHaveLength(1)
    expect(response.toolCalls.map(({ name }) => name)).toEqual(['time', 'ask'])
    expect(response.openCalls).toEqual([response.toolCalls[1]])
    expect(response.finishReason).toBe('tool_calls')
    expect(response.messages).toEqual([
      response.message,
      { role: 'tool', toolCallId: 'time-0', name: 'time', content: '{"hour":12}' },
    ])
    expect(events.at(-1)).toEqual({ type: 'completion' })
  })
})

describe('the rounds', () => {
  it('end with an answer: the last asks for no more calls', async () => {
    const another = Array.from({ length: 5 }, (_, n) =>
      calling([{ name: 'weather', args: { city: `${n}` } }]),
    )
    const server = await answering(...another)
    const asked = { ...asking('hello'), tools: [weather], maxToolRounds: 3 }
    const response = await providerOf(server).runTools(asked)
    expect(server.chats.map(({ json: body }) => body.tool_choice)).toEqual([undefined, undefined, 'none'])
    // It calls all the same, and nobody is to answer that.
    expect(response.toolCalls).toMatchObject([{ invalid: expect.any(String) }])
    expect(response).not.toHaveProperty('openCalls')
    expect(response.messages.map((message) => message.role)).toEqual(
      Array(3).fill(['assistant', 'tool']).flat(),
    )
    conversations(server)
  })

  it('that end with calls and no text are no answer of `query`', async () => {
    const calls = calling([{ name: 'weather' }, { name: 'time' }, { name: 'time' }], ' ')
    const provider = providerOf(await answering(calls))
    const { events, onProgress } = listener()
    const options = { prompt: 'hello', tools: [weather, time], maxToolRounds: 2 }
    const error = await failureOf(provider.query({ ...options, onProgress }))
    expect(error).toBeInstanceOf(StreamError)
    expect(error).toMatchObject({
      code: 'empty_completion',
      message: 'In place of an answer, the model called tools that are not executed any more: weather, time',
      hint: expect.stringContaining('maxToolRounds'),
      retryable: false,
      attempts: 2,
    })
    expect(error.partial?.toolCalls).toHaveLength(3)
    expect(error.stack).toContain('tool-loop.test.ts')
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'empty_completion' })
    expect(events.map(({ type }) => type)).not.toContain('completion')
  })

  it('that end with calls and a text give that text, unless it should have a format', async () => {
    const provider = providerOf(await answering(calling([{ name: 'time' }], 'Noon, I think.')))
    const options = { prompt: 'hello', tools: [time], maxToolRounds: 1 }
    expect(await provider.query(options)).toBe('Noon, I think.')
    const error = await failureOf(provider.query({ ...options, responseFormat: { type: 'json_object' } }))
    expect(error).toMatchObject({ code: 'invalid_response', partial: { content: 'Noon, I think.' } })
  })

  it('are 10 where nobody says otherwise', async () => {
    const provider = new Mock((round) => answerOf([{ name: 'weather', args: { round } }]))
    const executed: unknown[] = []
    const tools = [{ name: 'weather', execute: (args: object) => void executed.push(args) }]
    await provider.runTools({ ...asking('hello'), tools })
    expect(provider.requests.map(({ toolChoice }) => toolChoice)).toEqual([
      ...Array(9).fill(undefined),
      'none',
    ])
    expect(executed).toHaveLength(9)
  })

  it('end where the model makes one call again and again', async () => {
    const server = await answering(...Array(9).fill(calling([{ name: 'weather', args: { city: 'Paris' } }])))
    const executed: unknown[] = []
    const tools = [{ name: 'weather', execute: (args: object) => void executed.push(args) }]
    const { events, onProgress } = listener()
    const response = await providerOf(server).runTools({ ...asking('hello'), tools, onProgress })
    expect(codes(response)).toContain('repeated_call')
    expect(events).toContainEqual({ type: 'warning', ...response.warnings.at(-1) })
    expect(executed).toHaveLength(2)
    expect(server.chats.map(({ json: body }) => body.tool_choice)).toEqual([
      ...Array(3).fill(undefined),
      'none',
    ])
    expect(resultsIn(server).at(-1)).toMatch(/^Error: This same call was made before/)
  })

  it('that fail leave what those before them have done, to go on from', async () => {
    const server = await answering(calling([{ name: 'time' }]), json(refusal('boom'), 400), saying('Noon.'))
    const provider = providerOf(server)
    const error = await failureOf(provider.runTools({ ...asking('hello'), tools: [time] }))
    expect(error.partial?.messages).toMatchObject([
      { role: 'assistant', toolCalls: [{ name: 'time' }] },
      { role: 'tool', name: 'time', content: '{"hour":12}' },
    ])
    const messages = [...asking('hello').messages, ...(error.partial?.messages ?? [])]
    expect((await provider.chat({ messages, tools: [time] })).content).toBe('Noon.')
  })

  it('go on where one call is answered otherwise each time', async () => {
    const server = await answering(...Array(5).fill(calling([{ name: 'poll' }])), saying('Done'))
    let polled = 0
    const tools = [{ name: 'poll', execute: () => `${++polled} %` }]
    const response = await providerOf(server).runTools({ ...asking('hello'), tools })
    expect([polled, response.content]).toEqual([5, 'Done'])
    expect(codes(response)).not.toContain('repeated_call')
  })

  it('go on where one call stands beside another that is new', async () => {
    const test = { name: 'test' }
    const rounds = [1, 2, 3, 4].map((version) => calling([{ name: 'write', args: { version } }, test]))
    const server = await answering(...rounds, saying('Done'))
    let tested = 0
    const tools = [
      { name: 'write', execute: () => 'written' },
      { name: 'test', execute: () => `failed${tested++ ? '' : ' at first'}` },
    ]
    await providerOf(server).runTools({ ...asking('hello'), tools })
    expect(tested).toBe(4)
  })

  it('go on where another call is made between', async () => {
    const same = { name: 'weather', args: { city: 'Paris' } }
    const server = await answering(
      calling([same]),
      calling([same]),
      calling([{ name: 'time' }]),
      calling([same]),
      saying('Done'),
    )
    const { content } = await providerOf(server).runTools({ ...asking('hello'), tools: [weather, time] })
    expect(content).toBe('Done')
    expect(resultsIn(server)).toEqual([...Array(2).fill('Paris: sunny'), '{"hour":12}', 'Paris: sunny'])
  })

  it.each(['required', { name: 'time' }] as const)('force a call once only: %s', async (toolChoice) => {
    const server = await answering(calling([{ name: 'time' }]), saying('Noon.'))
    const response = await providerOf(server).runTools({ ...asking('hello'), tools: [time], toolChoice })
    expect(server.chats.map(({ json: body }) => body.tool_choice)).toEqual(['required', undefined])
    expect(codes(response)).toEqual([])
  })

  it('give each call an id of its own, whatever the server counts', async () => {
    const server = await answering(
      calling([{ name: 'time', id: '0' }]),
      calling([{ name: 'time', id: '0' }]),
      saying(''),
    )
    const { events, onProgress } = listener()
    await providerOf(server)
      .query({ prompt: 'hello', tools: [time], onProgress })
      .catch(() => {})
    const ids = events.flatMap((event) => (event.type === 'tool_start' ? [event.callId] : []))
    expect(new Set(ids).size).toBe(2)
  })

  it('are counted together', async () => {
    const counts = (input: number, output: number) => ({
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
    })
    const round = (id: string) => calling([{ name: 'time', args: "{'a':1}", id }], '', counts(10, 2))
    const server = await answering(json(refusal('busy'), 503), round('a'), round('b'), {
      chunks: [role, text('Done'), finish, eventOf({ choices: [], usage: counts(30, 4) })],
    })
    const { events, onProgress } = listener()
    const tools = [{ name: 'time', execute: () => sleep(5) }]
    const response = await providerOf(server).runTools({ ...asking('hello'), tools, onProgress })
    expect(response.usage).toEqual({ inputTokens: 50, outputTokens: 8, totalTokens: 58 })
    expect(response.timings).toMatchObject({ attempts: 4, cached: false })
    expect(response.timings.total).toBeGreaterThan(10)
    expect(response.timings.firstToken).toBeLessThan(response.timings.total)
    expect(codes(response)).toEqual(['tool_arguments'])
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1)
  })

  it('are not counted where one was not', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    const server = await answering(calling([{ name: 'time' }], '', usage), saying('Done'))
    const response = await providerOf(server).runTools({ ...asking('hello'), tools: [time] })
    expect(response).not.toHaveProperty('usage')
  })

  it('add messages that continue the conversation', async () => {
    const server = await answering(calling([{ name: 'time' }]), saying('Noon.'), saying('Bye.'))
    const provider = providerOf(server)
    const { messages, message: last } = await provider.runTools({ ...asking('hello'), tools: [time] })
    expect(messages.at(-1)).toBe(last)
    const history = [...asking('hello').messages, ...messages, ...asking('bye').messages]
    await provider.chat({ messages: history })
    const roles = conversations(server)[2]?.map((message) => message.role)
    expect(roles).toEqual(['user', 'assistant', 'tool', 'assistant', 'user'])
  })

  it('are one where there are no tools', async () => {
    const server = await answering(saying('Hello'))
    const { content, messages } = await providerOf(server).runTools(asking('hello'))
    expect([content, messages]).toEqual(['Hello', [{ role: 'assistant', content: 'Hello' }]])
    expect(server.chats[0]?.json).not.toHaveProperty('tool_choice')
  })

  it('are asked through the class of the provider', async () => {
    const provider = new Mock((round) => (round === 1 ? answerOf([{ name: 'time' }]) : answerOf([], 'Done')))
    expect(await provider.query({ prompt: 'hello', tools: [time], temperature: 0.5 })).toBe('Done')
    expect(provider.requests.map(({ temperature }) => temperature)).toEqual([0.5, 0.5])
  })
})

/** A tool that never ends, whatever its signal says. */
function stubborn() {
  const begun = promised<AbortSignal>()
  const execute = (_args: unknown, { signal }: ToolContext) => {
    begun.resolve(signal)
    return new Promise(() => {})
  }
  return { tool: { name: 'stubborn', execute }, begun: begun.promise }
}

describe('cancelling', () => {
  async function stuck(request: Partial<Request> = {}, config: ProviderConfig = {}) {
    const server = await answering(calling([{ name: 'stubborn' }], 'Let me see.'))
    const provider = providerOf(server, config)
    const { tool, begun } = stubborn()
    const { events, onProgress } = listener()
    const failure = failureOf(
      provider.runTools({ ...asking('hello'), tools: [tool], onProgress, ...request }),
    )
    const signal = await begun
    expect(signal.aborted).toBe(false)
    return { provider, events, failure, signal }
  }

  const lastOf = (events: ProviderProgressEvent[]) => events.map(({ type }) => type).slice(-3)

  it('by the signal reaches a tool, and does not wait for it', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const { events, failure, signal } = await stuck({ signal: controller.signal })
    controller.abort(reason)
    const error = await failure
    expect(error).toBeInstanceOf(AbortError)
    expect([signal.aborted, signal.reason, error.cause]).toEqual([true, reason, reason])
    expect(error.partial).toMatchObject({ content: 'Let me see.', toolCalls: [{ name: 'stubborn' }] })
    expect(lastOf(events)).toEqual(['tool_call', 'tool_start', 'error'])
  })

  it('by closing the provider does so, too', async () => {
    const { provider, failure, signal } = await stuck()
    await provider.close()
    expect(await failure).toBeInstanceOf(AbortError)
    expect(signal.aborted).toBe(true)
  })

  it.each([
    ['of the call', { timeout: 60 }, {}],
    ['of the provider', {}, { timeout: { total: 60 } }],
  ] as const)('by the time %s is for all rounds', async (_name, request, config) => {
    const { events, failure, signal } = await stuck(request, config)
    const error = await failure
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ clock: 'total', message: expect.stringContaining('within 60 ms') })
    expect(error.tried).toBeUndefined()
    expect(signal.aborted).toBe(true)
    expect(lastOf(events)).toEqual(['tool_call', 'tool_start', 'error'])
  })

  it('by the time is charged with what tools took', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const tools = [{ name: 'time', execute: () => sleep(60) }]
    const failure = failureOf(provider.runTools({ ...asking('hello'), tools, timeout: 100 }))
    await (await server.nextChat()).play(calling([{ name: 'time' }]))
    // The second round is never answered.
    const error = await failure
    expect(error).toMatchObject({ clock: 'total', message: expect.stringContaining('within 100 ms') })
  })

  it('while the model answers closes the connection', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const request = { ...asking('hello'), tools: [time], signal: controller.signal }
    const failure = failureOf(providerOf(server).runTools(request))
    await (await server.nextChat()).play(calling([{ name: 'time' }]))
    const second = await server.nextChat()
    await second.send(role, text('Noo'))
    controller.abort()
    expect(await failure).toBeInstanceOf(AbortError)
    await second.leftByClient
  })

  it.each(['message', 'tool_call', 'tool_start', 'tool_end', 'completion'] as const)(
    'by a listener that throws at %s rejects with what it threw',
    async (type) => {
      for (const isLate of [false, true]) {
        const server = await answering(calling([{ name: 'time' }], 'Hm.'), saying('Noon.'))
        const thrown = { thrown: type }
        const told: string[] = []
        const onProgress = async (event: ProviderProgressEvent) => {
          told.push(event.type)
          if (event.type !== type) return
          if (isLate) await new Promise(setImmediate)
          throw thrown
        }
        const sync = (event: ProviderProgressEvent) => {
          told.push(event.type)
          if (event.type === type) throw thrown
        }
        const request = { ...asking('hello'), tools: [time], onProgress: isLate ? onProgress : sync }
        const failure = await providerOf(server)
          .runTools(request)
          .then(
            () => 'none',
            (error) => error,
          )
        expect(failure).toBe(thrown)
        expect(told.at(-1)).toBe(type)
        expect(server.chats).toHaveLength(type === 'completion' ? 2 : 1)
      }
    },
  )

  it('before it begins asks nobody', async () => {
    const server = await answering(saying('Hello'))
    const request = { ...asking('hello'), tools: [time], signal: AbortSignal.abort() }
    expect(await failureOf(providerOf(server).runTools(request))).toBeInstanceOf(AbortError)
    expect(server.chats).toEqual([])
  })

  it('by a tool that closes its own provider ends', async () => {
    const server = await answering(calling([{ name: 'close' }]), saying('Done'))
    const provider = providerOf(server)
    const tools = [{ name: 'close', execute: () => provider.close() }]
    expect(await failureOf(provider.query({ prompt: 'hello', tools }))).toBeInstanceOf(AbortError)
  })
})

describe('a listener', () => {
  it('that changes what it is told changes neither what a tool gets nor what the model reads', async () => {
    const server = await answering(calling([{ name: 'f', args: { a: [1] } }]), saying('Done'))
    const got: unknown[] = []
    const { messages } = await providerOf(server).runTools({
      ...asking('hello'),
      tools: [{ name: 'f', execute: (args) => got.push(args) }],
      onProgress(event) {
        const args = event.type === 'tool_call' ? event.toolCall.arguments : undefined
        for (const told of [args, event.type === 'tool_start' ? event.input : undefined]) {
          if (told === undefined) continue
          ;(told.a as number[]).push(2)
          told.b = '***'
        }
      },
    })
    expect(got).toEqual([{ a: [1] }])
    expect(messages[0]).toMatchObject({ toolCalls: [{ arguments: { a: [1] } }] })
    expect(conversations(server)[1]?.[1]?.tool_calls?.[0]?.function.arguments).toBe('{"a":[1]}')
  })

  it('that returns a promise is waited for, before a tool begins and before the next event', async () => {
    const server = await answering(calling([{ name: 'a' }, { name: 'b' }]), saying('Done'))
    const told: string[] = []
    let isBusy = false
    const onProgress = async (event: ProviderProgressEvent) => {
      expect(isBusy).toBe(false)
      isBusy = true
      await sleep(1)
      isBusy = false
      told.push('callId' in event ? `${event.type} ${event.toolName}` : event.type)
    }
    const tools = ['a', 'b'].map((name) => ({ name, execute: () => void told.push(`run ${name}`) }))
    await providerOf(server).query({ prompt: 'hello', tools, onProgress })
    expect(told.indexOf('run a')).toBe(told.indexOf('tool_start a') + 1)
    expect(told.indexOf('run b')).toBeGreaterThan(told.indexOf('tool_start b'))
    expect(told.slice(-2)).toEqual(['message', 'completion'])
  })
})

it('leaves no failure without a handler while a slow listener is waited for', async () => {
  // What nobody handles is an error of this file.
  const server = await answering(calling([{ name: 'a' }, { name: 'b' }, { name: 'c' }]), saying('Done'))
  const thrown = new Error('enough')
  const onProgress = async (event: ProviderProgressEvent) => {
    if (event.type === 'tool_start') await sleep(20)
    if (event.type === 'tool_end') throw thrown
  }
  const failing = { execute: () => Promise.reject(Object.create(null)) }
  const tools = ['a', 'b', 'c'].map((name) => ({ name, ...failing }))
  const failure = await failureOf(providerOf(server).query({ prompt: 'hello', tools, onProgress }))
  expect(failure).toBe(thrown)
})

describe('a mistake', () => {
  it.each<[string, object, RegExp]>([
    ['no rounds', { maxToolRounds: 0 }, /maxToolRounds.*1 or more/],
    ['rounds in a text', { maxToolRounds: '3' }, /maxToolRounds.* not the text "3"/],
    ['half a round', { maxToolRounds: 1.5 }, /maxToolRounds/],
    ['a directory that is no text', { workingDirectory: 1 }, /workingDirectory/],
    ['a tool whose `execute` is no function', { tools: [{ name: 'f', execute: 1 }] }, /tools\[0\]\.execute/],
    ['another spelling', { max_tool_rounds: 1 }, /maxToolRounds|max_tool_rounds/],
  ])('is told: %s', async (_name, fields, message) => {
    const server = await answering(saying('Hello'))
    const request = { ...asking('hello'), tools: [time], ...fields } as ChatRequest
    const error = await failureOf(providerOf(server).runTools(request))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(message)
    expect(server.chats).toEqual([])
  })

  it('is told: a tool that `query` could not execute', async () => {
    const server = await answering(saying('Hello'))
    const error = await failureOf(
      providerOf(server).query({ prompt: 'hello', tools: [time, { name: 'ask' }] }),
    )
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toContain('"ask"')
    expect(server.chats).toEqual([])
  })
})

/** An answer, as `chat` gives it. */
function answerOf(calls: Call[], content = ''): ChatResponse {
  const toolCalls = calls.map(({ name, args = {} }, index) => ({
    id: `${name}-${index}`,
    name,
    rawArguments: JSON.stringify(args),
    arguments: args as Record<string, unknown>,
  }))
  return {
    id: 'r',
    model: 'm',
    content,
    toolCalls,
    message: { role: 'assistant', content, toolCalls },
    finishReason: 'stop',
    timings: { total: 1, attempts: 1, cached: false },
    warnings: [],
  }
}

/** A provider that asks no server. */
class Mock extends OpenAICompatibleProvider {
  readonly requests: ChatRequest[] = []
  readonly #answer: (round: number) => ChatResponse

  constructor(answer: (round: number) => ChatResponse) {
    super()
    this.#answer = answer
  }

  override chat<T>(request: ChatRequest<T>): Promise<ChatResponse<T>> {
    this.requests.push(request)
    return Promise.resolve(this.#answer(this.requests.length) as ChatResponse<T>)
  }
}

it.each([{}, [null]])('does not begin with tools that are none: %j', async (tools) => {
  const server = await startScriptedServer()
  const request = { ...asking('hi'), tools } as never
  await expect((async () => providerOf(server).runTools(request))()).rejects.toBeInstanceOf(
    ConfigurationError,
  )
  expect(server.chats).toEqual([])
})
