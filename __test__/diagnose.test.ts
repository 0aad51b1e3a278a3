import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  AbortError,
  type Check,
  createProvider,
  type Diagnosis,
  OpenAICompatibleProvider,
  type ProviderConfig,
} from '../index.js'
import { authority, certificate } from './support/certificates.js'
import { closedPort } from './support/closed-port.js'
import { LlamaServer } from './support/llama-server.js'
import { LOADING, NOT_FOUND, PROPS, play, SERVERS, WANTS_KEY } from './support/played-servers.js'
import { providerOf } from './support/provider.js'
import { startProxy } from './support/proxies.js'
import { startRawServer } from './support/raw-server.js'
import { json, models, startScriptedServer, startSecureServer } from './support/scripted-server.js'
import { startSilentServer } from './support/silent-server.js'
import { failureOf, KEY, witness } from './support/witness.js'

const real = new LlamaServer({ alias: 'tiny', context: 4096 })
const locked = new LlamaServer({ key: KEY })

afterEach(() => vi.unstubAllEnvs())

const diagnosed = async (config: ProviderConfig, name = 'openai-compatible'): Promise<Diagnosis> => {
  const provider = createProvider(name, config)
  onTestFinished(() => provider.close())
  return witness(await provider.diagnose())
}

const check = ({ checks }: Diagnosis, id: string): Check | undefined => checks.find((each) => each.id === id)

const failed = (diagnosis: Diagnosis): Check[] => diagnosis.checks.filter(({ ok }) => !ok)

describe('a server at which all is well', () => {
  it('is diagnosed as such, and without a question to its model', async () => {
    const diagnosis = await diagnosed({ baseURL: real.baseURL, model: 'tiny' })
    expect(diagnosis).toMatchObject({ ok: true, server: 'llama-cpp' })
    const ids = ['address', 'connection', 'protocol', 'server', 'base-path', 'key', 'model']
    expect(diagnosis.checks.map(({ id }) => id)).toEqual(expect.arrayContaining(ids))
    expect(failed(diagnosis)).toEqual([])
    expect((await real.slots()).every((slot) => !slot.is_processing)).toBe(true)
  })

  it('takes any name where one model answers for all', async () => {
    const diagnosis = await diagnosed({ baseURL: real.baseURL, model: 'gpt-4' })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'model')?.found).toBe(
      'The server has only "tiny", which answers for "gpt-4", too',
    )
  })

  it('is told by the general class, and by its own', async () => {
    const { baseURL } = await play(SERVERS.vllm)
    for (const name of ['openai-compatible', 'vllm']) {
      const diagnosis = await diagnosed({ baseURL }, name)
      expect(diagnosis).toMatchObject({ ok: true, server: 'vllm' })
      expect(check(diagnosis, 'server')?.found).toBe('The server is vLLM 0.10.0')
    }
  })
})

describe('a port at which nothing listens', () => {
  it('is told', async () => {
    const port = await closedPort()
    const diagnosis = await diagnosed({ host: '127.0.0.78', port })
    expect(diagnosis.ok).toBe(false)
    expect(diagnosis).not.toHaveProperty('server')
    expect(failed(diagnosis)).toMatchObject([
      { id: 'connection', found: expect.stringContaining('refused'), fix: expect.any(String) },
    ])
  })

  it('is told with the port at which a server answers', async () => {
    await play(SERVERS.llamaCpp, '127.0.0.79', 9931)
    const diagnosis = await diagnosed({ host: '127.0.0.79', port: await closedPort() })
    expect(check(diagnosis, 'connection')).toMatchObject({
      ok: false,
      fix: 'Use `port: 9931`: llama.cpp answers there.',
    })
  })

  it('sends no key to the servers that it finds on the way', async () => {
    const server = await play(SERVERS.llamaCpp, '127.0.0.80', 9931)
    await diagnosed({ host: '127.0.0.80', port: await closedPort(), apiKey: KEY, headers: { 'X-Key': KEY } })
    expect(server.questions).not.toEqual([])
    const sent = server.questions.flatMap(({ headers }) => [headers.authorization, headers['x-key']])
    expect(sent.filter(Boolean)).toEqual([])
  })

  it.each([
    ['127.0.0.1', '::1', '[::1]'],
    ['::1', '127.0.0.1', '127.0.0.1'],
  ])('on %s is told with the family on which it does: %s', async (host, listening, shown) => {
    const { port } = await play(SERVERS.llamaCpp, listening)
    const diagnosis = await diagnosed({ host, port })
    expect(failed(diagnosis)).toMatchObject([{ id: 'connection' }])
    expect(failed(diagnosis)[0]?.fix).toBe(
      `Use \`host: 'localhost'\`: llama.cpp listens at ${shown}:${port} only.`,
    )
  })

  it('is told of a unix socket, too', async () => {
    const diagnosis = await diagnosed({ unixSocket: '/nonexistent/socket' })
    expect(failed(diagnosis)).toMatchObject([{ id: 'connection', found: expect.stringContaining('socket') }])
  })
})

