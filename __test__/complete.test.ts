import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  fallback,
  LlamaCppProvider,
  OllamaProvider,
  type ProviderProgressEvent,
  StreamError,
  UnsupportedError,
} from '../index.js'
import { providerOf } from './support/provider.js'
import { recording } from './support/recording.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { done, event, refusal } from './support/wire.js'

const chunk = (text: string, finish: string | null = null) =>
  event({ object: 'text_completion', model: 'm2', choices: [{ index: 0, text, finish_reason: finish }] })

async function serving(...answers: Answer[]): Promise<ScriptedServer> {
  return (await startScriptedServer()).answersChats(...answers)
}

describe('a text completion', () => {
  it('is streamed, told by events, and given whole', async () => {
    const usage = event({ choices: [], usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 } })
    const server = await serving({ chunks: [chunk(' 4'), chunk(' 5'), chunk('', 'length'), usage, done] })
    const events: ProviderProgressEvent[] = []
    const answer = await providerOf(server, { defaults: { topP: 0.5 } }).complete({
      prompt: '1 2 3',
      maxTokens: 2,
      onProgress: (each) => void events.push(each),
    })
    expect(answer).toEqual({
      text: ' 4 5',
      model: 'm2',
      finishReason: 'length',
      usage: { inputTokens: 2, outputTokens: 3, totalTokens: 5 },
      timings: expect.objectContaining({ attempts: 1, cached: false }),
      warnings: [],
    })
    expect(events.map((each) => each.type).slice(-1)).toEqual(['completion'])
    const texts = events.flatMap((each) => (each.type === 'message' ? [each.content] : []))
    expect([texts.join(''), events.length]).toEqual([' 4 5', texts.length + 1])
    const [request] = server.chats
    expect([request?.path, request?.json]).toEqual([
      '/v1/completions',
      {
        model: 'm',
        prompt: '1 2 3',
        stream: true,
        stream_options: { include_usage: true },
        top_p: 0.5,
        max_tokens: 2,
      },
    ])
  })

  it('is text and nothing else, whatever stands in it', async () => {
    const text = '<think>a</think><tool_call>{"name":"f","arguments":{}}</tool_call>'
    const server = await serving({ chunks: [chunk(text.slice(0, 5)), chunk(text.slice(5), 'stop'), done] })
    expect((await providerOf(server).complete({ prompt: '' })).text).toBe(text)
  })

  it.each([
    ['vllm/cmpl-stream-usage', 6],
    ['tgw/completions-stream', 6],
    ['ollama/v1-completions-stream-usage', 6],
    ['llama.cpp/completions', 7],
  ])('is read as servers write it: %s', async (name, tokens) => {
    const server = await serving(recording(name))
    const { usage, text } = await providerOf(server).complete({ prompt: 'x' })
    expect([usage?.outputTokens, text.length > 0]).toEqual([tokens, true])
  })

  it('that breaks off holds what had come', async () => {
    const server = await serving({ chunks: [chunk(' 4')], end: 'destroy' })
    const error = await providerOf(server)
      .complete({ prompt: '1 2 3' })
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StreamError)
    expect([error.partial.content, server.chats.length]).toEqual([' 4', 1])
  })

  it('is asked for again where the server failed, and without what it refuses', async () => {
    const refused = json(refusal('Unknown parameter', { param: 'top_k', code: 'unknown_parameter' }), 400)
    const server = await serving(json('', 503), refused, { chunks: [chunk('a', 'stop'), done] })
    const answer = await providerOf(server).complete({ prompt: 'x', topK: 1 })
    expect(answer.warnings.map(({ code }) => code)).toEqual(['refused_field'])
    expect(answer.timings.attempts).toBe(3)
    expect(server.chats.map(({ json: { top_k } }) => top_k)).toEqual([1, 1, undefined])
  })

  it('is cancelled in the middle, and closes the connection', async () => {
    const server = await serving()
    const controller = new AbortController()
    const asked = providerOf(server).complete({
      prompt: 'x',
      signal: controller.signal,
      onProgress: (each) => {
        if (each.type === 'message') controller.abort()
      },
    })
    const request = await server.nextChat()
    await request.send(chunk('a'))
    await expect(asked).rejects.toMatchObject({ name: 'AbortError', partial: { content: 'a' } })
    await request.leftByClient
  })

  it('is unsupported where the server has none', async () => {
    const server = await serving(json({ detail: 'Not Found' }, 404))
    const error = await providerOf(server)
      .complete({ prompt: 'x' })
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error.hint).toMatch(/a server that has text completions/)
  })

  it.each([
    [{}, /`prompt` must be a text/],
    [{ prompt: 'x', suffix: 1 }, /`suffix` must be a text/],
    [{ prompt: 'x', logprobs: 1 }, /`logprobs` is no field of `complete`/],
    [{ prompt: 'x', reasoning: 'low' }, /`reasoning` is no field of `complete`/],
    [{ prompt: 'x', max_tokens: 1 }, /`max_tokens` is no field/],
    [{ prompt: 'x', temperature: Number.NaN }, /`temperature` must be a finite number/],
    [null, /The request must be an object/],
  ])('that is asked for wrongly is a mistake of the caller’s: %j', async (request, words) => {
    const asked = providerOf(await serving()).complete(request as never)
    await expect(asked).rejects.toThrow(ConfigurationError)
    await expect(asked).rejects.toThrow(words)
  })

  it('falls back, unless text has come', async () => {
    const dead = providerOf(await serving(json('', 500)), { retry: false })
    const alive = providerOf(await serving({ chunks: [chunk('a', 'stop'), done] }))
    expect((await fallback([dead, alive]).complete({ prompt: 'x' })).text).toBe('a')
    const broken = providerOf(await serving({ chunks: [chunk('b')], end: 'destroy' }))
    await expect(fallback([broken, alive]).complete({ prompt: 'x' })).rejects.toBeInstanceOf(StreamError)
  })
})

