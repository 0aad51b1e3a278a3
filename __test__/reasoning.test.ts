import { describe, expect, it } from 'vitest'
import {
  type ChatMessage,
  ConfigurationError,
  createProvider,
  type OpenAICompatibleProvider,
  OpenRouterProvider,
} from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { answer, chunk, done, finish, refusal } from './support/wire.js'
import { failureOf, KEY } from './support/witness.js'

const hello = { chunks: answer('Hello!') }

function openRouter(server: ScriptedServer): OpenRouterProvider {
  return new OpenRouterProvider({ baseURL: server.baseURL, apiKey: KEY, model: 'm', retry: false })
}

/** What the server was told, beside what every request has. */
function told(server: ScriptedServer): object[] {
  return server.chats.map((chat) => {
    const {
      model: _model,
      messages: _messages,
      stream: _stream,
      stream_options: _options,
      ...rest
    } = chat.json
    return rest
  })
}

function messagesOf(server: ScriptedServer, chat: number): ChatMessage[] {
  return (server.chats[chat]?.json.messages ?? []) as ChatMessage[]
}

async function serverOf(...answers: Parameters<ScriptedServer['answersChats']>) {
  const server = await startScriptedServer()
  server.answersChats(...answers)
  return server
}

describe('the option `reasoning`', () => {
  it('is not sent where nobody set it', async () => {
    const server = await serverOf(hello)
    await providerOf(server).chat(asking('hello'))
    expect(told(server)).toEqual([{}])
  })

  it('is the call’s, else the provider’s, in the fields of the server', async () => {
    const server = await serverOf(hello)
    const provider = openRouter(server)
    await provider.query({ prompt: 'hello', reasoning: 'high' })
    await provider.chat({ ...asking('hello'), reasoning: false })
    const thoughtful = createProvider('openrouter', {
      baseURL: server.baseURL,
      apiKey: KEY,
      model: 'm',
      defaults: { reasoning: true },
    })
    await thoughtful.chat(asking('hello'))
    await thoughtful.chat({ ...asking('hello'), reasoning: 'low' })
    expect(told(server)).toEqual([
      { reasoning: { effort: 'high' } },
      { reasoning: { enabled: false } },
      { reasoning: { enabled: true } },
      { reasoning: { effort: 'low' } },
    ])
  })

  it('takes nothing away that `extraBody` says', async () => {
    const server = await serverOf(hello)
    const extraBody = { chat_template_kwargs: { enable_thinking: true, style: 'dry' } }
    await providerOf(server).chat({ ...asking('hello'), reasoning: false, extraBody })
    expect(told(server)).toEqual([
      { chat_template_kwargs: { enable_thinking: true, style: 'dry', thinking: false } },
    ])
  })

  it('becomes what the model takes, and is remembered', async () => {
    const words = "Unsupported value: 'none' is not supported. Supported values are: 'low' and 'high'."
    const server = await serverOf(json(refusal(words, { param: 'reasoning_effort' }), 400), hello)
    const provider = createProvider('openai', { baseURL: server.baseURL, apiKey: KEY, model: 'm' })
    for (const _ of [1, 2]) {
      const { warnings } = await provider.chat({ ...asking('hello'), reasoning: false })
      expect(warnings).toEqual([{ code: 'refused_field', message: expect.stringContaining('`low`') }])
    }
    expect(told(server)).toEqual(['none', 'low', 'low'].map((reasoning_effort) => ({ reasoning_effort })))
  })

  it('is left out where the server cannot be told, with a warning', async () => {
    const server = await serverOf(hello)
    const provider = createProvider('tgi', { baseURL: server.baseURL, model: 'm' })
    const { warnings } = await provider.chat({ ...asking('hello'), reasoning: true })
    expect(warnings.map(({ code }) => code)).toEqual(['left_out'])
    expect(told(server)).toEqual([{}])
  })

  it('is told of the nearest effort that the server knows', async () => {
    const server = await serverOf(hello)
    const { warnings } = await providerOf(server).chat({ ...asking('hello'), reasoning: 'minimal' })
    expect(told(server)).toMatchObject([{ reasoning_effort: 'low' }])
    expect(warnings).toMatchObject([
      { code: 'refused_field', message: expect.stringContaining('`low` is sent') },
    ])
  })

  it('has to be one of its values', async () => {
    const server = await serverOf(hello)
    const error = await failureOf(
      providerOf(server).chat({ ...asking('hello'), reasoning: 'extreme' as 'high' }),
    )
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toContain('as `reasoning`')
    expect(server.chats).toEqual([])
  })
})

