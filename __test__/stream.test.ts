import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { AbortError, ConfigurationError } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { unhandledErrors } from './support/unhandled.js'
import { answer, finish, refusal, role, text } from './support/wire.js'
import { eventsOf, failureOf, listener, textOf } from './support/witness.js'

const unhandled = unhandledErrors()

async function streamOf(...chunks: string[]) {
  const server = await startScriptedServer()
  server.answersChats({ chunks })
  return { server, stream: providerOf(server).stream(asking('hello')) }
}

describe('a stream', () => {
  it('sends its request at once, before anybody iterates', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.end(...answer('Hello'))
    expect(textOf(await eventsOf(stream))).toBe('Hello')
  })

  it('gives events that came before the loop began', async () => {
    const server = await startScriptedServer()
    const { events, onProgress } = listener()
    const stream = providerOf(server).stream({ ...asking('hello'), onProgress })
    const chat = await server.nextChat()
    await chat.end(...answer('Hello'))
    while (events.at(-1)?.type !== 'completion') await new Promise(setImmediate)
    expect(await eventsOf(stream)).toEqual(events)
  })

  it('can be iterated once', async () => {
    const { stream } = await streamOf(...answer('Hello'))
    await eventsOf(stream)
    const error = await failureOf(eventsOf(stream))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(/once/)
    expect((await stream.response()).content).toBe('Hello')
  })

  it('cannot be iterated by two loops at once', async () => {
    const { stream } = await streamOf(...answer('Hello'))
    const [first, second] = await Promise.allSettled([eventsOf(stream), eventsOf(stream)])
    expect(first).toMatchObject({ status: 'fulfilled' })
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'configuration' } })
  })

  it('throws a wrong argument at once', async () => {
    const server = await startScriptedServer()
    expect(() => providerOf(server).stream({ messages: [] })).toThrow(ConfigurationError)
  })

  it('throws a wrong signal at once, and forgets a signal whose request was wrong', async () => {
    const provider = providerOf(await startScriptedServer())
    const wrong = { ...asking('hello'), signal: {} as AbortSignal }
    expect(() => provider.stream(wrong)).toThrow(ConfigurationError)
    const { signal } = new AbortController()
    expect(() => provider.stream({ messages: [], signal })).toThrow(ConfigurationError)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('lets the signal go once its loop has thrown', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [role, text('Hel')], end: 'destroy' })
    const { signal } = new AbortController()
    const loop = async () => {
      for await (const _ of providerOf(server).stream({ ...asking('hello'), signal }));
    }
    expect(await failureOf(loop())).toMatchObject({ code: 'stream' })
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('throws its failure out of the loop, after an error event', async () => {
    const { stream } = await streamOf(role, text('Hel'), `data: ${refusal('boom')}\n\n`)
    const seen: string[] = []
    const loop = async () => {
      for await (const event of stream) seen.push(event.type)
    }
    const error = await failureOf(loop())
    expect(error).toMatchObject({ partial: { content: 'Hel' }, message: expect.stringContaining('boom') })
    expect(seen).toEqual(['message', 'error'])
    expect(await failureOf(stream.response())).toBe(error)
  })
})

describe('leaving a stream', () => {
  it('that has given nothing yet cancels it', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const chat = await server.nextChat()
    const iterator = stream[Symbol.asyncIterator]()
    const next = iterator.next()
    await chat.send(role)
    stream.cancel()
    await chat.leftByClient
    expect(await next).toMatchObject({ done: false, value: { type: 'error', code: 'aborted' } })
    expect(await failureOf(iterator.next())).toBeInstanceOf(AbortError)
  })

  it('cancels it also where only its text is taken', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    for await (const piece of stream.textStream()) {
      expect(piece).toBe('Hel')
      break
    }
    await chat.leftByClient
    expect(await failureOf(stream.response())).toMatchObject({ code: 'aborted', partial: { content: 'Hel' } })
  })

  it('cancels it also before its first event was asked for', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const chat = await server.nextChat()
    await stream[Symbol.asyncIterator]().return?.()
    await chat.leftByClient
    expect(await failureOf(stream.response())).toBeInstanceOf(AbortError)
  })
})

describe('response()', () => {
  it('resolves without a loop', async () => {
    const { stream } = await streamOf(...answer('Hello'))
    expect(await stream.response()).toMatchObject({ content: 'Hello', finishReason: 'stop' })
  })

  it('drops the events where nobody iterates', async () => {
    const { stream } = await streamOf(...answer('Hello'))
    await stream.response()
    expect(await failureOf(eventsOf(stream))).toBeInstanceOf(ConfigurationError)
  })

  it('takes a long answer without a loop', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const response = stream.response()
    const chat = await server.nextChat()
    const megabyte = text('x'.repeat(1 << 20))
    for (let count = 0; count < 24; count += 1) await chat.send(megabyte)
    await chat.end(finish)
    expect((await response).content).toHaveLength(24 << 20)
  })

  it('can be asked for before, during and after a loop', async () => {
    const { stream } = await streamOf(...answer('Hel', 'lo'))
    const before = stream.response()
    const during: Promise<unknown>[] = []
    for await (const event of stream) during.push(stream.response().then(() => event.type))
    expect((await before).content).toBe('Hello')
    expect(await Promise.all(during)).toContain('completion')
    expect(await stream.response()).toBe(await before)
  })

  it('rejects with what had arrived, once the loop was left', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    for await (const event of stream) if (event.type === 'message') break
    await chat.leftByClient
    const error = await failureOf(stream.response())
    expect(error).toBeInstanceOf(AbortError)
    expect(error.partial).toEqual({ content: 'Hel', toolCalls: [] })
  })

  it('rejects with the reason of a cancel', async () => {
    const server = await startScriptedServer()
    const stream = providerOf(server).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    const reason = new Error('enough')
    stream.cancel(reason)
    await chat.leftByClient
    const error = await failureOf(stream.response())
    expect(error).toMatchObject({ code: 'aborted', name: 'AbortError' })
    expect(error.cause).toBe(reason)
  })

  it('is never an unhandled rejection, called or not', async () => {
    const server = await startScriptedServer()
    server.answersChats({ status: 400, chunks: [refusal('boom')] })
    const provider = providerOf(server)
    const ignored = provider.stream(asking('hello'))
    const called = provider.stream(asking('hello'))
    void called.response()
    await Promise.allSettled([ignored.response(), called.response()])
    const iterated = provider.stream(asking('hello'))
    await failureOf(eventsOf(iterated))
    await new Promise(setImmediate)
    expect(unhandled).toEqual([])
    expect(server.chats).toHaveLength(3)
  })

  it('is left alone by a cancel after the end', async () => {
    const { stream } = await streamOf(...answer('Hello'))
    await stream.response()
    stream.cancel()
    await stream[Symbol.asyncDispose]()
    expect((await stream.response()).content).toBe('Hello')
  })
})

describe('disposing of', () => {
  it('a stream cancels it, and waits until it has ended', async () => {
    const server = await startScriptedServer()
    const { events, onProgress } = listener()
    const stream = providerOf(server).stream({ ...asking('hello'), onProgress })
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    await stream[Symbol.asyncDispose]()
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'aborted' })
    await chat.leftByClient
    expect(await failureOf(stream.response())).toBeInstanceOf(AbortError)
  })

  it('a provider closes it', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const failure = failureOf(provider.query({ prompt: 'hello' }))
    const chat = await server.nextChat()
    await provider[Symbol.asyncDispose]()
    await chat.leftByClient
    expect(await failure).toMatchObject({ code: 'aborted' })
  })
})
