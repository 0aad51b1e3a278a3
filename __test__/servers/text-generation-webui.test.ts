import { describe, expect, it } from 'vitest'
import {
  AuthenticationError,
  InvalidRequestError,
  ServerError,
  TextGenerationWebUIProvider,
} from '../../index.js'
import { asking } from '../support/provider.js'
import { recording } from '../support/recording.js'
import { type Answer, json } from '../support/scripted-server.js'
import { answer, chunk, done, role, text } from '../support/wire.js'
import { failureOf, listener } from '../support/witness.js'
import { open, startServer } from './support.js'

const of = (name: string) => recording(`tgw/${name}`)

describe('text-generation-webui', () => {
  it('tells which of its models is loaded, and no context', async () => {
    const server = await startServer({
      'GET /v1/models': of('models'),
      'GET /v1/internal/model/info': of('internal-model-info'),
      'GET /v1/internal/model/list': json({ model_names: ['other', 'tiny-chat'] }),
    })
    const status = await open(TextGenerationWebUIProvider, server).getStatus()
    expect(status).toMatchObject({
      isConnected: true,
      loadedModel: 'tiny-chat',
      availableModels: ['tiny-chat', 'other'],
    })
    expect(status).not.toHaveProperty('contextLength')
  })

  it('loads and unloads', async () => {
    const server = await startServer({
      'POST /v1/internal/model/load': of('internal-model-load'),
      'POST /v1/internal/model/unload': of('internal-model-unload'),
    })
    const provider = open(TextGenerationWebUIProvider, server)
    const extraBody = { args: { loader: 'llama.cpp' } }
    await provider.loadModel('tiny-chat', { contextLength: 4096, extraBody })
    await provider.unloadModel()
    expect(server.questions.map((question) => question.json)).toEqual([
      { model_name: 'tiny-chat', args: { loader: 'llama.cpp', ctx_size: 4096 } },
      {},
    ])
  })

  it('warns where its count shows that it cut the prompt', async () => {
    const server = await startServer({})
    const usage = { prompt_tokens: 1900, completion_tokens: 1, total_tokens: 1901 }
    server.answersChats({ chunks: [text('ok'), chunk({}, 'stop', { usage }), done] })
    const provider = open(TextGenerationWebUIProvider, server)
    const { warnings } = await provider.chat(asking('word '.repeat(4000)))
    expect(warnings).toEqual([
      { code: 'prompt_cut', message: expect.stringContaining('1900 tokens of about 5000') },
    ])
    expect((await provider.chat(asking('word '.repeat(1000)))).warnings).toEqual([])
  })

  it('says what it needs to load', async () => {
    const server = await startServer({ 'POST /v1/internal/model/load': of('models-no-key') })
    const provider = open(TextGenerationWebUIProvider, server)
    const locked = await failureOf(provider.loadModel('tiny-chat'))
    expect(locked).toBeInstanceOf(AuthenticationError)
    expect(locked.message).toContain('--admin-key')
    server.answersTo('POST /v1/internal/model/load', of('internal-model-load-unknown'))
    const failed = await failureOf(provider.loadModel('nothing'))
    expect(failed).toBeInstanceOf(ServerError)
    expect(failed.message).toContain('Failed to load the model.')
  })
})

describe('a stream that ends before it began', () => {
  const cut: Answer = { ...of('missing-content-stream'), end: 'destroy' }
  const provider = async (...answers: Answer[]) => {
    const server = await startServer({})
    server.answersChats(...answers)
    return { server, provider: open(TextGenerationWebUIProvider, server, { model: 'm' }) }
  }

  it.each([
    ['nothing, and a broken connection', cut],
    ['nothing at all', { chunks: [] }],
    ['a role, and a broken connection', { chunks: [role], end: 'destroy' as const }],
  ])('is asked again for its words: %s', async (_name, hidden) => {
    const { server, provider: asked } = await provider(hidden, of('missing-content'))
    const error = await failureOf(asked.chat(asking('hello')))
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error).toMatchObject({ message: expect.stringContaining('missing content'), attempts: 2 })
    expect(server.chats.map((chat) => chat.json)).toMatchObject([{ stream: true }, { stream: false }])
    expect(server.chats[1]?.json).not.toHaveProperty('stream_options')
  })

  it('may have an answer after all', async () => {
    const document = json({ id: 'c', choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }] })
    const { provider: asked } = await provider(cut, document)
    const { events, onProgress } = listener()
    const response = await asked.chat({ ...asking('hello'), onProgress })
    expect(response).toMatchObject({ content: 'Hello', timings: { attempts: 2 } })
    expect(response.warnings).toMatchObject([{ code: 'not_streamed' }])
    expect(events.map((event) => event.type)).toEqual(['warning', 'message', 'completion'])
  })

  it('is asked again once', async () => {
    const { server, provider: asked } = await provider(cut, of('nomodel-chat'))
    expect(await failureOf(asked.query({ prompt: 'hello' }))).toMatchObject({ status: 500, attempts: 2 })
    expect(server.chats).toHaveLength(2)
  })

  it('is another matter once anything had come', async () => {
    const { server, provider: asked } = await provider({ chunks: [role, text('Hel')], end: 'destroy' })
    expect(await failureOf(asked.query({ prompt: 'hello' }))).toMatchObject({
      code: 'stream',
      partial: { content: 'Hel' },
    })
    expect(server.chats).toHaveLength(1)
  })

  it('costs nothing where the answer comes', async () => {
    const { server, provider: asked } = await provider({ chunks: answer('Hello') })
    expect(await asked.query({ prompt: 'hello' })).toBe('Hello')
    expect(server.chats).toHaveLength(1)
  })
})
