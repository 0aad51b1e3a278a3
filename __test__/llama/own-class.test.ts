import { describe, expect, it, onTestFinished } from 'vitest'
import { LlamaCppProvider, UnsupportedError } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { failureOf, listener, textOf } from '../support/witness.js'

const server = new LlamaServer({ alias: 'tiny', slots: 2, context: 8192 })

function provider(): LlamaCppProvider {
  const opened = new LlamaCppProvider({ baseURL: server.baseURL })
  onTestFinished(() => opened.close())
  return opened
}

describe('a real server, spoken to as llama.cpp', () => {
  it('tells its version, and the context of one slot', async () => {
    expect(await provider().getStatus()).toMatchObject({
      isConnected: true,
      server: 'llama-cpp',
      version: expect.stringMatching(/^b\d+/),
      loadedModel: 'tiny',
      contextLength: 4096,
    })
    const [model] = await provider().listModels()
    expect(model?.capabilities).toMatchObject({ tools: true, vision: false, reasoning: true })
  })

  it('tells its slots', async () => {
    const slots = await provider().slots()
    expect(slots).toMatchObject([
      { id: 0, n_ctx: 4096 },
      { id: 1, n_ctx: 4096 },
    ])
  })

  it('counts tokens', async () => {
    const tokens = await provider().tokenize('hello The river')
    expect(tokens).toEqual([262, 261, 272, 273])
  })

  it('tells how far it has read a long prompt, and nothing of a short one', async () => {
    const long = listener()
    await provider().query({ prompt: `${'x'.repeat(3000)} hello`, onProgress: long.onProgress })
    const progress = long.events.filter((event) => event.type === 'progress')
    expect(progress.length).toBeGreaterThan(1)
    for (const event of progress) expect(event).toMatchObject({ phase: 'prompt', total: expect.any(Number) })
    const last = progress.at(-1)
    expect(last?.done).toBe(last?.total)
    expect(textOf(long.events)).toBe('Hello! How can I help you today?')

    const short = listener()
    await provider().query({ prompt: 'hello', onProgress: short.onProgress })
    expect(new Set(short.events.map((event) => event.type))).toEqual(new Set(['message', 'completion']))
  })

  it('takes its own fields', async () => {
    const extraBody = { grammar: 'root ::= "yes"', cache_prompt: false }
    expect(await provider().query({ prompt: 'hello', extraBody })).toBe('yes')
  })

  it('is no router', async () => {
    expect(await failureOf(provider().loadModel('tiny'))).toBeInstanceOf(UnsupportedError)
  })
})
