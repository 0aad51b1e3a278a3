import { describe, expect, it } from 'vitest'
import type { ChatRequest, ToolCall } from '../index.js'
import { LlamaCppProvider, OpenAICompatibleProvider, OpenRouterProvider } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { chunk, finish, role, text } from './support/wire.js'
import { failureOf, listener } from './support/witness.js'

const tools = [
  {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, metric: { type: 'boolean' }, days: { type: 'integer' } },
    },
  },
  { name: 'get_time' },
]

const REFUSAL = { error: { message: 'm does not support tools', type: 'api_error', param: null, code: null } }
const GARBLED = {
  error: {
    message:
      "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
    type: 'invalid_request_error',
    code: 'tool_use_failed',
    failed_generation: '<function=get_weather{"city": "Paris"</function>',
  },
}

const written = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'

/** An answer whose text comes in pieces. */
const saying = (...pieces: string[]): Answer => ({ chunks: [role, ...pieces.map(text), finish] })

const codes = (response: { warnings: { code: string }[] }) => response.warnings.map(({ code }) => code)

/** Of each chat that was asked: how many tools it offers, and its messages. */
function sent(server: ScriptedServer): { tools: number | undefined; messages: Message[] }[] {
  return server.chats.map(({ json: body }) => ({
    tools: (body.tools as unknown[] | undefined)?.length,
    messages: body.messages as Message[],
  }))
}

interface Message {
  role: string
  content: string
  tool_calls?: unknown
}

async function answering(...answers: Answer[]): Promise<ScriptedServer> {
  return (await startScriptedServer()).answersChats(...answers)
}

const request = { ...asking('hello'), tools }

describe('in the prompt', () => {
  it.each([
    ['llama3.2', '{"name": "get_weather", "parameters": {"city": "Paris"}}', '"parameters"'],
    ['qwen2.5', written, '<tool_call>'],
    [
      'qwen3-coder',
      '<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=metric>\ntrue\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>',
      '<function=',
    ],
    [
      'mistral-small',
      '[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris"}}]',
      '[TOOL_CALLS]',
    ],
  ])('tools are described, and calls read, as the model knows them: %s', async (model, answer, style) => {
    for (const size of [1, 7, answer.length]) {
      const pieces = answer.match(new RegExp(`[^]{1,${size}}`, 'g')) as string[]
      const server = await answering(saying(...pieces))
      const { events, onProgress } = listener()
      const response = await providerOf(server, { model }).chat({
        ...request,
        toolMode: 'prompted',
        onProgress,
      })
      const [system, user] = (sent(server)[0]?.messages ?? []) as [Message, Message]
      expect(server.chats[0]?.json).not.toHaveProperty('tools')
      expect([system.role, user]).toEqual(['system', { role: 'user', content: 'hello' }])
      for (const part of ['get_weather', 'The weather of a city', 'get_time', style])
        expect(system.content).toContain(part)
      expect(response).toMatchObject({ content: '', finishReason: 'tool_calls', warnings: [] })
      const more = model === 'qwen3-coder' ? { metric: true, days: 3 } : {}
      expect(response.toolCalls).toMatchObject([
        { name: 'get_weather', arguments: { city: 'Paris', ...more } },
      ])
      const [toolCall] = response.toolCalls
      expect(events).toEqual([{ type: 'tool_call', toolCall }, { type: 'completion' }])
    }
  })

  it('nothing that only resembles a call is taken out of the text, and nothing in the reasoning counts', async () => {
    const foreign = '<tool_call>\n{"name": "nobody", "arguments": {}}\n</tool_call>'
    const quoted = `Write \`<tool_call>\` or\n\`\`\`\n${written}\n\`\`\`\n`
    for (const answer of [foreign, quoted, 'a <tool> or a [TOOL] {"name": 1}']) {
      const server = await answering(saying(...answer))
      const response = await providerOf(server).chat({ ...request, toolMode: 'prompted' })
      expect(response).toMatchObject({ content: answer, toolCalls: [] })
    }
    const server = await answering(saying(`<think>${written}</think>`, 'No.'))
    const response = await providerOf(server).chat({ ...request, toolMode: 'prompted' })
    expect(response).toMatchObject({ content: 'No.', reasoning: written, toolCalls: [] })
  })

  it('the history has no message of a tool', async () => {
    const server = await answering(saying('Sunny.'))
    const call = {
      id: '1',
      name: 'get_weather',
      rawArguments: '{"city":"Paris"}',
      arguments: { city: 'Paris' },
    }
    const messages: ChatRequest['messages'] = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: null, toolCalls: [call] },
      { role: 'tool', toolCallId: '1', content: 'sunny' },
    ]
    await providerOf(server).chat({ messages, tools, toolMode: 'prompted' })
    const [system, ...others] = sent(server)[0]?.messages ?? []
    expect(system?.content).toMatch(/^Be short\.\n\n.*get_weather/s)
    expect(others).toEqual([
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: expect.stringContaining('"name": "get_weather"') },
      { role: 'user', content: expect.stringContaining('sunny') },
    ])
  })

  it('a choice is asked for, and held to', async () => {
    const server = await answering(saying(written, '\n', written), saying('Hello'))
    const provider = providerOf(server)
    const named = { ...request, toolMode: 'prompted', toolChoice: { name: 'get_time' } } as const
    const against = await provider.chat(named)
    expect(sent(server)[0]?.messages[0]?.content).toMatch(/must call the function get_time/)
    expect(sent(server)[0]?.messages[0]?.content).not.toContain('get_weather')
    expect(against.toolCalls).toMatchObject([
      { invalid: expect.any(String) },
      { invalid: expect.any(String) },
    ])
    const required = await provider.chat({ ...request, toolMode: 'prompted', toolChoice: 'required' })
    expect(codes(required)).toEqual(['tool_choice'])
    await provider.chat({ ...request, toolMode: 'prompted', toolChoice: 'none' })
    expect(sent(server)[2]?.messages).toEqual([{ role: 'user', content: 'hello' }])
  })

  it('one call is kept where no more were wanted, and markup where it was', async () => {
    const server = await answering(saying(written, '\n', written))
    const only = { ...request, toolMode: 'prompted', parallelToolCalls: false, keepToolMarkup: true } as const
    const response = await providerOf(server).chat(only)
    expect(response.toolCalls).toHaveLength(1)
    expect(codes(response)).toEqual(['parallel_tool_calls'])
    expect(response.content).toContain('<tool_call>')
  })

  it('a tool has the name that the caller gave it', async () => {
    const server = await answering(saying('<tool_call>{"name": "a_b", "arguments": {}}</tool_call>'))
    const odd = { ...asking('hello'), tools: [{ name: 'a.b' }], toolMode: 'prompted' } as const
    expect((await providerOf(server).chat(odd)).toolCalls).toMatchObject([{ name: 'a.b', arguments: {} }])
  })
})

