import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type ChatRequest, ConfigurationError, type ProviderConfig, StreamError } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { chunk, finish, role, text } from './support/wire.js'
import { failureOf, listener, thrownBy } from './support/witness.js'

const tools = [{ name: 'get_weather', description: 'Weather' }, { name: 'get_time' }]

/** A call as a whole. */
function call(name: string, args: unknown, id = `id-of-${name}`) {
  const given = typeof args === 'string' ? args : JSON.stringify(args)
  return { id, type: 'function', function: { name, arguments: given } }
}

const calling = (...calls: object[]) => chunk({ tool_calls: calls.map((one, index) => ({ index, ...one })) })

async function answering(...chunks: string[]): Promise<ScriptedServer> {
  return (await startScriptedServer()).answersChats({ chunks: [role, ...chunks, finish] })
}

/** What goes over the wire for a request, and what comes of the answer. */
async function asked(
  request: Omit<ChatRequest, 'messages'> & { messages?: ChatRequest['messages'] },
  answer = [text('Hello')],
  config: ProviderConfig = {},
) {
  const server = await answering(...answer)
  const response = await providerOf(server, config).chat({ ...asking('hello'), ...request })
  return { sent: server.chats[0]?.json as Record<string, unknown>, response, server }
}

const codes = (response: { warnings: { code: string }[] }) => response.warnings.map(({ code }) => code)

describe('a request', () => {
  it('offers tools with their schemas, and says nothing that nobody set', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } } }
    const { sent } = await asked({ tools: [{ name: 'get_weather', parameters, strict: true }] })
    expect(sent.tools).toEqual([
      { type: 'function', function: { name: 'get_weather', parameters, strict: true } },
    ])
    expect(sent).not.toHaveProperty('tool_choice')
    expect(sent).not.toHaveProperty('parallel_tool_calls')
  })

  it.each<[string, ChatRequest['toolChoice'], unknown, string[]]>([
    ['auto', 'auto', 'auto', ['get_weather', 'get_time']],
    ['none', 'none', 'none', ['get_weather', 'get_time']],
    ['required', 'required', 'required', ['get_weather', 'get_time']],
    ['a name, as the only tool that must be called', { name: 'get_time' }, 'required', ['get_time']],
  ])('says which tools may be called: %s', async (_name, toolChoice, said, offered) => {
    const { sent } = await asked({ tools, toolChoice })
    expect(sent.tool_choice).toEqual(said)
    const names = (sent.tools as { function: { name: string } }[]).map((tool) => tool.function.name)
    expect(names).toEqual(offered)
  })

  it.each<[string, object, RegExp, RegExp?]>([
    ['a tool without a name', { tools: [{}] }, /tools\[0\]\.name/],
    ['two tools of one name', { tools: [tools[0], tools[0]] }, /two tools named "get_weather"/],
    ['tools that are no list', { tools: { name: 'f' } }, /`tools` must be a list/],
    [
      'a tool as other packages nest it',
      { tools: [{ type: 'function', function: { name: 'f' } }] },
      /tools\[0\]/,
      /name, description, parameters/,
    ],
    [
      'parameters by another name',
      { tools: [{ name: 'f', inputSchema: {} }] },
      /`tools\[0\]\.inputSchema` is no field/,
      /`parameters`/,
    ],
    [
      'parameters in a text',
      { tools: [{ name: 'f', parameters: '{}' }] },
      /`tools\[0\]\.parameters` must be a JSON Schema, as an object, not the text "\{\}"/,
      /JSON\.parse/,
    ],
    ['parameters in a list', { tools: [{ name: 'f', parameters: [] }] }, /`tools\[0\]\.parameters`/],
    [
      'parameters that are an object of a class',
      { tools: [{ name: 'f', parameters: z.object({}) }] },
      /`tools\[0\]\.parameters` is no JSON Schema/,
      /z\.toJSONSchema/,
    ],
    ['a choice of what is not offered', { tools, toolChoice: { name: 'nope' } }, /`toolChoice` names .*nope/],
    ['a choice without tools', { toolChoice: 'required' }, /needs `tools`/],
    [
      'a choice that is none',
      { tools, toolChoice: 'maybe' },
      /`toolChoice` must be 'auto', 'none', 'required' or \{ name \}, not the text "maybe"/,
      /^$/,
    ],
    ['any choice', { tools, toolChoice: 'any' }, /not the text "any"/, /^Write 'required'/],
    [
      'a bare name as the choice',
      { tools, toolChoice: 'get_time' },
      /`toolChoice`/,
      /^Write \{ name: "get_time" \}/,
    ],
    [
      'a choice as other packages nest it',
      { tools, toolChoice: { type: 'function', function: { name: 'get_time' } } },
      /`toolChoice`.* not an object/,
      /^Write \{ name: "get_time" \}/,
    ],
    ['an empty choice', { tools, toolChoice: {} }, /`toolChoice`/, /^$/],
  ])('with %s is a mistake that is told', async (_name, fields, message, hint = /^/) => {
    const server = await answering()
    const request = async () => providerOf(server).chat({ ...asking('hello'), ...fields } as ChatRequest)
    const error = await failureOf(request())
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(message)
    expect(error.hint ?? '').toMatch(hint)
    expect(server.chats).toEqual([])
  })

  it('is sent again without a choice that the server refuses, and the choice is made here', async () => {
    const server = await startScriptedServer()
    const refused = json({ error: { message: "Invalid tool_choice: 'required'", param: 'tool_choice' } }, 400)
    server.answersChats(refused, { chunks: [role, calling(call('get_time', {})), finish] })
    const provider = providerOf(server)
    const request = { ...asking('hello'), tools, toolChoice: { name: 'get_time' } }
    expect(codes(await provider.chat(request))).toEqual(['refused_field'])
    expect(codes(await provider.chat(request))).toEqual([])
    const [, second, third] = server.chats.map((chat) => chat.json)
    expect(second).not.toHaveProperty('tool_choice')
    expect(second).toEqual(third)
    expect(second?.tools).toHaveLength(1)
  })
})

