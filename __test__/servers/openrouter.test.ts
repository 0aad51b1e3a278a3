import { afterEach, describe, expect, it, vi } from 'vitest'
import { OpenRouterProvider } from '../../index.js'
import { behavesAsHosted, greeting, sendsHeaders } from '../support/hosted.js'
import { asking } from '../support/provider.js'
import { json, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'
import { chunk, done, finish, text } from '../support/wire.js'
import { failureOf, KEY } from '../support/witness.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const variables = { key: 'OPENROUTER_API_KEY', url: 'OPENROUTER_BASE_URL' }

function providerOf(server: ScriptedServer): OpenRouterProvider {
  return new OpenRouterProvider({ baseURL: server.baseURL, apiKey: KEY, model: 'm', retry: false })
}

const generation = { 'X-Generation-Id': 'gen-1' }

describe('OpenRouter', () => {
  behavesAsHosted(OpenRouterProvider, 'https://openrouter.ai/api/v1', variables)
  sendsHeaders(OpenRouterProvider, variables, {
    'http-referer': 'OPENROUTER_SITE_URL',
    'x-title': 'OPENROUTER_APP_NAME',
  })

  it('is told of developers as they are', async () => {
    const server = await greeting()
    const messages = [{ role: 'developer', content: 'Be brief.' }] as const
    await providerOf(server).chat({ messages })
    expect(server.chats[0]?.json.messages).toEqual(messages)
  })

  it('is sent how to route, and what nobody here knows', async () => {
    const server = await greeting()
    const extraBody = {
      provider: { order: ['deepinfra'], allow_fallbacks: false, sort: 'price' },
      models: ['a', 'b'],
      reasoning: { effort: 'low' },
      of_tomorrow: true,
    } as const
    await providerOf(server).query({ prompt: 'hello', extraBody })
    expect(server.chats[0]?.json).toMatchObject(extraBody)
  })

  it('says what an answer cost', async () => {
    const server = await startScriptedServer()
    const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14, cost: 0.000_14 }
    const counted = chunk({}, null, { choices: [], usage })
    server.answersChats({ chunks: [': OPENROUTER PROCESSING\n\n', text('Hello'), finish, counted, done] })
    const response = await providerOf(server).chat(asking('hello'))
    expect(response.usage).toEqual({ inputTokens: 10, outputTokens: 4, totalTokens: 14, cost: 0.000_14 })
  })

  it('hands on what the provider behind it said, and who that is', async () => {
    const server = await startScriptedServer()
    const raw = JSON.stringify({ error: { message: 'boom' } })
    const error = {
      message: 'Provider returned error',
      code: 502,
      metadata: { raw, provider_name: 'DeepInfra' },
    }
    server.answersChats(
      json({ error }, 502, generation),
      json(
        { id: 'gen-1', choices: [{ index: 0, error, finish_reason: 'error', message: { content: '' } }] },
        200,
        generation,
      ),
      { headers: generation, chunks: [text('Hel'), chunk({ content: '' }, 'error', { error })] },
    )
    const provider = providerOf(server)
    const failures = [1, 2, 3].map(() => () => failureOf(provider.query({ prompt: 'hello' })))
    for (const [at, ask] of failures.entries()) {
      expect(await ask()).toMatchObject({
        code: 'server',
        message: 'Provider returned error (DeepInfra): boom',
        requestId: 'gen-1',
        partial: { content: at === 2 ? 'Hel' : '' },
      })
    }
  })

  it('says when a model can be had again, in its body, and when never', async () => {
    const server = await startScriptedServer()
    const busy = (availability: object) =>
      json(
        {
          error: {
            message: 'At capacity.',
            error_type: 'rate_limit_exceeded',
            http_status: 429,
            availability,
          },
        },
        429,
      )
    server.answersChats(busy({ retryable: true, retry_after: 40 }), busy({ retryable: false }))
    const provider = providerOf(server)
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      code: 'rate_limit',
      retryAfter: 40_000,
      retryable: true,
    })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({ retryable: false })
  })

  it('passes on a refusal of the provider behind it: the field is left out', async () => {
    const server = await startScriptedServer()
    const message = "Unsupported parameter: 'temperature' is not supported with this model."
    const raw = JSON.stringify({ error: { message, param: 'temperature', code: 'unsupported_parameter' } })
    const error = {
      message: 'Provider returned error',
      code: 400,
      metadata: { raw, provider_name: 'OpenAI' },
    }
    server.answersChats(json({ error }, 400), { chunks: [text('Hello'), finish, done] })
    const { warnings } = await providerOf(server).chat({ ...asking('hello'), temperature: 0.5 })
    expect(warnings).toMatchObject([{ message: 'The server refuses `temperature`; it is left out.' }])
    expect(server.chats.map((chat) => chat.json.temperature)).toEqual([0.5, undefined])
  })

  it('lists what its models can', async () => {
    const server = await startScriptedServer()
    const model = (id: string, modalities: [string[], string[]], parameters: string[], length?: number) => ({
      id,
      ...(length && { context_length: length }),
      architecture: { input_modalities: modalities[0], output_modalities: modalities[1] },
      top_provider: { context_length: 128_000, max_completion_tokens: 16_384 },
      supported_parameters: parameters,
    })
    server.answersQuestions(
      json({
        data: [
          model('a/sees', [['text', 'image'], ['text']], ['tools', 'reasoning'], 200_000),
          model('b/paints', [['text'], ['image']], []),
        ],
      }),
    )
    const capabilities = { embedding: false, vision: false, tools: false, reasoning: false }
    expect(await providerOf(server).listModels({ throwOnError: true })).toEqual([
      {
        name: 'a/sees',
        contextLength: 200_000,
        maxOutputTokens: 16_384,
        capabilities: {
          chat: true,
          completion: true,
          embedding: false,
          vision: true,
          tools: true,
          reasoning: true,
        },
      },
      {
        name: 'b/paints',
        contextLength: 128_000,
        maxOutputTokens: 16_384,
        capabilities: { ...capabilities, chat: false, completion: false },
      },
    ])
  })
})
