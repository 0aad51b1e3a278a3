import { expect, it, vi } from 'vitest'
import { ConfigurationError, type OpenAICompatibleProvider, type ProviderConfig } from '../../index.js'
import { type ScriptedServer, startScriptedServer } from './scripted-server.js'
import { answer } from './wire.js'
import { KEY, thrownBy } from './witness.js'

type Hosted = new (config?: ProviderConfig) => OpenAICompatibleProvider

/** A server that answers every chat with `Hello`. */
export async function greeting(): Promise<ScriptedServer> {
  const server = await startScriptedServer()
  return server.answersChats({ chunks: answer('Hello') })
}

/** What is true of every server that is at one place on the Internet and wants a key. */
export function behavesAsHosted(
  Provider: Hosted,
  baseURL: string,
  variables: { key: string; url: string },
): void {
  it('is at its own address', () => {
    expect(new Provider({ apiKey: KEY }).baseURL).toBe(baseURL)
  })

  it('needs a key when it is made', () => {
    vi.stubEnv(variables.key, undefined)
    const error = thrownBy(() => new Provider())
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.hint).toContain(variables.key)
    vi.stubEnv(variables.key, '')
    expect(thrownBy(() => new Provider())).toBeInstanceOf(ConfigurationError)
    vi.stubEnv(variables.key, KEY)
    expect(new Provider().getAuthenticator().getCredentialType()).toBe('api_key')
  })

  it('takes its key from the environment for its own host, and for the address that stands there, only', async () => {
    vi.stubEnv(variables.key, KEY)
    const server = await greeting()
    for (const config of [{ baseURL: server.baseURL }, { host: server.url }]) {
      expect(thrownBy(() => new Provider(config))).toBeInstanceOf(ConfigurationError)
    }
    vi.stubEnv(variables.url, server.baseURL)
    await new Provider({ model: 'm' }).query({ prompt: 'hello' })
    expect(server.chats.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${KEY}`])
  })
}

/** Headers of the environment go to the server itself, and give way to those of the configuration. */
export function sendsHeaders(
  Provider: Hosted,
  variables: { key: string; url: string },
  headers: Record<string, string>,
): void {
  const names = Object.keys(headers)

  /** The headers that arrive at a server, which the environment names unless `isForeign`. */
  async function sent(config: ProviderConfig, isForeign = false): Promise<unknown[]> {
    const server = await greeting()
    vi.stubEnv(variables.key, KEY)
    vi.stubEnv(variables.url, isForeign ? undefined : server.baseURL)
    for (const [name, variable] of Object.entries(headers)) vi.stubEnv(variable, `of ${name}`)
    const address = isForeign ? { baseURL: server.baseURL } : {}
    await new Provider({ ...address, ...config, model: 'm' }).query({ prompt: 'hello' })
    return names.map((name) => server.chats[0]?.headers[name])
  }

  it('is told what the environment says of who asks', async () => {
    expect(await sent({})).toEqual(names.map((name) => `of ${name}`))
  })

  it('alone is told that', async () => {
    expect(await sent({ apiKey: KEY }, true)).toEqual(names.map(() => undefined))
  })

  it('is told what the configuration says in its place', async () => {
    const given = Object.fromEntries(names.map((name) => [name.toUpperCase(), 'given']))
    expect(await sent({ headers: given })).toEqual(names.map(() => 'given'))
  })
}
