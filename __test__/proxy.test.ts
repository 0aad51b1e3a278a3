import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConnectionError, OpenAICompatibleProvider } from '../index.js'
import { authority, certificate } from './support/certificates.js'
import { asking, providerOf } from './support/provider.js'
import { type StartedProxy, startProxy, startSocks } from './support/proxies.js'
import {
  json,
  type ScriptedServer,
  startScriptedServer,
  startSecureServer,
} from './support/scripted-server.js'
import { startSilentServer } from './support/silent-server.js'
import { answer, text } from './support/wire.js'
import { failureOf, OTHER_KEY, thrownBy } from './support/witness.js'

const ca = authority()
const tls = { ca: ca.cert }
const secure = certificate('server', { by: ca, names: ['server.invalid', '127.0.0.1'] })

/** All variables of proxies: none of this machine's has a say in the tests. */
const VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']

beforeEach(() => {
  vi.stubEnv('NODE_EXTRA_CA_CERTS', undefined)
  vi.stubEnv('REQUEST_METHOD', undefined)
  for (const name of VARIABLES) {
    vi.stubEnv(name, undefined)
    vi.stubEnv(name.toLowerCase(), undefined)
  }
})

afterEach(() => {
  vi.unstubAllEnvs()
})

/** The server by a name that only a proxy can look up. */
function named({ url, port }: ScriptedServer): { baseURL: string } {
  return { baseURL: `${new URL(url).protocol}//server.invalid:${port}/v1` }
}

async function startServer(isSecure: boolean): Promise<ScriptedServer> {
  const server = isSecure ? await startSecureServer(secure) : await startScriptedServer()
  return server.answersChats({ chunks: answer('Hello') })
}

/** Each kind of proxy, and how it is asked for a server. */
const KINDS: [string, boolean, () => Promise<StartedProxy>, string][] = [
  ['http', false, startProxy, 'POST'],
  ['http', true, startProxy, 'CONNECT'],
  ['https', false, () => startProxy({ tls: secure }), 'POST'],
  ['https', true, () => startProxy({ tls: secure }), 'CONNECT'],
  ['socks5h', false, startSocks, 'SOCKS'],
  ['socks5h', true, startSocks, 'SOCKS'],
]

describe.each(KINDS)('through a proxy of kind %s, to TLS: %s', (scheme, isSecure, start, method) => {
  it('an answer comes, and the name is looked up there', async () => {
    const [server, proxy] = [await startServer(isSecure), await start()]
    const provider = providerOf(named(server), { tls, proxy: `${scheme}://${proxy.address}` })
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    const target = `server.invalid:${server.port}`
    const url = `${named(server).baseURL}/chat/completions`
    expect(proxy.asked).toEqual([{ method, target: method === 'POST' ? url : target, user: undefined }])
    expect(server.chats[0]?.headers['proxy-authorization']).toBeUndefined()
  })

  it('cancelling closes the connection to the server', async () => {
    const [server, proxy] = [await startServer(isSecure), await start()]
    server.answersChats()
    const provider = providerOf(named(server), { tls, proxy: `${scheme}://${proxy.address}` })
    const stream = provider.stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(text('Hel'))
    for await (const event of stream) if (event.type === 'message') break
    await chat.leftByClient
    expect((await failureOf(stream.response())).partial?.content).toBe('Hel')
  })

  it('the first token is waited for from the connection on', async () => {
    const [server, proxy] = [await startServer(isSecure), await start()]
    server.answersChats()
    const timeout = { connect: 5_000, firstToken: 100 }
    const provider = providerOf(named(server), { tls, timeout, proxy: `${scheme}://${proxy.address}` })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({ clock: 'firstToken' })
    expect(server.chats).toHaveLength(1)
  })

  it('a connection that was closed while it waited is replaced', async () => {
    const [server, proxy] = [await startServer(isSecure), await start()]
    const provider = providerOf(named(server), { tls, proxy: `${scheme}://${proxy.address}` })
    for (let count = 0; count < 5; count += 1) {
      expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
      server.chats.at(-1)?.response.socket?.destroy()
    }
  })
})