describe('an answer', () => {
  const args = { city: 'Paris' }

  it('gives each call as an event, as a list, and in the message for the history', async () => {
    const server = await answering(
      text('Let me see.'),
      calling(call('get_weather', args), call('get_time', "{'tz':'CET'}")),
    )
    const { events, onProgress } = listener()
    const response = await providerOf(server).chat({ ...asking('hello'), tools, onProgress })
    const expected = [
      { id: 'id-of-get_weather', name: 'get_weather', rawArguments: '{"city":"Paris"}', arguments: args },
      {
        id: 'id-of-get_time',
        name: 'get_time',
        rawArguments: "{'tz':'CET'}",
        arguments: { tz: 'CET' },
        repaired: true,
      },
    ]
    expect(response).toMatchObject({
      content: 'Let me see.',
      toolCalls: expected,
      finishReason: 'tool_calls',
    })
    expect(response.message).toEqual({ role: 'assistant', content: 'Let me see.', toolCalls: expected })
    expect(codes(response)).toEqual(['tool_arguments'])
    expect(events.filter(({ type }) => type !== 'warning')).toEqual([
      { type: 'message', content: 'Let me see.' },
      ...expected.map((toolCall) => ({ type: 'tool_call', toolCall })),
      { type: 'completion' },
    ])
  })

  it('tells a call while the next is still being written', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream({ ...asking('hello'), tools })
    const events = stream[Symbol.asyncIterator]()
    const chat = await server.nextChat()
    await chat.send(role, calling(call('get_weather', args)))
    const next = { index: 1, ...call('get_time', '{"tz":') }
    await chat.send(chunk({ tool_calls: [next] }))
    expect((await events.next()).value).toMatchObject({ type: 'tool_call', toolCall: { arguments: args } })
    stream.cancel()
    const error = await failureOf(stream.response())
    expect(error.partial?.toolCalls).toMatchObject([
      { name: 'get_weather', arguments: args },
      { name: 'get_time', rawArguments: '{"tz":', invalid: expect.stringMatching(/^cut off/) },
    ])
    expect(error.partial?.toolCalls[1]).not.toHaveProperty('arguments')
  })

  it('goes back into the history as the server takes it', async () => {
    const { response } = await asked({ tools }, [
      calling(call('get_weather', args), call('get_time', "{'tz':'CET'}"), call('get_time', '{"tz":', 'c')),
    ])
    const result = { role: 'tool', toolCallId: 'id-of-get_weather', content: 'sunny' } as const
    const { sent } = await asked({ messages: [...asking('hello').messages, response.message, result], tools })
    const given = (name: string, written: string, id: string) => call(name, written, id)
    expect((sent.messages as unknown[]).slice(1)).toEqual([
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          given('get_weather', '{"city":"Paris"}', 'id-of-get_weather'),
          given('get_time', '{"tz":"CET"}', 'id-of-get_time'),
          given('get_time', '{}', 'c'),
        ],
      },
      { role: 'tool', tool_call_id: 'id-of-get_weather', content: 'sunny' },
    ])
  })

  it('has one call where no more were wanted', async () => {
    const two = [calling(call('get_weather', args), call('get_time', {}))]
    const { response, sent } = await asked({ tools, parallelToolCalls: false }, two)
    expect(sent.parallel_tool_calls).toBe(false)
    expect(response.toolCalls.map(({ name }) => name)).toEqual(['get_weather'])
    expect(codes(response)).toEqual(['parallel_tool_calls'])
  })

  it.each<[string, ChatRequest['toolChoice'], string]>([
    ['any', 'none', 'allowed no calls'],
    ['another tool', { name: 'get_time' }, 'another tool'],
  ])(
    'holds a call of %s against the choice as one that cannot be used',
    async (_name, toolChoice, reason) => {
      const { response } = await asked({ tools, toolChoice }, [calling(call('get_weather', args))])
      expect(response.toolCalls).toMatchObject([
        { rawArguments: '{"city":"Paris"}', invalid: expect.stringContaining(reason) },
      ])
      expect(codes(response)).toContain('tool_choice')
    },
  )

  it('without the call that was wanted says so', async () => {
    const { response } = await asked({ tools, toolChoice: 'required' })
    expect(response).toMatchObject({ content: 'Hello', toolCalls: [], finishReason: 'stop' })
    expect(codes(response)).toEqual(['tool_choice'])
  })

  it('keeps a call of a tool that nobody offered', async () => {
    const { response } = await asked({ tools }, [calling(call('nope', args))])
    expect(response.toolCalls).toMatchObject([{ name: 'nope', arguments: args }])
    expect(codes(response)).toEqual(['unknown_tool'])
  })

  it('of more calls than the limit allows is refused by it', async () => {
    const server = await answering(calling(...Array.from({ length: 4 }, (_, id) => call('f', {}, `${id}`))))
    const error = await failureOf(providerOf(server, { limits: { maxToolCalls: 3 } }).chat(asking('hello')))
    expect(error).toBeInstanceOf(StreamError)
    expect(error.message).toContain('3 tool calls (limits.maxToolCalls)')
    expect(error.partial?.toolCalls).toHaveLength(3)
    const wrong = thrownBy(() => providerOf(server, { limits: { maxToolCalls: 0 } }))
    expect(wrong.message).toContain('limits.maxToolCalls')
  })
})
