import { describe, expect, it } from 'vitest'
import { LlamaCppProvider, ModelNotFoundError, ServerError, UnsupportedError } from '../../index.js'
import { recording } from '../support/recording.js'
import { json } from '../support/scripted-server.js'
import { answer, event, finish, text } from '../support/wire.js'
import { failureOf, listener } from '../support/witness.js'
import { open, startServer } from './support.js'

const of = (name: string) => recording(`llama.cpp/${name}`)

/** A router whose models are as they were recorded at one time. */
const router = (models: string, more = {}) =>
  startServer({
    'GET /props': of('router-props'),
    'GET /models': of(models),
    'GET /v1/models': of(models),
    ...more,
  })

describe('llama.cpp', () => {
  it('tells its version, and the context of a slot', async () => {
    const server = await startServer({
      'GET /v1/models': of('get-models-bare'),
      'GET /props': of('get-props'),
    })
    const provider = open(LlamaCppProvider, server)
    expect(await provider.getStatus()).toMatchObject({
      isConnected: true,
      version: 'b0-unknown',
      loadedModel: 'tiny',
      contextLength: 4096,
    })
    expect(provider.capabilities).toMatchObject({ supportsTools: true, maxContextTokens: 4096 })
  })

  it('says that it is loading its model', async () => {
    const server = await startServer({
      'GET /v1/models': of('loading-models'),
      'GET /props': of('loading-props'),
    })
    const provider = open(LlamaCppProvider, server)
    expect(await provider.getStatus()).toMatchObject({ isConnected: false, error: 'Loading model' })
  })

  it('is asked with the query of the address, too', async () => {
    const server = await startServer({ 'GET /slots?model=m&autoload=false&team=a': of('slots-busy') })
    const provider = open(LlamaCppProvider, server, { model: 'm', query: { team: 'a' } })
    expect(await provider.slots()).toMatchObject([{ id: 0, is_processing: true }])
  })

  it('says that one model is all that it has', async () => {
    const provider = open(LlamaCppProvider, await startServer({ 'GET /props': of('get-props') }))
    for (const ask of [() => provider.loadModel('m'), () => provider.unloadModel('m')]) {
      const error = await failureOf(ask())
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.hint).toContain('--models-dir')
    }
  })
})

describe('a prompt that takes several batches', () => {
  const progress = (processed: number) =>
    event({
      choices: [{ index: 0, delta: { role: 'assistant', content: null }, finish_reason: null }],
      prompt_progress: { total: 3000, cache: 0, processed, time_ms: 1 },
    })
  const long = 'word '.repeat(500)

  it('is told as progress', async () => {
    const server = await startServer({})
    server.answersChats({ chunks: [progress(0), progress(2048), text('Hello'), finish] })
    const { events, onProgress } = listener()
    await open(LlamaCppProvider, server, { model: 'm' }).query({ prompt: long, onProgress })
    expect(server.chats[0]?.json.return_progress).toBe(true)
    expect(events).toEqual([
      { type: 'progress', phase: 'prompt', done: 0, total: 3000 },
      { type: 'progress', phase: 'prompt', done: 2048, total: 3000 },
      { type: 'message', content: 'Hello' },
      { type: 'completion' },
    ])
  })

  it('is asked about no more where a server refuses that', async () => {
    const server = await startServer({})
    const refused = json({ error: { message: 'Unknown field: return_progress' } }, 400)
    server.answersChats(refused, { chunks: answer('Hello') })
    const provider = open(LlamaCppProvider, server, { model: 'm' })
    expect(await provider.query({ prompt: long })).toBe('Hello')
    await provider.query({ prompt: long })
    expect(server.chats.map((chat) => 'return_progress' in chat.json)).toEqual([true, false, false])
  })

  it('is not asked about where it is short, or where the caller says otherwise', async () => {
    const server = await startServer({})
    server.answersChats({ chunks: answer('Hello') })
    const provider = open(LlamaCppProvider, server, { model: 'm' })
    await provider.query({ prompt: 'hello' })
    await provider.query({ prompt: long, extraBody: { return_progress: false } })
    expect(server.chats.map((chat) => chat.json.return_progress)).toEqual([undefined, false])
  })
})

describe('a router', () => {
  it('tells which of its models is loaded, and its context', async () => {
    const provider = open(LlamaCppProvider, await router('router-models-loading'))
    expect(await provider.getStatus()).toMatchObject({
      isConnected: true,
      version: 'b11669-Debian',
      loadedModel: 'sleepy',
      contextLength: 8192,
      availableModels: ['broken', 'large', 'sleepy', 'tiny-chat', 'tiny-long'],
    })
  })

  it('loads a model, and tells how far it is', async () => {
    const server = await router('router-models-loading', {
      'POST /models/load': of('router-load'),
      'GET /models/sse': of('router-models-sse-progress'),
    })
    server.answersTo('GET /models', of('router-models-loading'), of('router-models-sleeping'))
    const told: object[] = []
    await open(LlamaCppProvider, server).loadModel('large', { onProgress: (progress) => told.push(progress) })
    expect(told).toHaveLength(3)
    expect(told).toEqual(
      expect.arrayContaining([
        { status: 'loading' },
        { status: 'loading text_model', done: 0, total: 100 },
        { status: 'loading text_model', done: 100, total: 100 },
      ]),
    )
  })

  it('waits for a model only as long as the clock of the first token runs', async () => {
    const server = await router('router-models-loading', { 'POST /models/load': of('router-load') })
    const provider = open(LlamaCppProvider, server, { timeout: { firstToken: 300 } })
    expect(await failureOf(provider.loadModel('large'))).toMatchObject({
      code: 'timeout',
      clock: 'firstToken',
    })
  })

  it('says why a model is not loaded', async () => {
    const server = await router('router-models-failed', { 'POST /models/load': of('router-load-broken') })
    const provider = open(LlamaCppProvider, server)
    const failed = await failureOf(provider.loadModel('broken'))
    expect(failed).toBeInstanceOf(ServerError)
    expect(failed.message).toContain('exit code 1')
    const unknown = await failureOf(provider.loadModel('tinny'))
    expect(unknown).toBeInstanceOf(ModelNotFoundError)
    expect((unknown as ModelNotFoundError).availableModels).toContain('tiny-chat')
    expect(await failureOf(provider.loadModel('large', { contextLength: 1 }))).toBeInstanceOf(
      UnsupportedError,
    )
  })

  it('has done what was done already', async () => {
    const server = await router('router-models-sleeping', {
      'POST /models/load': of('router-load-loaded'),
      'POST /models/unload': of('router-unload'),
    })
    const provider = open(LlamaCppProvider, server)
    await provider.loadModel('sleepy')
    await provider.unloadModel('tiny-chat')
  })
})
