import { afterEach, describe, expect, it, vi } from 'vitest'
import { AuthenticationError, TGIProvider } from '../../index.js'
import { json, models } from '../support/scripted-server.js'
import { answer } from '../support/wire.js'
import { failureOf, KEY, OTHER_KEY } from '../support/witness.js'
import { open, startServer } from './support.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const INFO = json({
  model_id: 'meta/m',
  model_pipeline_tag: 'text-generation',
  max_input_tokens: 4095,
  max_total_tokens: 4096,
  router: 'text-generation-router',
  version: '3.3.6',
})

describe('the status of TGI', () => {
  it.each([
    ['a list', { 'GET /v1/models': models('meta/m') }],
    ['no list', {}],
  ])('tells version, model and context: with %s', async (_name, list) => {
    const provider = open(TGIProvider, await startServer({ 'GET /info': INFO, 'GET /health': {}, ...list }))
    expect(await provider.getStatus()).toMatchObject({
      isConnected: true,
      version: '3.3.6',
      loadedModel: 'meta/m',
      availableModels: ['meta/m'],
      contextLength: 4096,
    })
    expect(await provider.listModels()).toMatchObject([{ name: 'meta/m', loaded: true }])
  })

  it('says that its engine is dead', async () => {
    const health = json({ error: 'unhealthy', error_type: 'healthcheck' }, 503)
    const provider = open(TGIProvider, await startServer({ 'GET /info': INFO, 'GET /health': health }))
    expect(await provider.getStatus()).toMatchObject({
      isConnected: false,
      error: expect.stringContaining('unhealthy'),
    })
  })
})

describe('HF_TOKEN', () => {
  const credential = (config: object) => new TGIProvider(config).getAuthenticator().getCredentialType()

  it('is the key of what Hugging Face hosts', () => {
    vi.stubEnv('HF_TOKEN', KEY)
    for (const host of [
      'x.eu-west-1.aws.endpoints.huggingface.cloud',
      'router.huggingface.co',
      'me.hf.space',
    ])
      expect(credential({ baseURL: `https://${host}/v1` })).toBe('api_key')
    vi.stubEnv('TGI_BASE_URL', 'https://x.endpoints.huggingface.cloud')
    expect(credential({})).toBe('api_key')
  })

  it('is the key of nobody else', () => {
    vi.stubEnv('HF_TOKEN', KEY)
    for (const baseURL of [
      'http://localhost:3000/v1',
      'http://x.endpoints.huggingface.cloud/v1',
      'https://huggingface.cloud.example/v1',
      'https://evil.example/huggingface.co',
    ])
      expect(credential({ baseURL })).toBe('none')
  })

  it('is sent to no server on this machine, whoever names it', async () => {
    vi.stubEnv('HF_TOKEN', KEY)
    const server = await startServer({ 'GET /info': INFO })
    server.answersChats({ chunks: answer('Hello') })
    await open(TGIProvider, server).query({ prompt: 'hello' })
    vi.stubEnv('TGI_BASE_URL', server.url)
    await new TGIProvider().query({ prompt: 'hello' })
    await open(TGIProvider, server, { apiKey: OTHER_KEY, model: 'm' }).query({ prompt: 'hello' })
    const sent = server.chats.map(({ headers }) => headers.authorization)
    expect(sent).toEqual(['Bearer not-needed', 'Bearer not-needed', `Bearer ${OTHER_KEY}`])
    expect(JSON.stringify(server.questions.map(({ headers }) => headers))).not.toContain(KEY)
  })

  it('is not advised where it would not be sent', async () => {
    const server = await startServer({})
    server.answersChats({ status: 401 })
    const error = await failureOf(open(TGIProvider, server, { model: 'm' }).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.hint).toContain('`apiKey`')
    expect(error.hint).not.toContain('HF_TOKEN')
  })
})