describe('a redirect to another origin', () => {
  it('is told, with where it leads', async () => {
    const elsewhere = { status: 301, headers: { Location: 'https://llm.example/v1/models' } }
    const { baseURL } = await play({ paths: {}, others: elsewhere, chat: elsewhere })
    expect(failed(await diagnosed({ baseURL }))).toMatchObject([
      {
        id: 'protocol',
        found: expect.stringContaining('https://llm.example'),
        fix: expect.stringContaining('redirects'),
      },
    ])
  })
})

describe('a server that fails', () => {
  it.each([
    [500, '{"error":"Bad Gateway"}'],
    [502, '<html><title>Bad Gateway</title></html>'],
    [503, ''],
  ])('is told, and not called no LLM server: %d', async (status, body) => {
    const down = { status, chunks: [body] }
    const { baseURL } = await play({ paths: {}, others: down, chat: down })
    expect(failed(await diagnosed({ baseURL }))).toMatchObject([
      { id: 'chat', fix: expect.stringContaining('log') },
    ])
  })
})

describe('a web server', () => {
  it.each([
    [501, '<html><title>Error response</title></html>'],
    [403, '<html><title>Forbidden</title></html>'],
    [403, ''],
    [500, '<html><title>Whitelabel Error Page</title></html>'],
  ])('is no LLM server, though it answers a question with %d', async (status, body) => {
    const page = { status: 404, chunks: ['<html><title>Files</title></html>'] }
    const { baseURL } = await play({ paths: {}, others: page, chat: { status, chunks: [body] } })
    expect(failed(await diagnosed({ baseURL }))).toMatchObject([
      { id: 'protocol', fix: expect.stringContaining('no LLM server answers there') },
    ])
  })
})

describe('a name that nobody knows', () => {
  it('is told', async () => {
    const diagnosis = await diagnosed({ baseURL: 'http://nobody.invalid/v1', proxy: false })
    expect(failed(diagnosis)).toMatchObject([
      { id: 'address', found: expect.stringContaining('nobody.invalid') },
    ])
  })
})

