import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { TimeoutError, type Timeouts } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { models, startScriptedServer } from './support/scripted-server.js'
import { answer, comment, event, finish, role, text } from './support/wire.js'
import { failureOf } from './support/witness.js'

/** So long is waited; and so long a test lasts at least that waits in vain. */
const LIMIT = 300

async function started(timeout: number | Timeouts) {
  const server = await startScriptedServer()
  const begun = performance.now()
  const result = providerOf(server, { timeout }).query({ prompt: 'hello' })
  result.catch(() => {})
  const chat = await server.nextChat()
  return { server, chat, result, elapsed: () => performance.now() - begun }
}

describe('firstToken', () => {
  it('runs out where the server says nothing at all', async () => {
    const { chat, result, elapsed } = await started({ firstToken: LIMIT })
    const error = await failureOf(result)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({
      code: 'timeout',
      clock: 'firstToken',
      retryable: false,
      partial: { content: '' },
    })
    expect(error.message).toContain(`${LIMIT} ms`)
    expect(error.hint).toContain('timeout.firstToken')
    expect(elapsed()).toBeGreaterThanOrEqual(LIMIT - 1)
    // Not by the clock of the connection, which is ten seconds.
    expect(elapsed()).toBeLessThan(5_000)
    await chat.leftByClient
  })

  it('runs also where the connection has no limit', async () => {
    const { chat, result } = await started({ connect: 0, firstToken: LIMIT })
    expect(await failureOf(result)).toMatchObject({ clock: 'firstToken' })
    await chat.leftByClient
  })

  it('is not ended by head, role and comments', async () => {
    const { chat, result } = await started({ firstToken: LIMIT, idle: 20 })
    await chat.send(role)
    for (let count = 0; count < 3; count += 1) {
      await sleep(LIMIT / 8)
      await chat.send(comment)
    }
    expect(await failureOf(result)).toMatchObject({ clock: 'firstToken' })
    await chat.leftByClient
  })

  it('is ended by the first text', async () => {
    const { chat, result, elapsed } = await started({ firstToken: LIMIT })
    await chat.send(role, text('Hel'))
    await sleep(LIMIT * 1.2)
    await chat.end(text('lo'), finish)
    expect(await result).toBe('Hello')
    expect(elapsed()).toBeGreaterThan(LIMIT)
  })

  it('is restarted by progress', async () => {
    const { chat, result, elapsed } = await started({ firstToken: LIMIT })
    for (let done = 0; done < 5; done += 1) {
      await chat.send(event({ choices: [], prompt_progress: { processed: done, total: 5 } }))
      await sleep(LIMIT / 4)
    }
    await chat.end(text('Hello'), finish)
    expect(await result).toBe('Hello')
    expect(elapsed()).toBeGreaterThan(LIMIT)
  })
})

describe('idle', () => {
  it('runs out in the middle of an answer, which is kept', async () => {
    const { chat, result } = await started({ idle: LIMIT })
    await chat.send(role, text('Hel'))
    const error = await failureOf(result)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ clock: 'idle', retryable: false, partial: { content: 'Hel' } })
    await chat.leftByClient
  })

  it('does not run before the first text', async () => {
    const { chat, result } = await started({ idle: LIMIT / 2 })
    await chat.send(role)
    await sleep(LIMIT)
    await chat.end(text('Hello'), finish)
    expect(await result).toBe('Hello')
  })

  it('is restarted by comments', async () => {
    const { chat, result, elapsed } = await started({ idle: LIMIT })
    await chat.send(text('Hel'))
    for (let count = 0; count < 5; count += 1) {
      await sleep(LIMIT / 4)
      await chat.send(comment)
    }
    await chat.end(text('lo'), finish)
    expect(await result).toBe('Hello')
    expect(elapsed()).toBeGreaterThan(LIMIT)
  })
})

describe('total', () => {
  it.each<[string, number | Timeouts]>([
    ['a number', LIMIT],
    ['a field', { total: LIMIT }],
  ])('ends a call that is busy: %s', async (_name, timeout) => {
    const { chat, result } = await started(timeout)
    let gone = false
    void chat.leftByClient.then(() => {
      gone = true
    })
    while (!gone) {
      await chat.send(text('bla '))
      await sleep(5)
    }
    const error = await failureOf(result)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ clock: 'total', retryable: false })
    expect(error.partial?.content).toMatch(/^(bla )+$/)
  })

  it('ends a question about the server, too', async () => {
    const server = await startScriptedServer()
    server.answersQuestions({ chunks: [' '], end: 'open' })
    const failure = failureOf(providerOf(server).listModels({ throwOnError: true, timeout: LIMIT }))
    expect(await failure).toMatchObject({ clock: 'total' })
  })
})

describe('metadata', () => {
  it('runs over the whole of a question', async () => {
    const server = await startScriptedServer()
    server.answersQuestions({ chunks: ['{"data":'], end: 'open' })
    const provider = providerOf(server, { timeout: { metadata: LIMIT } })
    const status = await provider.getStatus()
    expect(status).toMatchObject({ isConnected: false, error: expect.stringContaining('timeout.metadata') })
    expect(await provider.validateConfiguration()).toBe(false)
    expect(await provider.listModels()).toEqual([])
    expect(await failureOf(provider.listModels({ throwOnError: true }))).toMatchObject({ clock: 'metadata' })
    for (const question of server.questions) await question.leftByClient
  })

  it('costs a query nothing but the name of the model', async () => {
    const server = await startScriptedServer()
    server.answersQuestions({ chunks: [' '], end: 'open' }).answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server, { model: undefined, timeout: { metadata: LIMIT } })
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    expect(server.chats[0]?.json.model).toBe('default')
  })

  it('of a call wins over the provider’s', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server, { timeout: { metadata: 20 } })
    const status = provider.getStatus({ timeout: { metadata: 10_000 } })
    server.answersQuestions({ ...models('m'), holdMs: LIMIT })
    expect(await status).toMatchObject({ isConnected: true })
  })
})

describe('no limit', () => {
  it.each([0, Number.POSITIVE_INFINITY])('is %d', async (none) => {
    const timeout = { connect: none, firstToken: none, idle: none, metadata: none, total: none }
    const { chat, result } = await started(timeout)
    await sleep(LIMIT)
    await chat.send(text('Hel'))
    await sleep(LIMIT)
    await chat.end(text('lo'), finish)
    expect(await result).toBe('Hello')
  })

  it('can be set by a call where the provider has one, field by field', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server, { timeout: { firstToken: LIMIT / 2, idle: LIMIT } })
    const result = provider.chat({ ...asking('hello'), timeout: { firstToken: 0, idle: undefined } })
    const failure = failureOf(result)
    const chat = await server.nextChat()
    await sleep(LIMIT)
    await chat.send(text('Hel'))
    expect(await failure).toMatchObject({ clock: 'idle', partial: { content: 'Hel' } })
  })
})
