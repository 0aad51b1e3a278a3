import { describe, expect, it } from 'vitest'
import {
  AuthenticationError,
  createLocalProvider,
  LMStudioProvider,
  ModelNotFoundError,
  OpenAICompatibleProvider,
  UnsupportedError,
} from '../../index.js'
import { recording } from '../support/recording.js'
import { json } from '../support/scripted-server.js'
import { failureOf } from '../support/witness.js'
import { open, startServer } from './support.js'

const of = (name: string) => recording(`lmstudio/${name}`)
const unknown = (question: string) => json({ error: `Unexpected endpoint or method. (${question})` })

describe('LM Studio', () => {
  it('tells what is loaded, and with which context', async () => {
    const provider = open(LMStudioProvider, await startServer({ 'GET /api/v1/models': of('api-v1-models') }))
    expect(await provider.getStatus()).toMatchObject({
      isConnected: true,
      loadedModel: 'google/gemma-4-26b-a4b',
      contextLength: 4096,
    })
    const [chat, embedding] = await provider.listModels()
    expect(chat).toEqual({
      name: 'google/gemma-4-26b-a4b',
      size: '18.0 GB',
      sizeBytes: 17990911801,
      quantization: 'Q4_K_M',
      contextLength: 4096,
      loaded: true,
      capabilities: {
        chat: true,
        completion: true,
        embedding: false,
        tools: true,
        vision: true,
        reasoning: true,
      },
    })
    expect(embedding).toMatchObject({ loaded: false, capabilities: { embedding: true, chat: false } })
  })

  it.each([
    [{ ttl: '5m' }, '`ttl` must be a number of milliseconds, 0 or more'],
    [{ contextLength: '5' }, '`contextLength` must be a whole number of tokens, 1 or more'],
    [{ contextLength: 0.5 }, '`contextLength` must be a whole number of tokens, 1 or more'],
  ])('loads nothing with %j', async (options, message) => {
    const provider = open(LMStudioProvider, await startServer({}))
    expect(await failureOf(provider.loadModel('m', options as never))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(message),
    })
  })

  it('loads and unloads', async () => {
    const server = await startServer({
      'GET /api/v1/models': of('api-v1-models'),
      'POST /api/v1/models/load': of('api-v1-models-load'),
      'POST /api/v1/models/unload': of('api-v1-models-unload'),
    })
    const provider = open(LMStudioProvider, server)
    await provider.loadModel('openai/gpt-oss-20b', { contextLength: 16384, ttl: 60_000 })
    await provider.unloadModel('google/gemma-4-26b-a4b')
    const posted = server.questions.filter((question) => question.method === 'POST')
    expect(posted.map((question) => question.json)).toEqual([
      { model: 'openai/gpt-oss-20b', context_length: 16384, ttl: 60 },
      { instance_id: 'google/gemma-4-26b-a4b' },
    ])
    expect(await failureOf(provider.unloadModel('nothing'))).toBeInstanceOf(ModelNotFoundError)
  })

  it('wants its token', async () => {
    const server = await startServer({ 'GET /api/v1/models': of('error-no-token-api-v1') })
    const provider = open(LMStudioProvider, server)
    expect(await failureOf(provider.listModels({ throwOnError: true }))).toBeInstanceOf(AuthenticationError)
    expect(await provider.getStatus()).toMatchObject({
      isConnected: false,
      error: expect.stringContaining('API token'),
    })
  })

  it('tells less before 0.4, and says that it cannot load there', async () => {
    const server = await startServer({
      'GET /api/v1/models': unknown('GET /api/v1/models'),
      'GET /api/v0/models': of('api-v0-models'),
      'POST /api/v1/models/load': unknown('POST /api/v1/models/load'),
    })
    const provider = open(LMStudioProvider, server)
    expect(await provider.getStatus()).toMatchObject({
      loadedModel: 'meta-llama-3.1-8b-instruct',
      contextLength: 4096,
    })
    for (const ask of [() => provider.loadModel('m'), () => provider.unloadModel('m')]) {
      const error = await failureOf(ask())
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.hint).toContain('0.4')
    }
  })

  it.each([LMStudioProvider, OpenAICompatibleProvider])(
    'says which base takes chats: %o',
    async (Provider) => {
      const server = await startServer({
        'GET /v1/models': of('models'),
        'GET /api/v1/models': of('api-v1-models'),
        'POST /v1/chat/completions': json({ error: "'messages' field is required" }, 400),
      })
      server.answersQuestions(unknown('GET /x')).answersChats(unknown('POST /x'))
      for (const path of ['', '/api', '/api/v1']) {
        const provider = open(Provider, server, { baseURL: `${server.url}${path}` })
        const { checks, ok } = await provider.diagnose()
        const fix = `An LLM server answers at ${server.baseURL}: set \`baseURL: '${server.baseURL}'\`.`
        expect([ok, checks.find((check) => !check.ok)?.fix]).toEqual([false, fix])
        if (Provider === LMStudioProvider)
          expect(await provider.getStatus()).toMatchObject({ isConnected: false, error: fix })
      }
      const error = await failureOf(createLocalProvider({ baseURL: server.url }))
      expect(error.hint).toContain(server.baseURL)
    },
  )

  it('is never taken at its 200', async () => {
    const server = await startServer({})
    server.answersQuestions(of('root'))
    const provider = open(LMStudioProvider, server)
    expect(await provider.listModels()).toEqual([])
    expect(await provider.getStatus()).toMatchObject({ isConnected: false, error: expect.any(String) })
  })
})