describe('something else at the port', () => {
  it('is a web page, with its title', async () => {
    const page = await play({
      paths: { '/': { chunks: ['<html><title>My router</title></html>'] } },
      chat: NOT_FOUND,
    })
    const diagnosis = await diagnosed({ baseURL: page.baseURL })
    expect(failed(diagnosis)).toMatchObject([{ id: 'protocol', fix: expect.any(String) }])
    expect(check(diagnosis, 'protocol')?.found).toContain('a web page answers: My router')
  })

  it.each([
    ['SSH', 'SSH-2.0-OpenSSH_9.2p1\r\n', 'SSH-2.0-OpenSSH_9.2p1'],
    ['redis', '-ERR unknown command\r\n', '-ERR unknown command'],
  ])('is %s, in its own words', async (_name, banner, words) => {
    const { baseURL } = await startRawServer((socket) => socket.end(banner))
    const diagnosis = await diagnosed({ baseURL })
    expect(check(diagnosis, 'connection')?.ok).toBe(true)
    expect(check(diagnosis, 'protocol')).toMatchObject({ ok: false, found: expect.stringContaining(words) })
  })

  it('is TLS where the address is plain', async () => {
    const secure = await startSecureServer(certificate('localhost', { names: ['localhost'] }))
    const diagnosis = await diagnosed({ host: '127.0.0.1', port: secure.port })
    expect(failed(diagnosis)).toMatchObject([
      { id: 'protocol', found: expect.stringContaining('TLS'), fix: expect.stringContaining('https://') },
    ])
  })

  it('is plain where the address is TLS', async () => {
    const { url } = await startScriptedServer()
    const diagnosis = await diagnosed({ baseURL: `${url.replace('http:', 'https:')}/v1` })
    expect(failed(diagnosis)).toMatchObject([{ id: 'tls', fix: expect.stringContaining('http://') }])
  })

  it('may be plain where the address is TLS and nobody answers', async () => {
    const { address } = await startSilentServer()
    const diagnosis = await diagnosed({ baseURL: `https://${address}/v1`, timeout: { metadata: 2500 } })
    expect(failed(diagnosis)).toMatchObject([{ id: 'protocol', fix: expect.stringContaining('http://') }])
  })

  it('is a certificate that nobody knows', async () => {
    const { baseURL } = await startSecureServer(
      certificate('localhost', { names: ['127.0.0.1'], by: authority() }),
    )
    const diagnosis = await diagnosed({ baseURL })
    expect(failed(diagnosis)).toMatchObject([{ id: 'tls', fix: expect.stringContaining('tls.ca') }])
  })

  it('says nothing at all', async () => {
    const silent = await startSilentServer()
    const provider = new OpenAICompatibleProvider(silent.address)
    const diagnosis = await provider.diagnose({ timeout: { metadata: 3000 } })
    expect(failed(diagnosis)).toMatchObject([{ id: 'protocol', found: expect.stringContaining('nothing') }])
    await provider.close()
  })

  it('leaves no time for a reason', async () => {
    const silent = await startSilentServer()
    const provider = new OpenAICompatibleProvider(silent.address)
    const diagnosis = await provider.diagnose({ timeout: { metadata: 100 } })
    expect(failed(diagnosis)).toMatchObject([{ id: 'time' }])
    await provider.close()
  })
})

describe('a wrong base path', () => {
  it('is told with the one that works', async () => {
    const server = await play({ paths: { '/v1/models': models('m') } })
    server.onlyBelow('/v1')
    for (const path of ['/wrong', '']) {
      const diagnosis = await diagnosed({ baseURL: `${server.url}${path}` })
      expect(failed(diagnosis)).toMatchObject([
        {
          id: 'base-path',
          fix: `An LLM server answers at ${server.baseURL}: set \`baseURL: '${server.baseURL}'\`.`,
        },
      ])
      expect(diagnosis.server).toBe('openai-compatible')
    }
  })
})

describe('a server without a model list', () => {
  it('is well, as far as can be told', async () => {
    const server = await play({ paths: {} })
    const diagnosis = await diagnosed({ baseURL: server.baseURL })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'model')?.found).toContain('no model list')
  })
})

