import { describe, expect, it } from 'vitest'
import { ContextLengthError, InvalidRequestError, UnsupportedError } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { providerOf } from '../support/provider.js'

const server = new LlamaServer({ embeddings: true, alias: 'tiny' })
const chats = new LlamaServer()

const length = (vector: Float32Array) => Math.hypot(...vector)

describe('a real server', () => {
  it('gives an embedding for each text, in their order', async () => {
    const texts = ['hello', 'The river runs', 'She reads', 'hello']
    const { embeddings, model, usage } = await providerOf(server).embed(texts, { batchSize: 3 })
    expect(embeddings.map((each) => each.length)).toEqual([768, 768, 768, 768])
    for (const each of embeddings) expect(length(each)).toBeCloseTo(1, 5)
    expect(embeddings[3]).toEqual(embeddings[0])
    expect(embeddings[1]).not.toEqual(embeddings[2])
    expect(model).toBe('m')
    expect(usage?.inputTokens).toBeGreaterThan(texts.length)
  })

  it('gives the same as floats as it gives as base64', async () => {
    const answer = await fetch(`${server.baseURL}/embeddings`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ input: 'The river runs' }),
    })
    const { data } = (await answer.json()) as { data: [{ embedding: number[] }] }
    const { embeddings } = await providerOf(server).embed('The river runs')
    expect([...(embeddings[0] as Float32Array)]).toEqual(data[0].embedding.map(Math.fround))
  })

  it('is asked for its only model where none is named', async () => {
    expect((await providerOf(server, { model: undefined }).embed('hello')).model).toBe('tiny')
  })

  it('says what it does not take', async () => {
    const provider = providerOf(server)
    await expect(provider.embed('')).rejects.toBeInstanceOf(InvalidRequestError)
    await expect(provider.embed('a river '.repeat(2000))).rejects.toBeInstanceOf(ContextLengthError)
    const ignored = provider.embed('hello', { dimensions: 16 })
    await expect(ignored).rejects.toThrow('it gave 768 numbers for 16')
  })

  it('says that it was not started for it', async () => {
    const error = await providerOf(chats)
      .embed('hello')
      .catch((thrown) => thrown)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(error.message).toContain('--embeddings')
  })
})
