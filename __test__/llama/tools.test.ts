import { describe, expect, it } from 'vitest'
import { type ChatMessage, LlamaCppProvider, OpenAICompatibleProvider, type ToolCall } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { asking } from '../support/provider.js'
import { eventsOf, listener, textOf } from '../support/witness.js'

const server = new LlamaServer({ alias: 'tiny' })

const tools = [
  {
    name: 'get_weather',
    description: 'Current weather in a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer' } },
      required: ['city', 'days'],
    },
  },
  {
    name: 'roll_dice',
    parameters: { type: 'object', properties: { sides: { type: 'integer' } }, required: ['sides'] },
  },
]
const names = tools.map(({ name }) => name)

const ANSWER = 'The answer to that is sunny.'

/** The tools, and the calls of them that were executed. */
function executable() {
  const executed: { name: string; args: Record<string, unknown> }[] = []
  const execute = (name: string) => (args: Record<string, unknown>) => {
    executed.push({ name, args })
    return 'sunny'
  }
  return { executed, tools: tools.map((tool) => ({ ...tool, execute: execute(tool.name) })) }
}

/** Without tools of its own the server constrains no call: the model would name none. */
const GRAMMAR = String.raw`root ::= call ("\n" call)* | "${ANSWER}"
call ::= "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"" [a-zA-Z ]+ "\", \"days\": " [0-9] "}}\n</tool_call>"`

/** That each can be used, and is one of a tool that was offered. */
function checkCalls(calls: readonly ToolCall[]): void {
  for (const call of calls) {
    expect(names).toContain(call.name)
    expect(JSON.parse(call.rawArguments)).toEqual(call.arguments)
  }
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length)
}

