import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { OpenAICompatibleProvider } from '../index.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { KEY, OTHER_KEY } from './support/witness.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

async function keySent(config: object): Promise<string | undefined> {
  const server = await startScriptedServer()
  server.answersChats({ chunks: answer('Hello') })
  await new OpenAICompatibleProvider({ baseURL: server.baseURL, ...config }).query({ prompt: 'hello' })
  return server.chats[0]?.headers.authorization
}

describe('the environment', () => {
  it('gives the address', () => {
    vi.stubEnv('OPENAI_COMPATIBLE_BASE_URL', 'http://box:8080')
    expect(new OpenAICompatibleProvider().baseURL).toBe('http://box:8080/v1')
  })

  it('gives no address where the configuration does', () => {
    vi.stubEnv('OPENAI_COMPATIBLE_BASE_URL', 'http://box:8080')
    expect(new OpenAICompatibleProvider(1234).baseURL).toBe('http://localhost:1234/v1')
    expect(new OpenAICompatibleProvider('other').baseURL).toBe('http://other:1234/v1')
    expect(new OpenAICompatibleProvider({ baseURL: 'http://third' }).baseURL).toBe('http://third')
  })

  it('gives the key', async () => {
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', KEY)
    expect(await keySent({})).toBe(`Bearer ${KEY}`)
  })

  it('gives no key where the configuration does, or wants none', async () => {
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', KEY)
    expect(await keySent({ apiKey: OTHER_KEY })).toBe(`Bearer ${OTHER_KEY}`)
    expect(await keySent({ apiKey: '' })).toBeUndefined()
  })

  it('counts as unset where it is empty', async () => {
    vi.stubEnv('OPENAI_COMPATIBLE_BASE_URL', '')
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', '')
    expect(new OpenAICompatibleProvider().baseURL).toBe('http://localhost:1234/v1')
    expect(await keySent({})).toBe('Bearer not-needed')
  })

  it('is read when a provider is made', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', KEY)
    const provider = new OpenAICompatibleProvider({ baseURL: server.baseURL })
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', OTHER_KEY)
    await provider.query({ prompt: 'hello' })
    expect(server.chats[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
  })

  it('is a worker’s own in a worker', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    vi.stubEnv('OPENAI_COMPATIBLE_BASE_URL', 'http://127.0.0.1:9')
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', OTHER_KEY)
    const env = { OPENAI_COMPATIBLE_BASE_URL: server.url, OPENAI_COMPATIBLE_API_KEY: KEY }
    const worker = new Worker(new URL('fixtures/query.mjs', import.meta.url), { env })
    const [said] = await Promise.all([
      new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)),
      new Promise((resolve) => worker.once('exit', resolve)),
    ])
    expect(said).toBe('Hello')
    expect(server.chats[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
  })
})
