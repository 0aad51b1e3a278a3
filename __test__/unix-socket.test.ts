import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ConnectionError, OpenAICompatibleProvider } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { json, models, startServerAt } from './support/scripted-server.js'
import { answer, text } from './support/wire.js'
import { failureOf, thrownBy } from './support/witness.js'

const nobody = { baseURL: 'http://nobody.invalid/v1' }

afterEach(() => {
  vi.unstubAllEnvs()
})

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'socket-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'server.sock')
}

describe('a unix socket', () => {
  it('takes the place of the address', async () => {
    const unixSocket = socketPath()
    const server = await startServerAt(unixSocket)
    server.answersChats({ chunks: answer('Hello') })
    vi.stubEnv('ALL_PROXY', 'http://127.0.0.1:9')
    const provider = providerOf(nobody, { unixSocket, model: undefined })
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    expect(server.chats[0]).toMatchObject({
      path: '/v1/chat/completions',
      headers: { host: 'nobody.invalid' },
    })
    expect(await provider.getStatus()).toMatchObject({ isConnected: true, availableModels: ['m'] })
  })

  it('is closed by cancelling', async () => {
    const unixSocket = socketPath()
    const server = await startServerAt(unixSocket)
    const stream = providerOf(nobody, { unixSocket }).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(text('Hel'))
    for await (const event of stream) if (event.type === 'message') break
    await chat.leftByClient
    expect((await failureOf(stream.response())).partial?.content).toBe('Hel')
  })

  it('that waited in the pool and was closed is replaced', async () => {
    const unixSocket = socketPath()
    const server = await startServerAt(unixSocket)
    server.answersChats({ chunks: answer('Hello') })
    const provider = providerOf(nobody, { unixSocket })
    await provider.query({ prompt: 'hello' })
    server.chats[0]?.response.socket?.destroy()
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
  })

  it('has the clock of the first token', async () => {
    const unixSocket = socketPath()
    await startServerAt(unixSocket)
    const timeout = { connect: 5_000, firstToken: 100 }
    const error = await failureOf(providerOf(nobody, { unixSocket, timeout }).query({ prompt: 'hello' }))
    expect(error).toMatchObject({ code: 'timeout', clock: 'firstToken' })
  })

  it('that does not exist yet is waited for', async () => {
    const unixSocket = socketPath()
    const ready = providerOf(nobody, { unixSocket, model: 'one' }).waitUntilReady({ timeout: 30_000 })
    const server = await startServerAt(unixSocket)
    server.answersQuestions(models('one')).answersChats(json({ error: 'no messages' }, 400))
    expect(await ready).toMatchObject({ isConnected: true })
  })

  it('that does not exist is a connection error that names it', async () => {
    const unixSocket = socketPath()
    const error = await failureOf(providerOf(nobody, { unixSocket }).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({
      systemCode: 'ENOENT',
      retryable: false,
      message: `There is no unix socket ${unixSocket}`,
      hint: expect.stringContaining('`unixSocket`'),
    })
  })

  it.each([
    [{ unixSocket: '/s', proxy: 'http://proxy' }, /Both `unixSocket` and `proxy`/],
    [{ unixSocket: '' }, /`unixSocket` is empty/],
    [{ unixSocket: 5 as unknown as string }, /`unixSocket`: expected a string/],
    [{ unix_socket: '/s' }, /`unix_socket` is no field/],
  ])('that cannot be is refused: %j', (config, message) => {
    const error = thrownBy(() => new OpenAICompatibleProvider(config as object))
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringMatching(message) })
  })

  it('goes with `proxy: false`', () => {
    expect(new OpenAICompatibleProvider({ unixSocket: '/s', proxy: false }).name).toBe('openai-compatible')
  })
})
