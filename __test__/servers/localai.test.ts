import { describe, expect, it } from 'vitest'
import { LocalAIProvider, ModelNotFoundError } from '../../index.js'
import { json, models } from '../support/scripted-server.js'
import { answer } from '../support/wire.js'
import { failureOf, listener } from '../support/witness.js'
import { open, startServer } from './support.js'

const LIST = models('bert-embeddings', 'qwen3-4b', 'gemma')
const CAPABILITIES = json({
  object: 'list',
  data: [
    { id: 'gemma', object: 'model', capabilities: ['chat', 'vision'], context_size: 8192 },
    {
      id: 'qwen3-4b',
      object: 'model',
      capabilities: ['chat', 'tools', 'thinking'],
      input_modalities: ['text'],
    },
  ],
})

describe('the status of LocalAI', () => {
  it('tells version, the model that is loaded, and its context', async () => {
    const server = await startServer({
      'GET /v1/models': LIST,
      'GET /v1/models/capabilities': CAPABILITIES,
      'GET /version': json({ version: 'v4.3.3 (0123abcd)' }),
      'GET /system': json({ backends: ['llama-cpp'], loaded_models: [{ id: 'gemma' }] }),
    })
    const provider = open(LocalAIProvider, server)
    expect(await provider.getStatus()).toMatchObject({
      isConnected: true,
      version: 'v4.3.3 (0123abcd)',
      loadedModel: 'gemma',
      availableModels: ['bert-embeddings', 'qwen3-4b', 'gemma'],
      contextLength: 8192,
    })
    const [embedding, thinking, seeing] = await provider.listModels()
    expect(embedding).toMatchObject({ loaded: false, capabilities: { chat: false, embedding: true } })
    expect(thinking).toMatchObject({
      loaded: false,
      capabilities: { tools: true, vision: false, reasoning: true },
    })
    expect(seeing).toMatchObject({ loaded: true, capabilities: { chat: true, vision: true } })
  })

  it('tells what an older one does, which has a list alone', async () => {
    const status = await open(LocalAIProvider, await startServer({ 'GET /v1/models': LIST })).getStatus()
    expect(status).toMatchObject({ isConnected: true, availableModels: expect.any(Array) })
    expect(status).not.toHaveProperty('version')
    expect(status).not.toHaveProperty('loadedModel')
  })
})

describe('a model of LocalAI', () => {
  it('that is still loading is waited for', async () => {
    const server = await startServer({ 'GET /v1/models': LIST })
    const loading = json(
      {
        error: { code: 'model_loading', message: 'model "gemma" is still loading', type: 'model_loading' },
        loading: { model: 'gemma', state: 'staging', progress: 0.42 },
      },
      503,
      { 'Retry-After': '0' },
    )
    server.answersChats(loading, { chunks: answer('Hello') })
    const { events, onProgress } = listener()
    const provider = open(LocalAIProvider, server, { model: 'gemma', retry: { maxRetries: 0 } })
    expect(await provider.query({ prompt: 'hello', onProgress })).toBe('Hello')
    expect(events[0]).toEqual({ type: 'progress', phase: 'loading' })
  })

  it('that it does not know is told with those that it does', async () => {
    const server = await startServer({ 'GET /v1/models': LIST })
    const message = 'model "nope" not found. To see available models, call GET /v1/models'
    server.answersChats(json({ error: { code: 404, message, type: 'invalid_request_error' } }, 404))
    const error = await failureOf(open(LocalAIProvider, server, { model: 'nope' }).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error).toMatchObject({ availableModels: ['bert-embeddings', 'qwen3-4b', 'gemma'] })
  })
})