describe('a server that takes no tools', () => {
  it.each([
    ['Ollama', 400, REFUSAL],
    ['llama.cpp', 500, { error: { code: 500, message: 'tools param requires --jinja flag' } }],
    [
      'vLLM',
      400,
      {
        error: {
          message: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        },
      },
    ],
    ['OpenRouter', 404, { error: { message: 'No endpoints found that support tool use.', code: 404 } }],
    ['any', 400, { error: { message: "Unknown parameter: 'tools'.", param: 'tools' } }],
    ['any other', 501, { error: 'Tools are not supported' }],
  ])('is told of them in the prompt, and from then on at once: %s', async (_name, status, body) => {
    const server = await answering(json(body, status), saying(written), saying('Hello'))
    const provider = providerOf(server)
    const { events, onProgress } = listener()
    const response = await provider.chat({ ...request, toolChoice: 'required', onProgress })
    expect(response.toolCalls).toMatchObject([{ name: 'get_weather', arguments: { city: 'Paris' } }])
    expect(codes(response)).toEqual(['tools_in_prompt'])
    expect(response.timings.attempts).toBe(2)
    expect(events.map(({ type }) => type)).toEqual(['warning', 'tool_call', 'completion'])
    expect(codes(await provider.chat(request))).toEqual(['tools_in_prompt'])
    expect(codes(await provider.chat(asking('hello')))).toEqual([])
    expect(sent(server).map((chat) => chat.tools)).toEqual([2, undefined, undefined, undefined])
    expect(sent(server)[3]?.messages).toHaveLength(1)
  })

  it('for one model may take them for another', async () => {
    const server = await answering(json(REFUSAL, 400), saying('Hello'))
    const provider = providerOf(server)
    await provider.chat(request)
    await provider.chat({ ...request, model: 'other' })
    expect(sent(server).map((chat) => chat.tools)).toEqual([2, undefined, 2])
  })

  it('is told of a history of tools in words, also where none are offered', async () => {
    const server = await answering(json(REFUSAL, 400), saying('Hello'))
    const provider = providerOf(server)
    await provider.chat(request)
    const call: ToolCall = { id: '1', name: 'get_time', rawArguments: '{}', arguments: {} }
    const messages = [
      ...request.messages,
      { role: 'assistant', content: null, toolCalls: [call] },
      { role: 'tool', toolCallId: '1', content: 'noon' },
    ] as const
    expect(codes(await provider.chat({ messages }))).toEqual([])
    expect(sent(server)[2]?.messages.map((message) => message.role)).toEqual(['user', 'assistant', 'user'])
  })

  it('stays an error where only the native way is wanted', async () => {
    const server = await answering(json(REFUSAL, 400))
    const error = await failureOf(providerOf(server).chat({ ...request, toolMode: 'native' }))
    expect(error.message).toBe('m does not support tools')
    expect(error.hint).toContain("toolMode: 'auto'")
    expect(server.chats).toHaveLength(1)
  })

  it('may still refuse something else', async () => {
    const server = await answering(json(REFUSAL, 400), json({ error: 'no' }, 400))
    expect((await failureOf(providerOf(server).chat(request))).message).toBe('no')
    expect(server.chats).toHaveLength(2)
  })

  const props = (supports_tools: boolean) => ({
    default_generation_settings: { n_ctx: 8192 },
    build_info: 'b1',
    chat_template_caps: { supports_tools },
  })
  const list = { data: [{ id: 'm', supported_parameters: ['temperature'] }] }

  it.each([
    ["llama.cpp, of the model's template", LlamaCppProvider, 'GET /props', props(false), undefined],
    ['llama.cpp, of one that has a place for them', LlamaCppProvider, 'GET /props', props(true), 2],
    ["OpenRouter, of the model's parameters", OpenRouterProvider, 'GET /v1/models', list, undefined],
    ['one that may still take them', OpenAICompatibleProvider, 'GET /v1/models', list, 2],
  ] as const)('is known by its own word: %s', async (_name, Provider, question, told, offered) => {
    const server = (await answering(saying('Hello'))).answersTo(question, json(told))
    const provider = new Provider({ baseURL: server.baseURL, model: 'm', apiKey: 'k' })
    await provider.listModels()
    const asked = server.questions.length
    const response = await provider.chat(request)
    expect(sent(server).map((chat) => chat.tools)).toEqual([offered])
    expect(codes(response)).toEqual(offered === undefined ? ['tools_in_prompt'] : [])
    expect(server.questions).toHaveLength(asked)
    await provider.close()
  })
})

