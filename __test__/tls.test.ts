import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { ConnectionError, OpenAICompatibleProvider, type ProviderConfig } from '../index.js'
import { authority, certificate } from './support/certificates.js'
import { asking, providerOf } from './support/provider.js'
import { startScriptedServer, startSecureServer } from './support/scripted-server.js'
import { startSilentServer } from './support/silent-server.js'
import { answer, text } from './support/wire.js'
import { failureOf, KEY, thrownBy } from './support/witness.js'

const ca = authority()
const names = ['localhost', '127.0.0.1', '::1']
const forServer = certificate('server', { by: ca, names })
const forClient = certificate('client', { by: ca })
const NO_CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'

beforeEach(() => {
  vi.stubEnv('NODE_EXTRA_CA_CERTS', undefined)
})

afterEach(() => {
  vi.unstubAllEnvs()
})

function inFile(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'ca.pem')
  writeFileSync(file, content)
  return file
}

/** What a server with this certificate answers a provider with this configuration. */
async function answered(tls: Parameters<typeof startSecureServer>[0], config: ProviderConfig = {}) {
  const server = await startSecureServer(tls)
  server.answersChats({ chunks: answer('Hello') })
  return await providerOf(server, config).query({ prompt: 'hello' })
}

describe('a server’s certificate', () => {
  it.each([
    ['a text', ca.cert],
    ['bytes', Buffer.from(ca.cert)],
    ['several', `${authority('another').cert}${ca.cert}`],
  ])('is believed if its authority is given: as %s', async (_name, given) => {
    expect(await answered(forServer, { tls: { ca: given } })).toBe('Hello')
  })

  it.each(['127.0.0.1', '::1'])('is believed at %s', async (host) => {
    const server = await startSecureServer(forServer, host)
    server.answersChats({ chunks: answer('Hello') })
    expect(await providerOf(server, { tls: { ca: ca.cert } }).query({ prompt: 'hello' })).toBe('Hello')
    const localhost = { baseURL: `https://localhost:${server.port}/v1` }
    expect(await providerOf(localhost, { tls: { ca: ca.cert } }).query({ prompt: 'hello' })).toBe('Hello')
  })

  it.each([
    ['a server’s', false],
    ['an authority’s, as `openssl req -x509` makes it', true],
  ])('is believed if it is given itself: %s', async (_name, isAuthority) => {
    const own = certificate('own', { names, isAuthority })
    expect(await answered(own, { tls: { ca: own.cert } })).toBe('Hello')
    const error = await failureOf(answered(own, { tls: { ca: ca.cert } }))
    expect(error).toMatchObject({ code: 'connection', hint: expect.stringContaining('`tls.ca`') })
  })

  it.each([true, false])(
    'is believed for its own names only, also if it is given (authority: %s)',
    async (isAuthority) => {
      const own = certificate('own', { names: ['box.example'], isAuthority })
      const error = await failureOf(answered(own, { tls: { ca: own.cert } }))
      expect(error.message).toMatch(/is for another name: box\.example$/)
    },
  )

  it('is believed if NODE_EXTRA_CA_CERTS names a file of its authority', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', inFile(ca.cert))
    expect(await answered(forServer)).toBe('Hello')
  })

  it.each([
    ['is missing', '/nowhere/ca.pem', /NODE_EXTRA_CA_CERTS names "\/nowhere\/ca\.pem": it cannot be read/],
    ['is no certificate', undefined, /it holds no certificate/],
  ])('is not asked for where that file %s', async (_name, file, message) => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', file ?? inFile('nothing'))
    const error = await failureOf(answered(forServer))
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringMatching(message) })
    // Who is not spoken to by TLS needs none of this.
    const plain = await startScriptedServer()
    plain.answersChats({ chunks: answer('Hello') })
    expect(await providerOf(plain).query({ prompt: 'hello' })).toBe('Hello')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is not looked at where that was asked for, with %s',
    async (v) => {
      const bad = certificate('bad', { names: ['other.example'], valid: [-3, -2] })
      const old = certificate('old', { version: 1 })
      for (const served of [bad, old]) {
        const tls = { ...served, minVersion: v, maxVersion: v }
        expect(await answered(tls, { tls: { insecure: true } })).toBe('Hello')
      }
    },
  )

  it('is believed if it is given itself, also where the system knows no authority', async () => {
    vi.stubEnv('SSL_CERT_FILE', inFile(''))
    vi.stubEnv('SSL_CERT_DIR', '')
    const own = certificate('own', { names })
    expect(await answered(own, { tls: { ca: own.cert } })).toBe('Hello')
    const error = await failureOf(answered(forServer, { tls: { ca: own.cert } }))
    expect(error.message).toMatch(/signed by nobody who is known here/)
  })

  it.each([
    ['is no authority', {}],
    ['has expired', { isAuthority: true, valid: [-3, -2] }],
    ['is not valid yet', { isAuthority: true, valid: [2, 3] }],
  ] as const)('is not believed if what signed it is given but %s', async (_name, options) => {
    const signer = certificate('signer', { names: ['box.example'], ...options })
    const signed = certificate('signed', { by: signer, names })
    const error = await failureOf(answered(signed, { tls: { ca: signer.cert } }))
    expect(error.message).toMatch(/signed by nobody who is known here/)
    vi.stubEnv('NODE_EXTRA_CA_CERTS', inFile(signer.cert))
    expect((await failureOf(answered(signed))).message).toMatch(/signed by nobody who is known here/)
    // Beside a certificate that counts, it still does not.
    const both = await failureOf(answered(signed, { tls: { ca: signer.cert + ca.cert } }))
    expect(both.message).toMatch(/signed by nobody who is known here/)
  })

  it.each([
    [
      'of an unknown authority',
      forServer,
      {},
      /signed by nobody who is known here/,
      /`tls\.ca`.*NODE_EXTRA_CA_CERTS/,
    ],
    [
      'that has expired',
      certificate('old', { by: ca, names, valid: [-3, -2] }),
      { ca: ca.cert },
      /has expired/,
      /clock/,
    ],
    [
      'that is given itself and has expired',
      certificate('old', { names, valid: [-3, -2], isAuthority: true }),
      'own',
      /has expired/,
      /clock/,
    ],
    [
      'that is given itself, signs for nobody and has expired',
      certificate('old', { names, valid: [-3, -2] }),
      'own',
      /has expired/,
      /clock/,
    ],
    [
      'that is given itself, of tomorrow',
      certificate('new', { names, valid: [1, 2] }),
      'own',
      /is not valid yet/,
      /clock/,
    ],
    [
      'that is given itself and is for clients',
      certificate('client', { names, purpose: 'client' }),
      'own',
      /is not for servers/,
      /serverAuth/,
    ],
    [
      'that is given itself, an authority’s for clients',
      certificate('client', { names, purpose: 'client', isAuthority: true }),
      'own',
      /is not for servers/,
      /serverAuth/,
    ],
    [
      'of version 1, though it is given itself',
      certificate('simple', { version: 1 }),
      'own',
      /is of X\.509 version 1/,
      /version 3/,
    ],
    [
      'of tomorrow',
      certificate('new', { by: ca, names, valid: [1, 2] }),
      { ca: ca.cert },
      /is not valid yet/,
      /clock/,
    ],
    [
      'of another machine',
      certificate('other', { by: ca, names: ['a.example', 'b.example'] }),
      { ca: ca.cert },
      /is for another name: a\.example, b\.example$/,
      /name/,
    ],
  ] as const)('%s is refused, and not tried again', async (_name, served, tls, message, hint) => {
    const error = await failureOf(answered(served, { tls: tls === 'own' ? { ca: served.cert } : tls }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({
      code: 'connection',
      retryable: false,
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    })
  })
})

