import { afterEach, describe, expect, it, vi } from 'vitest'
import { OpenAIProvider, type ProviderConfig } from '../../index.js'
import { behavesAsHosted, greeting, sendsHeaders } from '../support/hosted.js'
import { asking } from '../support/provider.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'
import { answer, chunk, done, event, refusal, text } from '../support/wire.js'
import { failureOf, KEY } from '../support/witness.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const variables = { key: 'OPENAI_API_KEY', url: 'OPENAI_BASE_URL' }

function providerOf(server: ScriptedServer, config: ProviderConfig = {}): OpenAIProvider {
  return new OpenAIProvider({ baseURL: server.baseURL, apiKey: KEY, model: 'o', retry: false, ...config })
}

/** As OpenAI refuses what a reasoning model does not take. */
function unsupported(field: string): Answer {
  const message = `Unsupported parameter: '${field}' is not supported with this model.`
  const more = { type: 'invalid_request_error', param: field, code: 'unsupported_parameter' }
  return json(refusal(message, more), 400)
}

const hello = { chunks: answer('Hello') }

describe('OpenAI', () => {
  behavesAsHosted(OpenAIProvider, 'https://api.openai.com/v1', variables)
  sendsHeaders(OpenAIProvider, variables, {
    'openai-organization': 'OPENAI_ORG_ID',
    'openai-project': 'OPENAI_PROJECT_ID',
  })

  it('is told the limit of an answer by its newer name', async () => {
    const server = await greeting()
    const provider = providerOf(server, { defaults: { maxTokens: 256 } })
    await provider.query({ prompt: 'hello' })
    await provider.query({ prompt: 'hello', maxTokens: 9 })
    await provider.query({ prompt: 'hello', maxTokens: 9, extraBody: { max_completion_tokens: 7 } })
    await providerOf(server).query({ prompt: 'hello', maxTokens: 9, extraBody: { max_tokens: 7 } })
    expect(server.chats.map((chat) => [chat.json.max_tokens, chat.json.max_completion_tokens])).toEqual([
      [undefined, 256],
      [undefined, 9],
      [undefined, 7],
      [7, undefined],
    ])
  })

  it('is told the limit of a text completion by the name that it has there', async () => {
    const server = await startScriptedServer()
    server.answersChats({
      chunks: [event({ choices: [{ index: 0, text: 'b', finish_reason: 'stop' }] }), done],
    })
    const provider = providerOf(server, { defaults: { maxTokens: 256 } })
    await provider.complete({ prompt: 'a' })
    await provider.complete({ prompt: 'a', maxTokens: 9 })
    expect(server.chats.map((chat) => [chat.json.max_tokens, chat.json.max_completion_tokens])).toEqual([
      [256, undefined],
      [9, undefined],
    ])
  })

  it('is told of developers and systems as they are', async () => {
    const server = await greeting()
    const messages = (['developer', 'system', 'user'] as const).map((role) => ({ role, content: role }))
    const { warnings } = await providerOf(server).chat({ messages })
    expect(server.chats[0]?.json.messages).toEqual(messages)
    expect(warnings).toEqual([])
  })

  it('is sent what only it knows', async () => {
    const server = await greeting()
    const extraBody = {
      service_tier: 'flex',
      store: false,
      verbosity: 'low',
      reasoning_effort: 'minimal',
    } as const
    await providerOf(server).query({ prompt: 'hello', extraBody })
    expect(server.chats[0]?.json).toMatchObject(extraBody)
  })
})