describe('a server that cannot read what its own model calls', () => {
  const inStream: Answer = { chunks: [role, `event: error\ndata: ${JSON.stringify(GARBLED)}\n\n`] }

  it.each([
    ['before the stream', json(GARBLED, 400)],
    ['in the stream', inStream],
    ['after reasoning', { chunks: [role, chunk({ reasoning_content: 'Hm' }), ...(inStream.chunks ?? [])] }],
    [
      'llama.cpp',
      json({ error: { code: 500, message: 'Failed to parse input at pos 12: </tool_call>' } }, 500),
    ],
    [
      'vLLM',
      json(
        { message: '1 validation error for list[function-wrap[__log_extra_fields__()]]\n Invalid JSON' },
        400,
      ),
    ],
  ] as const)('is asked once more: %s', async (_name, garbled) => {
    const server = await answering(garbled, saying('Hello'))
    const response = await providerOf(server).chat(request)
    expect(response).toMatchObject({ content: 'Hello', timings: { attempts: 2 } })
    expect(codes(response)).toEqual(['garbled_call'])
    expect(server.chats[1]?.body).toBe(server.chats[0]?.body)
  })

  it('is asked without tools, the third time, and not the next', async () => {
    const server = await answering(json(GARBLED, 400), inStream, saying(written), saying('Hello'))
    const provider = providerOf(server)
    const response = await provider.chat(request)
    expect(response.toolCalls).toMatchObject([{ name: 'get_weather', arguments: { city: 'Paris' } }])
    expect(codes(response)).toEqual(['garbled_call', 'tools_in_prompt'])
    await provider.chat(request)
    expect(sent(server).map((chat) => chat.tools)).toEqual([2, 2, undefined, 2])
  })

  it('is told of no tools where they were only wanted in the native way', async () => {
    const server = await answering(json(GARBLED, 400), json(GARBLED, 400), saying('Hello'))
    const response = await providerOf(server).chat({ ...request, toolMode: 'native' })
    expect(codes(response)).toEqual(['garbled_call', 'tools_left_out'])
    expect(sent(server)[2]).toEqual({ tools: undefined, messages: [{ role: 'user', content: 'hello' }] })
  })

  it('is not asked a fourth time', async () => {
    const server = await answering(json(GARBLED, 400))
    const error = await failureOf(providerOf(server).chat(request))
    expect(error).toMatchObject({ message: GARBLED.error.message, attempts: 3 })
    expect(server.chats).toHaveLength(3)
  })

  it.each([
    ['text', text('Let me see.')],
    [
      'a call',
      chunk({ tool_calls: [{ index: 0, id: 'a', function: { name: 'get_time', arguments: '{"a":1}' } }] }) +
        chunk({ tool_calls: [{ index: 1, id: 'b', function: { name: 'get_time', arguments: '{' } }] }),
    ],
  ])('is not asked again once %s was handed out', async (_name, first) => {
    const server = await answering({ chunks: [role, first, ...(inStream.chunks ?? []).slice(1)] })
    await failureOf(providerOf(server).chat(request))
    expect(server.chats).toHaveLength(1)
  })

  it('is not asked again where no tools were offered', async () => {
    const server = await answering(json(GARBLED, 400))
    await failureOf(providerOf(server).chat(asking('hello')))
    expect(server.chats).toHaveLength(1)
  })
})
