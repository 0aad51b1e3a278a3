import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { ConnectionError, OpenAICompatibleProvider } from '../index.js'
import { startProgram } from './support/program.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf, listener } from './support/witness.js'

/** A port at which nothing listens: it was just given back. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('localhost', () => {
  it.each(['127.0.0.1', '::1'])('finds a server that listens at %s only', async (host) => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
    expect(
      addresses.map(({ address }) => address),
      'this machine must have both loopback addresses',
    ).toContain(host)
    const server = await startScriptedServer(host)
    server.answersChats({ chunks: answer('Hello') })
    const provider = new OpenAICompatibleProvider(server.port)
    expect(provider.baseURL).toBe(`http://localhost:${server.port}/v1`)
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    await provider.close()
  })

  it.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])(
    'is not asked for through %s',
    async (name) => {
      const server = await startScriptedServer()
      server.answersChats({ chunks: answer('Hello') })
      const env = {
        OPENAI_COMPATIBLE_BASE_URL: `http://localhost:${server.port}`,
        [name]: `http://127.0.0.1:${await closedPort()}`,
      }
      const program = startProgram('query.mjs', [], env)
      expect(await program.line()).toBe('Hello')
      expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
    },
  )
})

describe('where nothing listens', () => {
  it('a query fails at once, with the system’s code and what to do', async () => {
    const port = await closedPort()
    const { events, onProgress } = listener()
    const error = await failureOf(new OpenAICompatibleProvider(port).query({ prompt: 'hello', onProgress }))
    expect(events.map(({ type }) => type)).toEqual(['error'])
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({
      code: 'connection',
      systemCode: 'ECONNREFUSED',
      attempts: 1,
      retryable: false,
      hint: expect.stringContaining('Start the server'),
      message: expect.stringContaining(`http://localhost:${port}/v1`),
      partial: { content: '' },
    })
  })

  it('questions are answered all the same', async () => {
    const provider = new OpenAICompatibleProvider(await closedPort())
    expect(await provider.validateConfiguration()).toBe(false)
    expect(await provider.listModels()).toEqual([])
    const status = await provider.getStatus()
    expect(status).toMatchObject({ isConnected: false, error: expect.stringContaining('refused') })
    expect(await failureOf(provider.listModels({ throwOnError: true }))).toBeInstanceOf(ConnectionError)
  })

  it('a name that nobody knows is told', async () => {
    const error = await failureOf(
      new OpenAICompatibleProvider({ host: 'no-such-host.invalid', retry: false }).query({ prompt: 'hello' }),
    )
    expect(error).toMatchObject({ code: 'connection', systemCode: 'ENOTFOUND' })
  })
})
