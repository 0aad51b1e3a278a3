import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError, fallback, OpenAICompatibleProvider } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf, thrownBy } from './support/witness.js'

type Ask = (provider: OpenAICompatibleProvider, request: never) => Promise<unknown>

/** All that take a conversation. */
const chats: [string, Ask][] = [
  ['chat', (provider, request) => provider.chat(request)],
  ['stream', (provider, request) => provider.stream(request).response()],
  ['runTools', (provider, request) => provider.runTools(request)],
  ['countTokens', (provider, request) => provider.countTokens(request)],
]
/** A provider that has answers to give. */
let said: OpenAICompatibleProvider
beforeEach(async () => {
  said = providerOf((await startScriptedServer()).answersChats({ chunks: answer('Hello') }))
})
const query: Ask = (provider, request) => provider.query(request)
const complete: Ask = (provider, request) => provider.complete(request)

const call = { id: 'a', name: 'f', rawArguments: '{}', arguments: {} }
const openAIs = { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }

/** What a wrong request is told, of which nothing may be sent. */
async function toldOf(ask: Ask, request: object): Promise<{ message: string; hint: string | undefined }> {
  const server = (await startScriptedServer()).answersChats({ chunks: answer('Hello') })
  const error = await failureOf((async () => await ask(providerOf(server), request as never))())
  expect(error).toBeInstanceOf(ConfigurationError)
  expect(server.chats).toEqual([])
  const { message, hint } = error
  return { message, hint }
}

