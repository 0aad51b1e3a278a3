import { describe, expect, it } from 'vitest'
import { OpenAICompatibleProvider } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { providerOf } from '../support/provider.js'

const server = new LlamaServer({ alias: 'tiny', context: 4096 })
const provider = () => providerOf(server)

describe('a real server', () => {
  it('tells its model and its context as status', async () => {
    const status = await provider().getStatus()
    expect(status).toMatchObject({
      isConnected: true,
      server: 'openai-compatible',
      loadedModel: 'tiny',
      availableModels: ['tiny'],
      contextLength: 4096,
    })
    expect(status.latency).toBeGreaterThan(0)
    expect(status).not.toHaveProperty('error')
  })

  it('lists its models', async () => {
    const [model, ...others] = await provider().listModels({ throwOnError: true })
    expect(others).toEqual([])
    expect(model).toMatchObject({
      name: 'tiny',
      size: '2.0 MB',
      contextLength: 4096,
      loaded: true,
      capabilities: { chat: true, completion: true, embedding: false },
    })
  })

  it('is a valid configuration', async () => {
    expect(await provider().validateConfiguration()).toBe(true)
    expect(await provider().getAuthenticator().validateCredentials()).toBe(true)
  })

  it('is asked for its model where none is named', async () => {
    const unnamed = providerOf(server, { model: undefined })
    const { model } = await unnamed.chat({ messages: [{ role: 'user', content: 'hello' }] })
    expect(model).toBe('tiny')
    expect(unnamed.capabilities).toMatchObject({ maxContextTokens: 4096, supportedModels: ['tiny'] })
  })

  it('is reached by host and port alone', async () => {
    const { port } = new URL(server.url)
    const byPort = new OpenAICompatibleProvider(Number(port))
    expect(byPort.baseURL).toBe(`http://localhost:${port}/v1`)
    expect(await byPort.query({ prompt: 'hello' })).toBe('Hello! How can I help you today?')
    await byPort.close()
  })
})
