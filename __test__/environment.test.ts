import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfigurationError, OpenAICompatibleProvider, type ProviderDefinition } from '../index.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { KEY, OTHER_KEY, thrownBy } from './support/witness.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

async function keySent(config: object): Promise<string | undefined> {
  const server = await startScriptedServer()
  server.answersChats({ chunks: answer('Hello') })
  await new OpenAICompatibleProvider({ baseURL: server.baseURL, ...config }).query({ prompt: 'hello' })
  return server.chats[0]?.headers.authorization
}

class Vendor extends OpenAICompatibleProvider {
  static override readonly definition: ProviderDefinition = {
    name: 'vendor',
    displayName: 'Vendor',
    baseURL: 'https://api.vendor.example/v1',
    baseURLEnv: 'VENDOR_BASE_URL',
    apiKeyEnv: 'VENDOR_API_KEY',
  }
}

class StrictVendor extends Vendor {
  static override readonly definition = { ...Vendor.definition, apiKeyRequired: true }
}

describe('the key of a vendor', () => {
  it('is not sent to another server', async () => {
    vi.stubEnv('VENDOR_API_KEY', KEY)
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', OTHER_KEY)
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    for (const config of [
      { baseURL: server.baseURL },
      { host: server.url },
      { host: '127.0.0.1', port: server.port },
    ]) {
      await new Vendor({ ...config, model: 'm' }).query({ prompt: 'hello' })
    }
    expect(server.chats.map(({ headers }) => headers.authorization)).toEqual(
      Array(3).fill('Bearer not-needed'),
    )
  })

  it('is sent where the environment or the call says so', async () => {
    vi.stubEnv('VENDOR_API_KEY', KEY)
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    await new Vendor({ baseURL: server.baseURL, apiKey: OTHER_KEY, model: 'm' }).query({ prompt: 'hello' })
    vi.stubEnv('VENDOR_BASE_URL', server.baseURL)
    await new Vendor({ model: 'm' }).query({ prompt: 'hello' })
    const sent = server.chats.map(({ headers }) => headers.authorization)
    expect(sent).toEqual([`Bearer ${OTHER_KEY}`, `Bearer ${KEY}`])
  })

  it('belongs to all paths of its server', () => {
    vi.stubEnv('VENDOR_API_KEY', KEY)
    const credential = (config: object) => new Vendor(config).getAuthenticator().getCredentialType()
    expect(credential({})).toBe('api_key')
    expect(credential({ baseURL: 'https://api.vendor.example/other' })).toBe('api_key')
    expect(credential({ baseURL: 'http://api.vendor.example/v1' })).toBe('none')
    expect(credential({ baseURL: 'https://api.vendor.example.com/v1' })).toBe('none')
  })

  it('that is needed must then be given', () => {
    vi.stubEnv('VENDOR_API_KEY', KEY)
    const error = thrownBy(() => new StrictVendor({ host: 'localhost' }))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.hint).toContain('`apiKey`')
    expect(error.hint).toContain('https://api.vendor.example')
    expect(new StrictVendor().baseURL).toBe('https://api.vendor.example/v1')
  })
})

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
