import { describe, expect, it } from 'vitest'
import { ServerError, TimeoutError } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { json, models, startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { eventsOf, failureOf, listener } from './support/witness.js'

const loading = json({ error: { code: 503, message: 'Loading model', type: 'unavailable_error' } }, 503)
const hello = { chunks: answer('Hello') }

describe('a server that is loading its model', () => {
  it('is waited for, and each refusal is a progress event', async () => {
    const server = await startScriptedServer()
    server.answersChats(loading, loading, hello)
    const { events, onProgress } = listener()
    expect(await providerOf(server).query({ prompt: 'hello', onProgress })).toBe('Hello')
    expect(events).toEqual([
      { type: 'progress', phase: 'loading' },
      { type: 'progress', phase: 'loading' },
      { type: 'message', content: 'Hello' },
      { type: 'completion' },
    ])
  })

  it('is sent the same bytes again, and the answer counts them', async () => {
    const server = await startScriptedServer()
    server.answersChats(loading, loading, hello)
    const response = await providerOf(server).chat(asking('hello'))
    expect(response.timings.attempts).toBe(3)
    expect(new Set(server.chats.map((chat) => chat.body)).size).toBe(1)
  })

  it('tells a stream, too', async () => {
    const server = await startScriptedServer()
    server.answersChats(loading, hello)
    const events = await eventsOf(providerOf(server).stream(asking('hello')))
    expect(events.map((event) => event.type)).toEqual(['progress', 'message', 'completion'])
  })

  it('is asked for its model once it has one', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(loading, models('one')).answersChats(loading, hello)
    await providerOf(server, { model: undefined }).query({ prompt: 'hello' })
    expect(server.chats.map((chat) => chat.json.model)).toEqual(['default', 'one'])
  })

  it('is waited for no longer than for a first token', async () => {
    const server = await startScriptedServer()
    server.answersChats(loading)
    const error = await failureOf(
      providerOf(server, { timeout: { firstToken: 600 } }).query({ prompt: 'hello' }),
    )
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ clock: 'firstToken', message: expect.stringContaining('Loading model') })
    expect(error.attempts).toBeGreaterThan(1)
  })

  it('is not waited for by a call that is aborted', async () => {
    const server = await startScriptedServer()
    server.answersChats(loading)
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    const failure = failureOf(
      providerOf(server).query({ prompt: 'hello', signal: controller.signal, onProgress }),
    )
    expect(await failure).toMatchObject({ code: 'aborted' })
  })

  it('is not connected', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(loading)
    const provider = providerOf(server)
    expect(await provider.getStatus()).toMatchObject({ isConnected: false, error: 'Loading model' })
    expect(await provider.validateConfiguration()).toBe(false)
    const error = await failureOf(provider.listModels({ throwOnError: true }))
    expect(error).toBeInstanceOf(ServerError)
    expect(error).toMatchObject({ code: 'model_loading', retryable: true })
  })
})