describe('what a reasoning model refuses', () => {
  const options = { temperature: 0.2, topP: 0.9, maxTokens: 5 }

  it('is left out, with a request more for each field, and remembered for that model', async () => {
    const server = await startScriptedServer()
    server.answersChats(unsupported('temperature'), unsupported('top_p'), hello)
    const provider = providerOf(server)
    const told = async (model?: string) => {
      const { warnings, timings } = await provider.chat({ ...asking('hello'), ...options, model })
      expect(warnings.every(({ code }) => code === 'refused_field')).toBe(true)
      return [timings.attempts, ...warnings.map(({ message }) => message)]
    }
    const warnings = [
      'The server refuses `temperature`; it is left out.',
      'The server refuses `top_p`; it is left out.',
    ]
    expect(await told()).toEqual([3, ...warnings])
    expect(await told()).toEqual([1, ...warnings])
    expect(await told('other')).toEqual([1])
    expect(server.chats.map((chat) => [chat.json.model, chat.json.temperature, chat.json.top_p])).toEqual([
      ['o', 0.2, 0.9],
      ['o', undefined, 0.9],
      ['o', undefined, undefined],
      ['o', undefined, undefined],
      ['other', 0.2, 0.9],
    ])
    expect(server.chats.map((chat) => chat.json.max_completion_tokens)).toEqual(Array(5).fill(5))
  })

  it('is told of in events, each field by itself', async () => {
    const server = await startScriptedServer()
    server.answersChats(unsupported('temperature'), unsupported('top_p'), hello)
    const events: string[] = []
    const onProgress = (told: { type: string; message?: string }) => {
      if (told.type === 'warning') events.push(told.message ?? '')
    }
    await providerOf(server).query({ prompt: 'hello', ...options, onProgress })
    expect(events.map((message) => message.split('`')[1])).toEqual(['temperature', 'top_p'])
  })

  it('is not asked for again once something of the answer has come', async () => {
    const server = await startScriptedServer()
    const broken = JSON.parse(refusal("'temperature' is not supported", { param: 'temperature', code: 400 }))
    server.answersChats({ chunks: [text('Hel'), chunk({}, null, broken)] }, hello)
    const error = await failureOf(providerOf(server).query({ prompt: 'hello', ...options }))
    expect(error).toMatchObject({ partial: { content: 'Hel' }, attempts: 1 })
    expect(server.chats).toHaveLength(1)
  })

  it('has a name of its own where another says the same', async () => {
    const server = await startScriptedServer()
    server.answersChats(unsupported('max_completion_tokens'), hello)
    const { warnings } = await providerOf(server).chat({ ...asking('hello'), maxTokens: 5 })
    expect(server.chats.map((chat) => [chat.json.max_tokens, chat.json.max_completion_tokens])).toEqual([
      [undefined, 5],
      [5, undefined],
    ])
    expect(warnings.map(({ message }) => message)).toEqual([
      'The server refuses `max_completion_tokens`; it is sent as `max_tokens`.',
    ])
  })

  it.each([
    ['system', 'developer'],
    ['developer', 'system'],
  ] as const)('may be the role %s, which is then sent as %s', async (from, to) => {
    const message = `Unsupported value: 'messages[0].role' does not support '${from}' with this model.`
    const refused = refusal(message, { param: 'messages[0].role', code: 'unsupported_value' })
    const server = await startScriptedServer()
    server.answersChats(json(refused, 400), hello)
    const messages = [
      { role: from, content: 'Be brief.' },
      { role: 'user', content: 'hello' },
    ] as const
    const provider = providerOf(server)
    for (const attempts of [2, 1]) {
      const { warnings, timings } = await provider.chat({ messages })
      expect(timings.attempts).toBe(attempts)
      expect(warnings).toMatchObject([
        { message: `The server refuses the role \`${from}\`; it is sent as \`${to}\`.` },
      ])
    }
    const roles = server.chats.map((chat) => (chat.json.messages as { role: string }[])[0]?.role)
    expect(roles).toEqual([from, to, to])
  })

  it('is another thing than a value that is wrong', async () => {
    const server = await startScriptedServer()
    const message =
      "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 5 instead."
    const more = { type: 'invalid_request_error', param: 'temperature', code: 'decimal_above_max_value' }
    server.answersChats(json(refusal(message, more), 400), hello)
    const error = await failureOf(providerOf(server).query({ prompt: 'hello', temperature: 5 }))
    expect(error).toMatchObject({ code: 'invalid_request', message, attempts: 1 })
  })

  it('is the caller’s to see where nothing can be left out, or it is refused once more', async () => {
    const server = await startScriptedServer()
    server.answersChats(unsupported('temperature'))
    const provider = providerOf(server)
    const error = await failureOf(provider.query({ prompt: 'hello', temperature: 1 }))
    expect(error).toMatchObject({ code: 'invalid_request', attempts: 2 })
    server.answersChats(unsupported('messages'))
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({ attempts: 1 })
  })

  it('is not what the hook puts in, whom the changed body is shown again', async () => {
    const shown: unknown[] = []
    class Insisting extends OpenAIProvider {
      protected override requestBody(body: Record<string, unknown>): Record<string, unknown> {
        shown.push(body.temperature)
        return { ...body, temperature: 1 }
      }
    }
    const server = await startScriptedServer()
    server.answersChats(unsupported('temperature'))
    const provider = new Insisting({ baseURL: server.baseURL, apiKey: KEY, model: 'o' })
    await failureOf(provider.query({ prompt: 'hello', temperature: 0.5 }))
    expect(shown).toEqual([0.5, undefined])
    expect(server.chats.map((chat) => chat.json.temperature)).toEqual([1, 1])
  })

  it('is found by each of two calls at once', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const calls = [1, 2].map(() => provider.chat({ ...asking('hello'), temperature: 1 }))
    const first = [await server.nextChat(), await server.nextChat()]
    await Promise.all(first.map((exchange) => exchange.play(unsupported('temperature'))))
    const second = [await server.nextChat(), await server.nextChat()]
    await Promise.all(second.map((exchange) => exchange.end(...answer('Hello'), done)))
    for (const { warnings } of await Promise.all(calls)) expect(warnings).toHaveLength(1)
    expect(server.chats.map((chat) => chat.json.temperature)).toEqual([1, 1, undefined, undefined])
  })
})
