import { describe, expect, it } from 'vitest'
import { ConfigurationError, fallback, OllamaProvider, UnsupportedError } from '../index.js'
import { providerOf } from './support/provider.js'
import { recording } from './support/recording.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'

async function serving(...answers: Answer[]): Promise<ScriptedServer> {
  return (await startScriptedServer()).answersChats(...answers)
}

const ranked = json({
  model: 'bge',
  results: [
    { index: 0, relevance_score: -2.5 },
    { index: 2, relevance_score: 1.5 },
    { index: 1, relevance_score: 0.5 },
  ],
})
const documents = ['a', 'b', 'c']

describe('reranking', () => {
  it('gives the best first, as the server scores them', async () => {
    const server = await serving(ranked)
    expect(await providerOf(server).rerank({ query: 'q', documents })).toEqual({
      results: [
        { index: 2, score: 1.5 },
        { index: 1, score: 0.5 },
        { index: 0, score: -2.5 },
      ],
      model: 'bge',
    })
    const [request] = server.chats
    expect([request?.path, request?.json]).toEqual(['/v1/rerank', { model: 'm', query: 'q', documents }])
  })

  it('gives no more than is wanted, also where the server does', async () => {
    const server = await serving(ranked)
    const { results } = await providerOf(server).rerank({ query: 'q', documents, topN: 2, model: 'r' })
    expect(results.map(({ index }) => index)).toEqual([2, 1])
    expect(server.chats[0]?.json).toMatchObject({ top_n: 2, model: 'r' })
  })

  it('of nothing needs no server', async () => {
    const server = await serving()
    expect(await providerOf(server).rerank({ query: 'q', documents: [] })).toEqual({
      results: [],
      model: 'm',
    })
    expect(server.chats).toEqual([])
  })

  it('reads what servers sent', async () => {
    const server = await serving(recording('vllm/v1-rerank'))
    const { results } = await providerOf(server).rerank({ query: 'a', documents: ['b', 'c'] })
    expect(results.map(({ index }) => index)).toEqual([1, 0])
  })

  it('is asked of a model that is called a reranker', async () => {
    const server = await serving(ranked)
    server.answersQuestions(json({ data: [{ id: 'qwen3' }, { id: 'qwen3-Reranker' }] }))
    await providerOf(server, { model: undefined }).rerank({ query: 'q', documents })
    expect(server.chats[0]?.json.model).toBe('qwen3-Reranker')
  })

  it.each([
    ['another place', [{ index: 3, score: 1 }], /none of the 3/],
    ['one place twice', [0, 0].map((index) => ({ index, score: 1 })), /twice/],
    ['no score', [{ index: 0, score: null }], /no score/],
  ])('with %s is an error', async (_, results, words) => {
    const asked = providerOf(await serving(json({ results }))).rerank({ query: 'q', documents })
    await expect(asked).rejects.toMatchObject({ code: 'protocol', message: expect.stringMatching(words) })
  })

  it('is unsupported where the server has none', async () => {
    const server = await serving(recording('vllm/wrongtask-rerank'))
    const asked = providerOf(server).rerank({ query: 'q', documents })
    await expect(asked).rejects.toBeInstanceOf(UnsupportedError)
    const silent = new OllamaProvider({ baseURL: server.url, model: 'm' })
    await expect(silent.rerank({ query: 'q', documents })).rejects.toThrow('Ollama has no reranking')
    await silent.close()
  })

  it.each([
    [{ documents }, /`query` must be a text/],
    [{ query: 'q' }, /`documents` must be a list of texts/],
    [{ query: 'q', documents: ['a', null] }, /`documents\[1\]` must be a text/],
    [{ query: 'q', documents, topN: -1 }, /`topN` must be a whole number/],
    [{ query: 'q', documents, top_n: 1 }, /`top_n` is no field/],
    [undefined, /The request must be an object/],
  ])('that is asked for wrongly is a mistake of the caller’s: %j', async (request, words) => {
    const asked = providerOf(await serving()).rerank(request as never)
    await expect(asked).rejects.toThrow(ConfigurationError)
    await expect(asked).rejects.toThrow(words)
  })

  it('falls back', async () => {
    const dead = providerOf(await serving(json('', 500)), { retry: false })
    const both = fallback([dead, providerOf(await serving(ranked))])
    expect((await both.rerank({ query: 'q', documents })).model).toBe('bge')
  })
})