describe.each(chats)('%s', (name, ask) => {
  it.each([
    ['prompt', 'hello', /messages: \[\{ role: 'user'/],
    ['systemPrompt', 'Be brief', /messages: \[\{ role: 'system'/],
    ['history', [], /`\[\.\.\.history, …\]`/],
    ['images', ['data:,'], /\{ type: 'image', image \}/],
    ['suffix', 'x', /`complete`/],
    ['system', 'Be brief', /messages: \[\{ role: 'system'/],
    ['abortSignal', {}, /`signal`/],
    ['maxOutputTokens', 5, /`maxTokens`/],
    ['headers', {}, /configuration: write `headers` there/],
  ])('says where `%s` belongs, which it does not take', async (field, value, hint) => {
    const told = await toldOf(ask, { ...asking('hello'), [field]: value })
    expect(told.message).toBe(`\`${field}\` is no field of \`${name}\``)
    expect(told.hint).toMatch(hint)
  })

  it.each<[string, object, RegExp, RegExp]>([
    [
      'tool_calls',
      { role: 'assistant', content: null, tool_calls: [openAIs] },
      /`messages\[1\].tool_calls` is no field/,
      /`toolCalls`/,
    ],
    [
      'a call in it',
      { role: 'assistant', content: null, toolCalls: [openAIs] },
      /`messages\[1\].toolCalls` has a call as other packages write it/,
      /rawArguments/,
    ],
    [
      'tool_call_id',
      { role: 'tool', toolCallId: 'a', tool_call_id: 'a', content: '' },
      /`messages\[1\].tool_call_id` is no field/,
      /`toolCallId`/,
    ],
    [
      'function_call',
      { role: 'assistant', content: null, function_call: {} },
      /`messages\[1\].function_call`/,
      /`toolCalls`/,
    ],
    [
      'reasoning_content',
      { role: 'assistant', content: '', reasoning_content: 'Hm' },
      /reasoning_content/,
      /`reasoning`/,
    ],
    [
      'images',
      { role: 'user', content: 'hello', images: ['AAAA'] },
      /`messages\[1\].images` is no field/,
      /type: 'image'/,
    ],
    [
      'image_url',
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] },
      /`messages\[1\].content\[0\].type` is none of/,
      /type: 'image'/,
    ],
    [
      'input_audio',
      { role: 'user', content: [{ type: 'input_audio', input_audio: {} }] },
      /`messages\[1\].content\[0\].type` is none of/,
      /type: 'audio'/,
    ],
  ])('says how to write %s of other packages', async (_field, message, words, hint) => {
    const told = await toldOf(ask, { messages: [...asking('hello').messages, message] })
    expect(told.message).toMatch(words)
    expect(told.hint).toMatch(hint)
  })

  it.each<[string, object, RegExp]>([
    ['nothing', {}, /^`messages` must be a list of at least one message, not undefined/],
    ['none', { messages: [] }, /not an empty one/],
    ['one message', { messages: asking('hello').messages[0] }, /not an object/],
    ['a text', { messages: 'hello' }, /not the text "hello"/],
    ['a set', { messages: new Set(asking('hello').messages) }, /not an object/],
    ['the list itself', asking('hello').messages, /^The request must be an object, not a list/],
  ])('says how messages are given, by one provider and by several: %s', async (_given, request, words) => {
    const hint = /messages: \[\{ role: 'user', content: … \}\]/
    const told = await toldOf(ask, request)
    expect(told.message).toMatch(words)
    expect(told.hint).toMatch(hint)
    const onFallback = vi.fn()
    const ofSeveral = await toldOf((provider, given) => {
      return ask(fallback([provider, provider], { onFallback }) as OpenAICompatibleProvider, given)
    }, request)
    expect(ofSeveral).toEqual(told)
    expect(onFallback).not.toHaveBeenCalled()
  })

  it.each<[string, () => unknown, RegExp, RegExp]>([
    ['an answer', () => said.chat(asking('hello')), /is an answer, not a message/, /`response\.message`/],
    [
      'the answer of a loop',
      () => said.runTools(asking('hello')),
      /is an answer, not a message/,
      /`\.\.\.response\.messages`/,
    ],
    ['a promise', () => [Promise.resolve({})], /is a promise, not a message/, /^Await it/],
    ['a stream', () => said.stream(asking('hello')), /is a stream, not a message/, /response\(\)\)\.message/],
    ['a list', () => [asking('hello').messages], /is a list, not a message/, /`\[\.\.\.messages/],
  ])('says what to append in place of %s', async (_given, make, words, hint) => {
    const made = await make()
    const [wrong] = Array.isArray(made) ? made : [made]
    const told = await toldOf(ask, { messages: [...asking('hello').messages, wrong] })
    expect(told.message).toMatch(/^`messages\[1\]` /)
    expect(told.message).toMatch(words)
    expect(told.hint).toMatch(hint)
  })
})

describe('query', () => {
  it.each<[object, RegExp, RegExp]>([
    [asking('hello'), /`messages` is no field of `query`/, /`history`/],
    [{ suffix: 'x' }, /`suffix` is no field of `query`/, /`complete`/],
    [{ system: 'x' }, /`system` is no field of `query`/, /`systemPrompt`/],
    [{ reasoningEffort: 'low' }, /`reasoningEffort` is no field/, /`reasoning`/],
    [{ systemPrompt: ['Be brief'] }, /`systemPrompt` must be a string, not a list/, /^$/],
    [{ history: 'y' }, /`history` must be a list of messages, not the text "y"/, /^$/],
    [{ history: [[]] }, /`history\[0\]` is a list, not a message/, /Spread it/],
    [{ history: {} }, /`history` must be a list of messages, not an object/, /^$/],
    [
      { history: [{ role: 'assistant', content: null, tool_calls: [openAIs] }] },
      /`history\[0\].tool_calls`/,
      /./,
    ],
  ])('says what is wrong with %j', async (fields, words, hint) => {
    const told = await toldOf(query, { prompt: 'hello', ...fields })
    expect(told.message).toMatch(words)
    expect(told.hint ?? '').toMatch(hint)
  })
})

describe('a configuration', () => {
  const made = (config: object) => () => new OpenAICompatibleProvider(config as never)

  it.each([
    ['url', 'http://box', '`baseURL`'],
    ['temperature', 0, '`defaults: { temperature }`'],
    ['maxRetries', 0, '`retry: { maxRetries }`'],
  ])('says where `%s` belongs', (field, value, hint) => {
    const error = thrownBy(made({ [field]: value }))
    expect(error).toMatchObject({ code: 'configuration', hint: `Write ${hint}.` })
  })

  it('of a class of one’s own has what fields it likes', () => {
    class Own extends OpenAICompatibleProvider {
      static override readonly definition = {
        name: 'own',
        displayName: 'Own',
        baseURL: 'http://localhost:1/v1',
      }
    }
    expect(new Own({ url: 'http://box' } as never).baseURL).toBe('http://localhost:1/v1')
  })
})

describe('complete', () => {
  it.each([
    'responseFormat',
    'tools',
    'toolChoice',
    'messages',
    'systemPrompt',
    'history',
    'images',
    'reasoning',
  ])('says that `%s` is for chats', async (field) => {
    const told = await toldOf(complete, { prompt: 'x', [field]: [] })
    expect(told.message).toBe(`\`${field}\` is no field of \`complete\``)
    expect(told.hint).toMatch(/for chats only/)
  })
})

it('takes such fields where nothing stands in them, and what a host has for itself', async () => {
  const server = (await startScriptedServer()).answersChats({ chunks: answer('Hello') })
  const provider = providerOf(server)
  const messages = [
    ...asking('hello').messages,
    { role: 'assistant', content: 'Hi', tool_calls: undefined, toolCalls: [call], at: Date.now() },
    { role: 'tool', toolCallId: 'a', content: 'x', tool_call_id: null },
  ]
  const request = { messages, images: undefined, history: null, ofTheHost: true }
  expect((await provider.chat(request as never)).content).toBe('Hello')
  expect(await provider.query({ prompt: 'x', messages: undefined, history: messages } as never)).toBe('Hello')
})
