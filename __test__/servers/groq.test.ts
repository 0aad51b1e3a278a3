import { afterEach, describe, expect, it, vi } from 'vitest'
import { GroqProvider } from '../../index.js'
import { behavesAsHosted, greeting } from '../support/hosted.js'
import { asking } from '../support/provider.js'
import { json, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'
import { chunk, done, refusal, text } from '../support/wire.js'
import { failureOf, KEY } from '../support/witness.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

function providerOf(server: ScriptedServer): GroqProvider {
  return new GroqProvider({ baseURL: server.baseURL, apiKey: KEY, model: 'm', retry: false })
}

describe('Groq', () => {
  behavesAsHosted(GroqProvider, 'https://api.groq.com/openai/v1', {
    key: 'GROQ_API_KEY',
    url: 'GROQ_BASE_URL',
  })

  it('is told what developers say as a system', async () => {
    const server = await greeting()
    await providerOf(server).chat({ messages: [{ role: 'developer', content: 'Be brief.' }] })
    expect(server.chats[0]?.json.messages).toEqual([{ role: 'system', content: 'Be brief.' }])
  })

  it('is sent what only it knows', async () => {
    const server = await greeting()
    const extraBody = { reasoning_format: 'parsed', service_tier: 'flex' } as const
    await providerOf(server).query({ prompt: 'hello', maxTokens: 5, extraBody })
    expect(server.chats[0]?.json).toMatchObject({ ...extraBody, max_tokens: 5 })
  })

  it('counts in a field of its own, and tells reasoning apart', async () => {
    const server = await startScriptedServer()
    const usage = {
      prompt_tokens: 45,
      completion_tokens: 2,
      total_tokens: 47,
      prompt_time: 0.004,
      completion_time: 0.01,
    }
    server.answersChats({
      chunks: [
        chunk({ role: 'assistant', content: '' }, null, { x_groq: { id: 'req_1' } }),
        chunk({ reasoning: 'Hm.' }),
        text('Hello'),
        chunk({}, 'stop', { x_groq: { id: 'req_1', usage } }),
        done,
      ],
    })
    expect(await providerOf(server).chat(asking('hello'))).toMatchObject({
      content: 'Hello',
      reasoning: 'Hm.',
      usage: { inputTokens: 45, outputTokens: 2, totalTokens: 47 },
      timings: { serverPrompt: 4, serverGeneration: 10 },
    })
  })

  it('may stop a stream and say why', async () => {
    const server = await startScriptedServer()
    const stopped = chunk({}, null, { x_groq: { id: 'req_1', error: 'over capacity' } })
    const headers = { 'x-request-id': 'req_1' }
    server.answersChats({ headers, chunks: [text('Hel'), stopped] })
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(error).toMatchObject({
      code: 'server',
      message: 'over capacity',
      requestId: 'req_1',
      partial: { content: 'Hel' },
    })
  })

  it('says when its limits are reset', async () => {
    const server = await startScriptedServer()
    const limits = {
      'x-ratelimit-remaining-requests': '14399',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-requests': '6s',
      'x-ratelimit-reset-tokens': '1.57s',
    }
    server.answersChats(
      json(refusal('Rate limit reached', { type: 'tokens', code: 'rate_limit_exceeded' }), 429, limits),
      json(refusal('Rate limit reached'), 429, { ...limits, 'retry-after': '7' }),
    )
    const provider = providerOf(server)
    const wait = async () => {
      const { code, retryAfter } = await failureOf(provider.query({ prompt: 'hello' }))
      return [code, retryAfter]
    }
    expect([await wait(), await wait()]).toEqual([
      ['rate_limit', 1570],
      ['rate_limit', 7000],
    ])
  })

  it('lists how much its models read and write', async () => {
    const server = await startScriptedServer()
    const model = { id: 'llama', object: 'model', context_window: 131_072, max_completion_tokens: 32_768 }
    server.answersQuestions(json({ object: 'list', data: [model] }))
    expect(await providerOf(server).listModels({ throwOnError: true })).toMatchObject([
      { name: 'llama', contextLength: 131_072, maxOutputTokens: 32_768 },
    ])
  })
})