describe.each([OpenAICompatibleProvider, LlamaCppProvider])('with a real server, %o', (Provider) => {
  const provider = () => new Provider({ baseURL: server.baseURL })

  it.each(['auto', 'required'] as const)('calls a tool: %s', async (toolChoice) => {
    const { events, onProgress } = listener()
    const answer = await provider().chat({ ...asking('use a tool'), tools, toolChoice, seed: 7, onProgress })
    expect(answer).toMatchObject({ content: '', finishReason: 'tool_calls', warnings: [] })
    expect(answer.toolCalls).toHaveLength(1)
    checkCalls(answer.toolCalls)
    const [toolCall] = answer.toolCalls as [ToolCall]
    expect(events).toEqual([{ type: 'tool_call', toolCall }, { type: 'completion' }])
  })

  it('answers in text where no tool is called for, and tells that a call is missing', async () => {
    const auto = await provider().chat({ ...asking('hello'), tools })
    expect(auto).toMatchObject({ finishReason: 'stop', toolCalls: [], warnings: [] })
    const required = await provider().chat({
      ...asking('hello'),
      tools,
      toolChoice: 'required',
      maxTokens: 48,
    })
    expect(required).toMatchObject({ finishReason: 'length', toolCalls: [] })
    expect(required.warnings.map(({ code }) => code)).toEqual(['tool_choice'])
  })

  it.each([
    [1, 4],
    [6, 3],
    [9, 2],
  ])('calls several tools at once: seed %i', async (seed, count) => {
    const asked = { ...asking('use both'), tools, seed }
    const stream = provider().stream({ ...asked, parallelToolCalls: true })
    const told = (await eventsOf(stream)).flatMap((event) =>
      event.type === 'tool_call' ? [event.toolCall] : [],
    )
    const { toolCalls } = await stream.response()
    expect(toolCalls).toHaveLength(count)
    checkCalls(toolCalls)
    expect(told).toEqual(toolCalls)
    // The server itself heeds this no more than the other.
    const single = await provider().chat({ ...asked, parallelToolCalls: false })
    expect(single.toolCalls.map(({ rawArguments }) => rawArguments)).toEqual([toolCalls[0]?.rawArguments])
    expect(single.warnings.map(({ code }) => code)).toEqual(['parallel_tool_calls'])
    expect(single.message.toolCalls).toEqual(single.toolCalls)
  })

  it.each(names)('calls the tool that is named: %s', async (name) => {
    const { toolCalls, warnings } = await provider().chat({
      ...asking('use a tool'),
      tools,
      toolChoice: { name },
      seed: 7,
    })
    expect(toolCalls.map((call) => call.name)).toEqual([name])
    checkCalls(toolCalls)
    expect(warnings).toEqual([])
  })

  it('calls a tool whose name it would not take', async () => {
    const odd = [{ ...tools[1], name: 'dice/roll it' }]
    const messages: ChatMessage[] = [...asking('use a tool').messages]
    const { message } = await provider().chat({
      messages,
      tools: odd,
      toolChoice: { name: 'dice/roll it' },
      seed: 7,
    })
    expect(message.toolCalls).toMatchObject([
      { name: 'dice/roll it', arguments: { sides: expect.any(Number) } },
    ])
    const result = { role: 'tool', toolCallId: message.toolCalls?.[0]?.id ?? '', content: '6' } as const
    const answer = await provider().chat({ messages: [...messages, message, result], tools: odd })
    expect(answer.content).toBe(ANSWER)
  })

  it('says that a call was cut off by the limit', async () => {
    const { toolCalls, finishReason } = await provider().chat({
      ...asking('use a tool'),
      tools,
      maxTokens: 50,
      seed: 7,
    })
    expect(finishReason).toBe('length')
    expect(toolCalls).toMatchObject([{ name: 'get_weather', invalid: expect.stringContaining('cut off') }])
    expect(toolCalls[0]?.rawArguments).toMatch(/^\{"city/)
  })

  it.each([
    ['one call', { seed: 7 }, 'use a tool'],
    ['several calls', { seed: 1 }, 'use both'],
    ['a call that was cut off', { seed: 7, maxTokens: 50 }, 'use a tool'],
  ])('takes its own answer back, with a result: %s', async (_name, options, question) => {
    const messages: ChatMessage[] = [...asking(question).messages]
    const { message } = await provider().chat({ messages, tools, ...options })
    messages.push(message)
    for (const { id, name, invalid } of message.toolCalls ?? []) {
      messages.push({ role: 'tool', toolCallId: id, name, content: invalid ?? 'sunny' })
    }
    for (const toolChoice of ['auto', 'none'] as const) {
      expect(await provider().chat({ messages, tools, toolChoice })).toMatchObject({
        content: ANSWER,
        toolCalls: [],
        warnings: [],
      })
    }
    expect((await provider().chat({ messages })).content).toBe(ANSWER)
  })

  it.each([
    ['auto', { seed: 7 }, 'use a tool', 1],
    ['required', { seed: 7, toolChoice: 'required' }, 'use a tool', 1],
    ['by name', { seed: 7, toolChoice: { name: 'roll_dice' } }, 'use a tool', 1],
    ['side by side', { seed: 1 }, 'use both', 4],
    ['one at a time', { seed: 1, parallelToolCalls: false }, 'use both', 1],
    ['that was cut off', { seed: 7, maxTokens: 50 }, 'use a tool', 0],
  ] as const)('runs a loop to its answer, with calls %s', async (_name, options, question, count) => {
    const { executed, tools: own } = executable()
    const { events, onProgress } = listener()
    const request = { ...asking(question), tools: own, ...options, onProgress }
    const { content, messages, toolCalls, usage } = await provider().runTools(request)
    expect([content, toolCalls]).toEqual([ANSWER, []])
    expect(executed).toHaveLength(count)
    expect(messages.map(({ role }) => role).join()).toMatch(/^assistant(,tool)+,assistant$/)
    const types = events.map(({ type }) => type)
    expect(types.filter((type) => type === 'tool_start')).toHaveLength(count)
    expect(types.filter((type) => type === 'tool_end')).toHaveLength(count)
    expect(types.filter((type) => type === 'completion')).toHaveLength(1)
    expect(usage?.outputTokens).toBeGreaterThan(0)
    expect(await provider().query({ prompt: question, tools: own, ...options })).toBe(ANSWER)
  })

  it.each([
    ['use a tool', 7],
    ['use both', 1],
  ])('calls tools that it knows from the prompt alone: %s', async (prompt, seed) => {
    const { executed, tools: own } = executable()
    const { events, onProgress } = listener()
    const extraBody = { grammar: GRAMMAR }
    const asked = { prompt, tools: own, toolMode: 'prompted', seed, extraBody, onProgress } as const
    expect(await provider().query(asked)).toBe(ANSWER)
    expect(executed.length).toBeGreaterThan(0)
    for (const { name, args } of executed)
      expect({ name, args }).toEqual({
        name: 'get_weather',
        args: { city: expect.any(String), days: expect.any(Number) },
      })
    expect(textOf(events).trim()).toBe(ANSWER)
  })
})