describe('an answer in the history', () => {
  const detail = (more: object) =>
    chunk({ reasoning_details: [{ type: 'reasoning.text', index: 0, ...more }] })
  const call = { index: 0, id: 'a', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
  const calling = (...pieces: string[]) => ({
    chunks: [...pieces, chunk({ tool_calls: [call] }), chunk({}, 'tool_calls'), done],
  })
  const tools = [{ name: 'add', execute: () => 2 }]
  /** What the second request says of the first answer. */
  const given = (server: ScriptedServer) => messagesOf(server, 1)[1]

  it('goes back with what the server wants to see again, put together', async () => {
    const server = await serverOf(
      calling(detail({ text: 'Let' }), detail({ text: ' me' }), detail({ signature: 's' })),
      hello,
    )
    const { messages } = await openRouter(server).runTools({ ...asking('1 + 1'), tools })
    const details = [{ type: 'reasoning.text', index: 0, text: 'Let me', signature: 's' }]
    expect(messages[0]).toMatchObject({
      reasoning: 'Let me',
      providerData: { openrouter: { reasoning_details: details } },
    })
    expect(given(server)).toMatchObject({ role: 'assistant', reasoning_details: details })
    expect(given(server)).not.toHaveProperty('reasoning')
  })

  it('goes to another server without it', async () => {
    const [first, second] = [
      await serverOf({ chunks: [detail({ text: 'hm' }), finish, done] }),
      await serverOf(hello),
    ]
    const { message } = await openRouter(first).chat(asking('hello'))
    await providerOf(second).chat({ messages: [message, ...asking('more').messages] })
    expect(second.chats[0]?.json.messages).toEqual([
      { role: 'assistant', content: '' },
      { role: 'user', content: 'more' },
    ])
  })

  it('has the signature of a call where the server gave it', async () => {
    const extra_content = { google: { thought_signature: 's' } }
    const signed = chunk({ tool_calls: [{ ...call, extra_content }] })
    const server = await serverOf({ chunks: [signed, chunk({}, 'tool_calls'), done] }, hello)
    await providerOf(server).runTools({ ...asking('1 + 1'), tools })
    expect(given(server)).toMatchObject({ tool_calls: [{ id: 'a', extra_content }] })
  })

  it('takes its reasoning along beside calls of tools alone', async () => {
    const thinking = chunk({ reasoning_content: 'Hm.' })
    const server = await serverOf(calling(thinking), hello)
    await providerOf(server).runTools({ ...asking('1 + 1'), tools })
    expect(given(server)).toMatchObject({ reasoning_content: 'Hm.' })

    const plain = await serverOf({ chunks: [thinking, ...answer('Hello!')] })
    const provider: OpenAICompatibleProvider = providerOf(plain)
    const { message } = await provider.chat(asking('hello'))
    expect(message.reasoning).toBe('Hm.')
    await provider.chat({ messages: [...asking('hello').messages, message, ...asking('more').messages] })
    expect(given(plain)).toEqual({ role: 'assistant', content: 'Hello!' })
  })

  it('goes without its reasoning where the server refuses that', async () => {
    const refused = json(refusal("property 'reasoning_content' is unsupported"), 400)
    const server = await serverOf(calling(chunk({ reasoning_content: 'Hm.' })), refused, hello)
    const { warnings } = await providerOf(server).runTools({ ...asking('1 + 1'), tools })
    expect(warnings.map(({ code }) => code)).toEqual(['left_out_reasoning'])
    const messages = messagesOf(server, 2)
    expect(messages[1]).not.toHaveProperty('reasoning_content')
    expect(messages).toHaveLength(3)
  })
})