describe('the key', () => {
  it.each([
    ['missing', undefined, /wants a key/],
    ['wrong', 'sk-another-wrong-key', /does not take the key/],
  ])('is %s', async (_name, apiKey, found) => {
    const diagnosis = await diagnosed({ baseURL: locked.baseURL, apiKey })
    expect(diagnosis).toMatchObject({ ok: false, server: 'llama-cpp' })
    expect(failed(diagnosis)).toMatchObject([{ id: 'key', fix: expect.stringContaining('apiKey') }])
    expect(failed(diagnosis)[0]?.found).toMatch(found)
  })

  it('is right', async () => {
    const diagnosis = await diagnosed({ baseURL: locked.baseURL, apiKey: () => KEY })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'key')).toEqual({ id: 'key', ok: true, found: 'The server takes the key' })
  })

  it.each([
    [KEY, true, 'The server takes the header in place of a key'],
    ['sk-another-wrong-key', false, 'The server does not take the header in place of a key: Invalid API Key'],
  ])('is a header of one’s own: %s', async (key, ok, found) => {
    const headers = { Authorization: `Bearer ${key}` }
    const diagnosis = await diagnosed({ baseURL: locked.baseURL, headers })
    expect(diagnosis.ok).toBe(ok)
    expect(check(diagnosis, 'key')).toMatchObject({ ok, found })
  })

  it('is needless', async () => {
    const diagnosis = await diagnosed({ baseURL: real.baseURL, apiKey: KEY })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'key')).toMatchObject({
      ok: true,
      fix: expect.stringContaining('Leave `apiKey` out'),
    })
  })

  it('is not called needless where its absence is another failure', async () => {
    const crash = { error: { message: 'Internal Server Error', type: 'internal_server_error', code: '500' } }
    const server = await startScriptedServer()
    const { baseURL } = server.answersQuestions(models('m'))
    server.answersTo(
      'POST /v1/chat/completions',
      json({ error: { message: 'no messages' } }, 400),
      json(crash, 500),
    )
    const diagnosis = await diagnosed({ baseURL, apiKey: KEY }, 'litellm')
    expect(check(diagnosis, 'key')).toEqual({ id: 'key', ok: true, found: 'The server takes the key' })
  })

  it.each([
    [401, ['<html><title>Authorization Required</title></html>']],
    [403, ['{"error":{"message":"no"}}']],
  ])('is wanted by whoever answers nothing without it, be it with %d', async (status, chunks) => {
    const refusal = { status, chunks }
    const { baseURL } = await play({ paths: {}, others: refusal, chat: refusal })
    const diagnosis = await diagnosed({ baseURL })
    expect(failed(diagnosis)).toMatchObject([{ id: 'key', fix: expect.stringContaining('apiKey') }])
  })

  it('is wrong for chats, though the list is open to all', async () => {
    const { baseURL } = await play({ paths: { '/v1/models': models('m') }, chat: WANTS_KEY })
    expect(failed(await diagnosed({ baseURL }))).toMatchObject([{ id: 'key' }])
  })

  it('is not shown by a server that repeats it', async () => {
    const repeats = json({ error: { message: `Incorrect key ${KEY}`, code: 'invalid_api_key' } }, 401)
    const { baseURL } = await play({ paths: {}, others: repeats, chat: repeats })
    const diagnosis = await diagnosed({ baseURL, apiKey: KEY })
    expect(failed(diagnosis)[0]?.found).toContain('Incorrect key ***')
  })

  it('comes from a function that throws', async () => {
    const diagnosis = await diagnosed({
      baseURL: real.baseURL,
      apiKey: () => Promise.reject(new Error('the keychain is locked')),
    })
    expect(failed(diagnosis)).toMatchObject([{ id: 'key', found: 'the keychain is locked' }])
  })
})

describe('the model', () => {
  it('does not exist: the nearest names are told', async () => {
    const { baseURL } = await play({ paths: { '/v1/models': models('qwen3-8b', 'gpt-oss-20b') } })
    const diagnosis = await diagnosed({ baseURL, model: 'qwen3-8' })
    expect(failed(diagnosis)).toEqual([
      {
        id: 'model',
        ok: false,
        found: 'The server has no model "qwen3-8"',
        fix: 'Set `model` to one that the server has: qwen3-8b.',
      },
    ])
  })

  it('does not exist for a router, though one runs', async () => {
    const status = { value: 'loaded' }
    const { baseURL } = await play({
      paths: {
        '/props': json({ ...PROPS, role: 'router' }),
        '/v1/models': json({ data: [{ id: 'qwen3-8b', owned_by: 'llamacpp', status }] }),
      },
    })
    for (const name of ['llama-cpp', 'openai-compatible']) {
      const diagnosis = await diagnosed({ baseURL, model: 'qwen3-8' }, name)
      expect(failed(diagnosis)).toMatchObject([{ id: 'model', fix: expect.stringContaining('qwen3-8b') }])
    }
  })

  it('is not known of a list that is empty, where chats are taken', async () => {
    const { baseURL } = await play({ paths: { '/v1/models': models() } })
    const diagnosis = await diagnosed({ baseURL })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'model')?.found).toContain('lists no model')
  })

  it('is not loaded', async () => {
    const list = json({ object: 'list', data: [{ id: 'm', object: 'model', state: 'not-loaded' }] })
    const { baseURL } = await play({ paths: { '/v1/models': list } })
    const diagnosis = await diagnosed({ baseURL, model: 'm' })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'model')).toMatchObject({
      ok: true,
      found: '"m" is not loaded',
      fix: expect.any(String),
    })
  })

  it('is loading', async () => {
    const { baseURL } = await play({ paths: {}, others: LOADING, chat: LOADING })
    expect(failed(await diagnosed({ baseURL }))).toMatchObject([
      {
        id: 'model',
        found: expect.stringContaining('Loading model'),
        fix: expect.stringContaining('waitUntilReady'),
      },
    ])
  })
})