describe('a client’s certificate', () => {
  const asked = { ...forServer, ca: ca.cert, requestCert: true, rejectUnauthorized: true }

  it('is shown to a server that asks for it', async () => {
    const { cert, key } = forClient
    const tls = { ca: ca.cert, cert, key: new TextEncoder().encode(key) }
    expect(await answered(asked, { tls })).toBe('Hello')
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is what the error says is missing, with %s', async (version) => {
    const tls = { ...asked, minVersion: version, maxVersion: version }
    const error = await failureOf(answered(tls, { tls: { ca: ca.cert } }))
    expect(error).toMatchObject({ code: 'connection', hint: expect.stringContaining('`tls.cert`') })
  })
})

describe('a configuration of TLS that cannot be', () => {
  const { cert, key } = forClient
  it.each<[string, unknown, RegExp]>([
    [
      'an authority that is a file’s name',
      { ca: '/etc/ca.pem' },
      /`tls\.ca` holds no certificate.*not the name of its file/,
    ],
    ['an authority that is cut off', { ca: ca.cert.slice(0, 200) }, /`tls\.ca` cannot be read/],
    ['a certificate without its key', { cert }, /`tls\.cert` is given without `tls\.key`/],
    ['a key without its certificate', { key }, /`tls\.key` is given without `tls\.cert`/],
    ['a key of another certificate', { cert, key: forServer.key }, /does not belong/],
    ['a certificate that is none', { cert: NO_CERTIFICATE, key }, /`tls\.cert` cannot be read/],
    ['a key that is none', { cert, key: KEY }, /`tls\.key` holds no private key/],
    ['no object', KEY, /`tls` must be an object/],
    ['a number', { ca: 5 }, /`tls\.ca` must be a text or a Uint8Array/],
    ['a word for yes', { insecure: 'yes' }, /`tls\.insecure` must be true or false/],
    ['another spelling', { CA: ca.cert }, /Write `tls\.ca`/],
  ])('%s: is refused when the provider is made, also for http', (_name, tls, words) => {
    for (const host of ['https://box', 'http://box']) {
      const error = thrownBy(() => new OpenAICompatibleProvider({ host, tls: tls as object }))
      expect(error.code).toBe('configuration')
      expect(`${error.message} ${error.hint}`).toMatch(words)
    }
  })
})

