import { describe, expect, it } from 'vitest'
import {
  AuthenticationError,
  ContextLengthError,
  InvalidRequestError,
  LlamaCppProvider,
} from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { providerOf } from '../support/provider.js'
import { failureOf, KEY, OTHER_KEY } from '../support/witness.js'

const server = new LlamaServer({ key: KEY, context: 1024 })

describe('a real server', () => {
  it('takes the right key', async () => {
    expect(await providerOf(server).query({ prompt: 'hello' })).toBe('Hello! How can I help you today?')
  })

  it('refuses a wrong key, which is not shown', async () => {
    const error = await failureOf(providerOf(server, { apiKey: OTHER_KEY }).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ code: 'authentication', status: 401, retryable: false })
    expect(error.hint).toContain('apiKey')
  })

  it('is no valid configuration with a wrong key', async () => {
    const provider = providerOf(server, { apiKey: OTHER_KEY })
    expect(await provider.validateConfiguration()).toBe(false)
    expect(await provider.getStatus()).toMatchObject({
      isConnected: false,
      error: expect.stringMatching(/key/i),
    })
    expect(await provider.listModels()).toEqual([])
    expect(await failureOf(provider.listModels({ throwOnError: true }))).toBeInstanceOf(AuthenticationError)
  })

  it('tells how long a prompt was and how long it may be', async () => {
    const error = await failureOf(providerOf(server).query({ prompt: 'hello '.repeat(1200) }))
    expect(error).toBeInstanceOf(ContextLengthError)
    expect(error).toMatchObject({ code: 'context_length_exceeded', contextLength: 1024, retryable: false })
    expect((error as ContextLengthError).promptTokens).toBeGreaterThan(1200)
    expect(error.message).toMatch(/exceeds the available context size/)
  })

  it('says that its model sees no images, be it asked or known', async () => {
    const images = [{ base64: 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7' }]
    const told = await failureOf(providerOf(server).query({ prompt: 'What is it?', images }))
    expect(told).toBeInstanceOf(InvalidRequestError)
    expect(told).toMatchObject({
      attempts: 1,
      message: expect.stringMatching(/image input is not supported/),
    })
    const provider = new LlamaCppProvider({ baseURL: server.baseURL, apiKey: KEY })
    const known = await failureOf(provider.query({ prompt: 'What is it?', images }))
    expect(known).toBeInstanceOf(InvalidRequestError)
    expect(known).toMatchObject({ attempts: 0, message: expect.stringMatching(/takes no images/) })
    await provider.close()
  })

  it('is not sent a prompt that it counts as too long', async () => {
    const prompt = 'hello '.repeat(1200)
    const provider = new LlamaCppProvider({ baseURL: server.baseURL, apiKey: KEY })
    const { tokens } = await provider.countTokens({ messages: [{ role: 'user', content: prompt }] })
    const error = await failureOf(provider.query({ prompt }))
    expect(error).toBeInstanceOf(ContextLengthError)
    expect(error).toMatchObject({ promptTokens: tokens, contextLength: 1024 })
    expect(error.message).toMatch(/was not sent/)
    await provider.close()
  })
})