describe('the clock of the connection', () => {
  it.each([
    ['a proxy that says nothing', 'http', false],
    ['a proxy that says nothing to CONNECT', 'http', true],
    ['a SOCKS proxy that says nothing', 'socks5', false],
  ])('runs at %s', async (_name, scheme, isSecure) => {
    const silent = await startSilentServer()
    const provider = providerOf(
      { baseURL: `${isSecure ? 'https' : 'http'}://127.0.0.1:9/v1` },
      { proxy: `${scheme}://${silent.address}`, timeout: { connect: 200, firstToken: 200 } },
    )
    const error = await failureOf(provider.query({ prompt: 'hello' }))
    // A proxy that forwards takes the request at once: then its server is waited for.
    const forwards = scheme === 'http' && !isSecure
    expect(error).toMatchObject({ code: 'timeout', clock: forwards ? 'firstToken' : 'connect' })
    if (!forwards) expect(error.hint).toContain(`through the proxy ${scheme}://${silent.address}`)
  })

  it('covers TLS behind the proxy', async () => {
    const [silent, proxy] = [await startSilentServer(), await startProxy()]
    const baseURL = `https://${silent.address}/v1`
    const timeout = { connect: 300 }
    const provider = providerOf({ baseURL }, { proxy: `http://${proxy.address}`, timeout, retry: false })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({ clock: 'connect' })
    expect(silent.connections).toHaveLength(1)
  })
})

describe('a user name and a password', () => {
  const user = `me@corp:${OTHER_KEY}/`
  const inUrl = `me%40corp:${OTHER_KEY}%2F`

  it.each([
    ['http', false, startProxy],
    ['http', true, startProxy],
    ['socks5', false, startSocks],
    ['socks5h', true, startSocks],
  ] as const)(
    'are told to a proxy of kind %s, to TLS: %s, and to nobody else',
    async (scheme, isSecure, start) => {
      const [server, proxy] = [await startServer(isSecure), await start({ user })]
      const where = scheme === 'socks5' ? server : named(server)
      const provider = providerOf(where, { tls, proxy: `${scheme}://${inUrl}@${proxy.address}` })
      expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
      expect(proxy.asked.map((asked) => asked.user)).toEqual([user])
      expect(JSON.stringify(server.chats[0]?.headers)).not.toContain('proxy')
    },
  )

  it.each([
    ['http', false, startProxy, 407],
    ['http', true, startProxy, 407],
    ['socks5h', false, startSocks, undefined],
  ] as const)(
    'that a proxy of kind %s refuses are told, but not shown',
    async (scheme, isSecure, start, status) => {
      const [server, proxy] = [await startServer(isSecure), await start({ user })]
      const wrong = `${scheme}://somebody:${OTHER_KEY}@${proxy.address}`
      const error = await failureOf(providerOf(named(server), { proxy: wrong }).query({ prompt: 'hello' }))
      expect(error).toBeInstanceOf(ConnectionError)
      expect(error).toMatchObject({
        code: 'connection',
        retryable: false,
        message: expect.stringContaining(`${scheme}://${proxy.address}`),
        hint: expect.stringContaining('user name and password'),
      })
      expect(error.status).toBe(status)
    },
  )
})

describe('a proxy that does not work', () => {
  it.each([
    [
      'refuses to connect',
      'http',
      () => startProxy({ refuses: 403 }),
      /refuses to connect to https:\/\/server\.invalid/,
    ],
    [
      'cannot connect',
      'socks5h',
      () => startSocks({ refuses: 4 }),
      /did not connect to .*: host unreachable/,
    ],
  ] as const)('%s: is told', async (_name, scheme, start, message) => {
    const [server, proxy] = [await startServer(true), await start()]
    const config = { proxy: `${scheme}://${proxy.address}` }
    const error = await failureOf(providerOf(named(server), config).query({ prompt: 'hello' }))
    expect(error).toMatchObject({ code: 'connection', message: expect.stringMatching(message) })
    expect(error.hint).toContain('It comes from `proxy`')
    expect(server.chats).toEqual([])
  })

  it.each(['http', 'https', 'socks5h'])(
    'and is not there (%s): is told, and nobody is asked past it',
    async (scheme) => {
      const server = await startServer(false)
      vi.stubEnv('HTTP_PROXY', `${scheme}://127.0.0.1:9`)
      const error = await failureOf(providerOf(named(server)).query({ prompt: 'hello' }))
      expect(error).toMatchObject({
        code: 'connection',
        message: expect.stringContaining(`No connection to the proxy ${scheme}://127.0.0.1:9`),
        hint: expect.stringMatching(/It comes from HTTP_PROXY.*NO_PROXY/),
      })
      expect(server.chats).toEqual([])
    },
  )

  it.each([false, true])(
    'has a certificate of nobody who is known: the error says whose (to TLS: %s)',
    async (isSecure) => {
      const [server, proxy] = [await startServer(isSecure), await startProxy({ tls: secure })]
      const config = { proxy: `https://${proxy.address}` }
      const error = await failureOf(providerOf(named(server), config).query({ prompt: 'hello' }))
      expect(error.message).toContain(`The certificate of https://${proxy.address}`)
    },
  )

  it('believed itself, leads to a server that is not: the error says whose', async () => {
    const stranger = certificate('stranger', { names: ['server.invalid'] })
    const server = (await startSecureServer(stranger)).answersChats({ chunks: answer('Hello') })
    const proxy = await startProxy({ tls: secure })
    const config = { tls, proxy: `https://${proxy.address}` }
    const error = await failureOf(providerOf(named(server), config).query({ prompt: 'hello' }))
    expect(error.message).toContain(`The certificate of ${named(server).baseURL}`)
  })

  it.each<[string, boolean, () => Promise<StartedProxy>]>([
    ['socks5h', false, startSocks],
    ['http', true, startProxy],
  ])('of kind %s, is not blamed for a 407 of the server (to TLS: %s)', async (scheme, isSecure, start) => {
    const server = isSecure ? await startSecureServer(secure) : await startScriptedServer()
    server.answersChats(json({ error: { message: 'The server itself says so' } }, 407))
    const proxy = await start()
    const config = { tls, proxy: `${scheme}://${proxy.address}` }
    const error = await failureOf(providerOf(named(server), config).query({ prompt: 'hello' }))
    expect(error).toMatchObject({
      status: 407,
      message: expect.stringContaining('The server itself says so'),
    })
  })
})