describe('http and https mixed up', () => {
  it('is told where plain HTTP answers to TLS', async () => {
    const server = await startScriptedServer()
    const baseURL = server.baseURL.replace('http:', 'https:')
    const error = await failureOf(providerOf({ baseURL }).query({ prompt: 'hello' }))
    expect(error).toMatchObject({
      message: expect.stringContaining('does not speak TLS'),
      hint: expect.stringContaining('http://'),
    })
  })

  it('is told where nothing answers to TLS', async () => {
    const server = await startSilentServer()
    const provider = providerOf({ baseURL: `https://${server.address}/v1` }, { timeout: { connect: 300 } })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      code: 'timeout',
      clock: 'connect',
      hint: expect.stringContaining('http://'),
    })
  })

  it('is told where TLS answers to plain HTTP', async () => {
    const server = await startSecureServer(forServer)
    const baseURL = server.baseURL.replace('https:', 'http:')
    const error = await failureOf(providerOf({ baseURL }).query({ prompt: 'hello' }))
    expect(error).toMatchObject({ code: 'connection', hint: expect.stringContaining('https://') })
  })
})

describe('over TLS', () => {
  it('cancelling closes the connection, and what had come is kept', async () => {
    const server = await startSecureServer(forServer)
    const stream = providerOf(server, { tls: { ca: ca.cert } }).stream(asking('hello'))
    const chat = await server.nextChat()
    await chat.send(text('Hel'))
    for await (const event of stream) if (event.type === 'message') break
    await chat.leftByClient
    expect((await failureOf(stream.response())).partial?.content).toBe('Hel')
  })

  it('connections are used again, also by other providers of the same settings', async () => {
    const server = await startSecureServer(forServer)
    server.answersChats({ chunks: answer('Hello') })
    const calls = 10
    for (let count = 0; count < calls; count += 1) {
      await providerOf(server, { tls: { ca: ca.cert } }).query({ prompt: 'hello' })
    }
    const ports = new Set(server.chats.map((chat) => chat.port))
    expect(ports.size).toBeLessThan(calls)
    await providerOf(server, { tls: { insecure: true } }).query({ prompt: 'hello' })
    expect(ports).not.toContain(server.chats.at(-1)?.port)
  })

  it('a connection that was closed while it waited is replaced', async () => {
    const server = await startSecureServer(forServer)
    server.answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server, { tls: { ca: ca.cert } })
    for (let count = 0; count < 5; count += 1) {
      expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
      server.chats.at(-1)?.response.socket?.destroy()
    }
  })

  it('the first token is waited for from the connection on', async () => {
    const server = await startSecureServer(forServer)
    const timeout = { connect: 5_000, firstToken: 100 }
    const error = await failureOf(
      providerOf(server, { tls: { ca: ca.cert }, timeout }).query({ prompt: 'hello' }),
    )
    expect(error).toMatchObject({ code: 'timeout', clock: 'firstToken' })
    expect(server.chats).toHaveLength(1)
  })
})
