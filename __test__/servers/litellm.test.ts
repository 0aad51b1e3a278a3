import { describe, expect, it } from 'vitest'
import { AuthenticationError, LiteLLMProvider, RateLimitError } from '../../index.js'
import { json } from '../support/scripted-server.js'
import { refusal } from '../support/wire.js'
import { failureOf, KEY } from '../support/witness.js'
import { open, startServer } from './support.js'

const entry = (id: string, more: object = {}) => ({ id, object: 'model', owned_by: 'openai', ...more })
const LIST = json({
  object: 'list',
  data: [entry('draw', { mode: 'image_generation' }), entry('unknown'), entry('gpt-4o', { mode: 'chat' })],
})
const group = (name: string, context: string, supports: boolean) =>
  `{"model_group":"${name}","max_input_tokens":${context},"supports_vision":${supports},` +
  `"supports_function_calling":${supports},"supports_reasoning":false}`
const GROUPS = json(`{"data":[${group('gpt-4o', '128000.0', true)},${group('unknown', 'null', false)}]}`)

describe('the status of LiteLLM', () => {
  it('tells the version, and of the configured model the context', async () => {
    const server = await startServer({
      'GET /v1/models': LIST,
      'GET /model_group/info': { ...GROUPS, headers: { ...GROUPS.headers, 'x-litellm-version': '1.106.2' } },
    })
    const status = await open(LiteLLMProvider, server, { apiKey: KEY, model: 'gpt-4o' }).getStatus()
    expect(status).toMatchObject({
      isConnected: true,
      version: '1.106.2',
      loadedModel: 'gpt-4o',
      availableModels: ['draw', 'unknown', 'gpt-4o'],
      contextLength: 128_000,
    })
    expect(server.questions.map(({ headers }) => headers.authorization)).toEqual(
      Array(3).fill(`Bearer ${KEY}`),
    )
  })

  it('tells the version that an older one has in its readiness', async () => {
    const readiness = json({ status: 'healthy', db: 'Not connected', litellm_version: '1.72.0' })
    const server = await startServer({ 'GET /v1/models': LIST, 'GET /health/readiness': readiness })
    expect(await open(LiteLLMProvider, server).getStatus()).toMatchObject({ version: '1.72.0' })
  })
})

describe('the models of LiteLLM', () => {
  it('are what it knows of them, and absent is what it does not', async () => {
    const server = await startServer({ 'GET /v1/models': LIST, 'GET /model_group/info': GROUPS })
    const models = await open(LiteLLMProvider, server).listModels({ throwOnError: true })
    const speaks = { chat: true, completion: true, embedding: false }
    expect(models).toEqual([
      { name: 'draw', capabilities: { chat: false, completion: false, embedding: false } },
      { name: 'unknown', capabilities: speaks },
      {
        name: 'gpt-4o',
        contextLength: 128_000,
        capabilities: { ...speaks, tools: true, vision: true, reasoning: false },
      },
    ])
  })
})

describe('a failure of LiteLLM', () => {
  const failureTo = async (status: number, body: string, headers: Record<string, string>, config = {}) => {
    const server = await startServer({})
    server.answersChats({ status, headers, chunks: [body] })
    const provider = open(LiteLLMProvider, server, { model: 'm', ...config })
    return { error: await failureOf(provider.query({ prompt: 'hello' })), sent: server.chats.length }
  }

  it('that says nothing is a missing key, and is not repeated', async () => {
    const plain = { 'Content-Type': 'text/plain; charset=utf-8' }
    const { error, sent } = await failureTo(500, 'Internal Server Error', plain, { apiKey: '' })
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.hint).toContain('LITELLM_API_KEY')
    expect(sent).toBe(1)
    const withKey = await failureTo(500, 'Internal Server Error', plain, { apiKey: KEY })
    expect(withKey.error.code).toBe('server')
    expect(withKey.sent).toBe(3)
  })

  it('for want of a database is a wrong key', async () => {
    const body = refusal('No connected db.', { type: 'no_db_connection', param: null, code: '400' })
    const { error } = await failureTo(400, body, { 'Content-Type': 'application/json' }, { apiKey: KEY })
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.message).toBe('No connected db.')
  })

  it('of the key that it has itself is not blamed on the caller’s', async () => {
    const words =
      'litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided'
    const { error } = await failureTo(401, refusal(words, { type: null, code: '401' }), {}, { apiKey: KEY })
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error.hint).toContain('LiteLLM’s own key'.replace('’', "'"))
  })

  it('says when to ask again in the words of the server behind it', async () => {
    const body = refusal('litellm.RateLimitError: slow down', { type: 'throttling_error', code: '429' })
    const headers = { 'llm_provider-retry-after': '60', 'llm_provider-retry-after-ms': '59500' }
    const { error, sent } = await failureTo(429, body, headers)
    expect(error).toBeInstanceOf(RateLimitError)
    expect([error.retryAfter, sent]).toEqual([59_500, 1])
  })
})
