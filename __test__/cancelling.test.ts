import { getEventListeners } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AbortError } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { models, startScriptedServer } from './support/scripted-server.js'
import { answer, reasoning, role, text } from './support/wire.js'
import { failureOf, listener } from './support/witness.js'

const REASON = new Error('the user pressed a key')

const ABORTED = {
  constructor: AbortError,
  name: 'AbortError',
  code: 'aborted',
  retryable: false,
  cause: REASON,
}

describe('aborting', () => {
  it('sends nothing where the signal has aborted already', async () => {
    const server = await startScriptedServer()
    const signal = AbortSignal.abort(REASON)
    const provider = providerOf(server)
    const { events, onProgress } = listener()
    expect(await failureOf(provider.query({ prompt: 'hello', signal, onProgress }))).toMatchObject(ABORTED)
    expect(events).toEqual([{ type: 'error', code: 'aborted', message: expect.any(String) }])
    for (const call of [
      provider.chat({ ...asking('hello'), signal }),
      provider.stream({ ...asking('hello'), signal }).response(),
      provider.getStatus({ signal }),
      provider.listModels({ signal }),
      provider.validateConfiguration({ signal }),
    ]) {
      expect(await failureOf(call)).toMatchObject(ABORTED)
    }
    // A call that does reach the server shows that the others would have been seen by now.
    server.answersChats({ chunks: answer('Hello') })
    await provider.query({ prompt: 'hello' })
    expect(server.chats.length + server.questions.length).toBe(1)
  })

  it('ends a call that has only just begun', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', signal: controller.signal }))
    controller.abort(REASON)
    expect(await failure).toMatchObject(ABORTED)
  })

  it('closes the connection before the first byte of an answer', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', signal: controller.signal }))
    const chat = await server.nextChat()
    controller.abort(REASON)
    await chat.leftByClient
    const error = await failure
    expect(error).toMatchObject(ABORTED)
    expect(error.partial).toEqual({ content: '', toolCalls: [] })
    expect(error.attempts).toBe(1)
  })

  it('closes the connection between the head of an answer and its first text', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', signal: controller.signal }))
    const chat = await server.nextChat()
    await chat.send(role)
    controller.abort(REASON)
    await chat.leftByClient
    expect(await failure).toMatchObject(ABORTED)
  })

  it('closes the connection in the middle of an answer and keeps what had arrived', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const stream = providerOf(server).stream({ ...asking('hello'), signal: controller.signal })
    const chat = await server.nextChat()
    await chat.send(role, reasoning('Hm'), text('Hel'))
    const seen: string[] = []
    const loop = async () => {
      for await (const event of stream) {
        seen.push(event.type)
        if (event.type === 'message') controller.abort(REASON)
      }
    }
    const error = await failureOf(loop())
    await chat.leftByClient
    expect(error).toMatchObject(ABORTED)
    expect(error.partial).toEqual({ content: 'Hel', reasoning: 'Hm', toolCalls: [] })
    expect(seen).toEqual(['reasoning', 'message', 'error'])
    expect(error.cause).toBe(REASON)
    expect(await failureOf(stream.response())).toBe(error)
  })

  it('closes the connection of a question about the server', async () => {
    const server = await startScriptedServer()
    server.answersQuestions({ end: 'open', chunks: [' '] })
    const provider = providerOf(server)
    for (const ask of [
      (signal: AbortSignal) => provider.getStatus({ signal }),
      (signal: AbortSignal) => provider.listModels({ signal }),
      (signal: AbortSignal) => provider.validateConfiguration({ signal }),
    ]) {
      const controller = new AbortController()
      const failure = failureOf(ask(controller.signal))
      const question = await server.nextQuestion()
      controller.abort(REASON)
      await question.leftByClient
      expect(await failure).toMatchObject(ABORTED)
    }
  })

  it('ends the search for a model', async () => {
    const server = await startScriptedServer()
    server.answersQuestions({ end: 'open', chunks: [' '] }, models('m'))
    const controller = new AbortController()
    const failure = failureOf(
      providerOf(server, { model: undefined }).query({ prompt: 'hello', signal: controller.signal }),
    )
    const question = await server.nextQuestion()
    controller.abort(REASON)
    await question.leftByClient
    expect(await failure).toMatchObject(ABORTED)
    expect(server.chats).toEqual([])
  })

  it('gives the default reason as the cause where the caller names none', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', signal: controller.signal }))
    await server.nextChat()
    controller.abort()
    expect(await failure).toMatchObject({ ...ABORTED, cause: controller.signal.reason })
  })

  it('is told as one error event with the same code', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const { events, onProgress } = listener()
    const { signal } = controller
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', signal, onProgress }))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    controller.abort(REASON)
    const error = await failure
    expect(events.filter((event) => event.type === 'error')).toEqual([
      { type: 'error', code: 'aborted', message: error.message },
    ])
    expect(events.at(-1)?.type).toBe('error')
  })
})

describe('one signal for many calls', () => {
  it('gets one listener, which goes with the last call', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    onTestFinished(() => void process.off('warning', note))

    const server = await startScriptedServer()
    const provider = providerOf(server)
    const { signal } = new AbortController()
    const calls = Array.from({ length: 30 }, () => provider.query({ prompt: 'hello', signal }))
    const chats = await Promise.all(calls.map(() => server.nextChat()))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    for (const chat of chats) await chat.end(...answer('Hello'))
    expect(await Promise.all(calls)).toEqual(calls.map(() => 'Hello'))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    // Warnings are emitted in the next turn.
    await new Promise(setImmediate)
    expect(warnings).toEqual([])
  })

  it('ends them all, and leaves none behind', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const controller = new AbortController()
    const { signal } = controller
    const failures = Array.from({ length: 30 }, () => failureOf(provider.query({ prompt: 'hello', signal })))
    const chats = await Promise.all(failures.map(() => server.nextChat()))
    controller.abort(REASON)
    for (const chat of chats) await chat.leftByClient
    for (const failure of failures) expect(await failure).toMatchObject(ABORTED)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('is let go by a call that failed', async () => {
    const server = await startScriptedServer()
    server.answersChats({ status: 400, chunks: ['no'] })
    const { signal } = new AbortController()
    await failureOf(providerOf(server).query({ prompt: 'hello', signal }))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  it('leaves the caller’s own onabort alone', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    let called = 0
    controller.signal.onabort = () => {
      called += 1
    }
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', signal: controller.signal }))
    await server.nextChat()
    controller.abort(REASON)
    expect(await failure).toMatchObject(ABORTED)
    expect(called).toBe(1)
  })
})

describe('closing a provider', () => {
  it('ends what is in flight before it resolves', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const { events, onProgress } = listener()
    const failure = failureOf(provider.query({ prompt: 'hello', onProgress }))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    await provider.close()
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'aborted' })
    await chat.leftByClient
    expect(await failure).toMatchObject({ code: 'aborted', partial: { content: expect.any(String) } })
  })

  it('rejects later calls, and can be done twice', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    await provider.close()
    await provider.close()
    await provider[Symbol.asyncDispose]()
    for (const call of [
      provider.query({ prompt: 'hello' }),
      provider.chat(asking('hello')),
      provider.stream(asking('hello')).response(),
      provider.getStatus(),
      provider.listModels(),
      provider.validateConfiguration(),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: 'aborted', name: 'AbortError' })
    }
    expect(server.chats.length + server.questions.length).toBe(0)
  })
})