describe('the gap between two texts', () => {
  it('is filled by the same path', async () => {
    const server = await serving({ chunks: [chunk('a', 'stop'), done] })
    await providerOf(server).complete({ prompt: 'x', suffix: 'z' })
    expect(server.chats[0]?.json).toMatchObject({ prompt: 'x', suffix: 'z' })
  })

  it('is filled by llama.cpp by a path of its own', async () => {
    const server = await serving(recording('llama.cpp/completion-native-stream'))
    const provider = new LlamaCppProvider({ baseURL: server.baseURL, model: 'm' })
    const answer = await provider.complete({ prompt: 'x', suffix: 'z', maxTokens: 6 })
    expect(answer).toMatchObject({
      text: ' runs past the old mill.',
      finishReason: 'length',
      usage: { inputTokens: 2, outputTokens: 6 },
    })
    const [request] = server.chats
    expect([request?.path, request?.json]).toEqual([
      '/infill',
      { model: 'm', input_prefix: 'x', input_suffix: 'z', n_predict: 6, stream: true },
    ])
    await provider.close()
  })

  it('is filled by Ollama in its own protocol', async () => {
    const server = await serving(recording('ollama/api-generate-stream'))
    const provider = new OllamaProvider({ baseURL: server.url, model: 'm' })
    const { text } = await provider.complete({ prompt: 'x', suffix: 'z' })
    expect(text).toBe('Hello! How can I help you today?')
    await provider.complete({ prompt: 'x', maxTokens: 5 })
    expect(server.chats.map(({ path, json: body }) => [path, body])).toEqual([
      ['/api/generate', { model: 'm', prompt: 'x', suffix: 'z', stream: true }],
      ['/api/generate', { model: 'm', prompt: 'x', raw: true, stream: true, options: { num_predict: 5 } }],
    ])
    await provider.close()
  })
})
