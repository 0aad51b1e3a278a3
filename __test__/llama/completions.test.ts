import { describe, expect, it } from 'vitest'
import { type ChatRequest, LlamaCppProvider, UnsupportedError } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { asking, providerOf } from '../support/provider.js'

const server = new LlamaServer()
const llama = () => new LlamaCppProvider({ baseURL: server.baseURL })

describe('a text completion of a real server', () => {
  it('goes on with the text', async () => {
    const answer = await providerOf(server).complete({ prompt: 'The river', temperature: 0, maxTokens: 12 })
    expect(answer).toMatchObject({
      text: ' runs past the old mill.',
      finishReason: 'stop',
      usage: { inputTokens: 2, outputTokens: 7 },
    })
  })

  it('is cut by its limit', async () => {
    const answer = await providerOf(server).complete({ prompt: 'The river', temperature: 0, maxTokens: 2 })
    expect(answer).toMatchObject({ text: ' runs past', finishReason: 'length' })
  })

  it('stops the server when it is cancelled', async () => {
    const controller = new AbortController()
    const asked = providerOf(server).complete({
      prompt: 'story assistant\n',
      signal: controller.signal,
      maxTokens: 100_000,
    })
    asked.catch(() => {})
    await server.generates()
    controller.abort()
    await expect(asked).rejects.toMatchObject({ code: 'aborted' })
    await server.stopsEarly()
  })

  // The tiny model has no tokens for it; how an answer is read is tested with what a server sent to `/completion`.
  it('fills no gap where the model cannot, and says so', async () => {
    const error = await llama()
      .complete({ prompt: 'The', suffix: 'sea' })
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error.message).toContain('Infill is not supported by this model')
    expect(error.hint).toMatch(/trained to fill gaps/)
  })
})

describe('a count of a real server', () => {
  const tool = {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  }

  it.each<[string, ChatRequest]>([
    ['a question', asking('hello')],
    [
      'a conversation',
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'hello' },
          { role: 'assistant', content: 'Hello!' },
          { role: 'user', content: 'hello 🙂 once more' },
        ],
      },
    ],
    ['tools', { ...asking('hello'), tools: [tool] }],
  ])('is that of its own usage: %s', async (_, request) => {
    const provider = llama()
    const { usage } = await provider.chat({ ...request, maxTokens: 4 })
    expect(await provider.countTokens(request)).toEqual({ tokens: usage?.inputTokens, exact: true })
    await provider.close()
  })

  it('is that of its tokens', async () => {
    const provider = llama()
    const text = 'hello é 🙂 The river'
    const tokens = await provider.tokenize(text)
    expect(await provider.countTokens(text)).toEqual({ tokens: tokens.length, exact: true })
    await provider.close()
  })
})