describe('tools', () => {
  const refusal = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'

  it('need a flag of the server: a query works without', async () => {
    const chat = json({ error: { message: refusal, type: 'BadRequestError', code: 400 } }, 400)
    const server = await play({ ...SERVERS.vllm, chat })
    const diagnosis = await diagnosed({ baseURL: server.baseURL })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'tools')).toMatchObject({
      ok: false,
      fix: expect.stringContaining('--enable-auto-tool-choice'),
    })
    // Nobody is asked to generate more than that.
    expect(server.chats.every(({ json: { max_tokens } }) => max_tokens === 1)).toBe(true)
  })

  it('are not looked at where the server does not tell', async () => {
    const { baseURL } = await play(SERVERS.unknown)
    expect(check(await diagnosed({ baseURL }), 'tools')).toBeUndefined()
  })
})

describe('a provider for another server', () => {
  it('is told which it is', async () => {
    const { baseURL } = await play(SERVERS.vllm)
    const diagnosis = await diagnosed({ baseURL }, 'lm-studio')
    // They speak the same protocol: queries work all the same.
    expect(diagnosis).toMatchObject({ ok: true, server: 'vllm' })
    expect(failed(diagnosis)).toMatchObject([
      {
        id: 'server',
        found: expect.stringContaining('vLLM'),
        fix: expect.stringContaining("createProvider('vllm'"),
      },
    ])
  })
})

describe('a proxy', () => {
  const through = async (address: string, config: ProviderConfig = {}) => {
    vi.stubEnv('http_proxy', `http://user:${KEY}@${address}`)
    return await diagnosed({ baseURL: 'http://box.example/v1', ...config })
  }

  it('that does not answer is told by its name and its variable', async () => {
    const diagnosis = await through(`127.0.0.1:${await closedPort()}`)
    expect(failed(diagnosis)).toMatchObject([
      { id: 'proxy', found: expect.stringContaining('from http_proxy') },
    ])
    expect(failed(diagnosis)[0]?.found).toContain('http://127.0.0.1:')
  })

  it('that refuses is told', async () => {
    const proxy = await startProxy({ refuses: 403 })
    const diagnosis = await through(proxy.address)
    expect(check(diagnosis, 'proxy')?.found).toContain(proxy.address)
    expect(failed(diagnosis)[0]?.fix).toContain(proxy.address)
  })

  it('that does its work is told, too', async () => {
    const proxy = await startProxy()
    const { port } = await play(SERVERS.unknown)
    const diagnosis = await through(proxy.address, { baseURL: `http://box.example:${port}/v1` })
    expect(diagnosis.ok).toBe(true)
    expect(check(diagnosis, 'proxy')).toMatchObject({ ok: true })
  })
})

describe('a diagnosis', () => {
  it('rejects only when it is aborted', async () => {
    const silent = await startSilentServer()
    const provider = providerOf({ baseURL: `http://${silent.address}/v1` })
    const error = await failureOf(provider.diagnose({ signal: AbortSignal.timeout(50) }))
    expect(error).toBeInstanceOf(AbortError)
    await provider.close()
    expect(await failureOf(provider.diagnose())).toMatchObject({ code: 'aborted' })
  })
})