describe('the variables of the environment', () => {
  it.each([
    ['HTTP_PROXY', false],
    ['http_proxy', false],
    ['HTTPS_PROXY', true],
    ['https_proxy', true],
    ['ALL_PROXY', false],
    ['all_proxy', true],
  ])('%s names the proxy (to TLS: %s)', async (name, isSecure) => {
    const [server, proxy] = [await startServer(isSecure), await startProxy()]
    vi.stubEnv(name, proxy.address)
    expect(await providerOf(named(server), { tls }).query({ prompt: 'hello' })).toBe('Hello')
    expect(proxy.asked).toHaveLength(1)
  })

  it('HTTP_PROXY is not listened to in a CGI program, where the caller may have written it', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:9')
    vi.stubEnv('REQUEST_METHOD', 'GET')
    const provider = providerOf({ baseURL: 'http://server.invalid/v1' })
    expect((await failureOf(provider.query({ prompt: 'hello' }))).systemCode).toBe('ENOTFOUND')
  })

  it.each(['NO_PROXY', 'no_proxy'])('%s leaves a server out', async (name) => {
    vi.stubEnv('ALL_PROXY', 'http://127.0.0.1:9')
    vi.stubEnv(name, 'other.example, .invalid')
    const error = await failureOf(
      providerOf({ baseURL: 'http://server.invalid/v1' }).query({ prompt: 'hello' }),
    )
    expect(error.systemCode).toBe('ENOTFOUND')
  })

  it('name no proxy for this machine, unless the configuration does', async () => {
    const [server, proxy] = [await startServer(false), await startProxy()]
    vi.stubEnv('ALL_PROXY', 'http://127.0.0.1:9')
    expect(await providerOf(server).query({ prompt: 'hello' })).toBe('Hello')
    expect(await providerOf(server, { proxy: `http://${proxy.address}` }).query({ prompt: 'hello' })).toBe(
      'Hello',
    )
    expect(proxy.asked).toHaveLength(1)
  })

  it('are not asked where the configuration says false', async () => {
    vi.stubEnv('ALL_PROXY', 'http://127.0.0.1:9')
    const provider = providerOf({ baseURL: 'http://server.invalid/v1' }, { proxy: false })
    expect((await failureOf(provider.query({ prompt: 'hello' }))).systemCode).toBe('ENOTFOUND')
  })
})

describe('a proxy that cannot be', () => {
  it.each<[string, unknown, RegExp]>([
    ['an unknown scheme', `ftp://me:${OTHER_KEY}@proxy`, /its scheme is none of http, https, socks4/],
    ['no address', `http://me:${OTHER_KEY}@`, /is no proxy/],
    ['no host', `http://me:${OTHER_KEY}`, /is no proxy: invalid port number/],
    ['a key in place of the scheme', `${OTHER_KEY}:x://y@host`, /is no proxy/],
    ['an empty text', '', /must be a URL or false/],
    ['a boolean', true, /must be a URL or false/],
  ])('%s: is refused when the provider is made', (_name, proxy, message) => {
    const error = thrownBy(() => new OpenAICompatibleProvider({ proxy: proxy as string }))
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringMatching(message) })
  })

  it('of the environment is refused by its name, if it would be used', () => {
    vi.stubEnv('HTTP_PROXY', `gopher://me:${OTHER_KEY}@proxy`)
    expect(thrownBy(() => new OpenAICompatibleProvider('box')).message).toMatch(/^HTTP_PROXY is no proxy/)
    expect(new OpenAICompatibleProvider().baseURL).toBe('http://localhost:1234/v1')
  })
})
