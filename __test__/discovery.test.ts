import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  AbortError,
  ConnectionError,
  createLocalProvider,
  createProvider,
  discoverServers,
  LlamaCppProvider,
  OpenAICompatibleProvider,
  StreamError,
} from '../index.js'
import { certificate } from './support/certificates.js'
import { closedPort } from './support/closed-port.js'
import { LlamaServer } from './support/llama-server.js'
import { LOADING, play, SERVERS, WANTS_KEY } from './support/played-servers.js'
import { startProxy } from './support/proxies.js'
import { startRawServer } from './support/raw-server.js'
import { json, models, startScriptedServer, startSecureServer } from './support/scripted-server.js'
import { startSilentServer } from './support/silent-server.js'
import { failureOf, KEY, witness } from './support/witness.js'

const real = new LlamaServer({ alias: 'tiny', context: 4096 })

afterEach(() => vi.unstubAllEnvs())

const found = async (options: Parameters<typeof discoverServers>[0]) =>
  witness(await discoverServers(options))

describe('discoverServers', () => {
  it('finds the servers at the given ports, by port, each with its status', async () => {
    const [one, other] = await Promise.all([play(SERVERS.unknown), play(SERVERS.llamaCpp)])
    const servers = await found({ ports: [one.port, other.port, await closedPort()] })
    const expected = [
      { server: 'openai-compatible', baseURL: `http://localhost:${one.port}/v1`, availableModels: ['m'] },
      {
        server: 'llama-cpp',
        baseURL: `http://localhost:${other.port}/v1`,
        version: 'b9000-abc',
        loadedModel: 'tiny',
        contextLength: 4096,
      },
    ]
    const inOrder = one.port < other.port ? expected : expected.reverse()
    expect(servers).toMatchObject(inOrder)
    expect(servers.map((server) => server.isConnected)).toEqual([true, true])
  })

  it('finds a real server, which its own class then speaks to', async () => {
    const [server] = await found({ ports: [Number(new URL(real.url).port)] })
    expect(server).toMatchObject({ isConnected: true, server: 'llama-cpp', loadedModel: 'tiny' })
    expect(server).toMatchObject({ contextLength: 4096, version: expect.any(String) })
    const provider = createProvider(server?.server ?? '', { baseURL: server?.baseURL })
    expect(provider).toBeInstanceOf(LlamaCppProvider)
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello! How can I help you today?')
    await provider.close()
  })

  it.each([
    ['LM Studio, which answers 200 to everything', SERVERS.lmStudio, 'lm-studio'],
    ['koboldcpp, which plays Ollama and llama.cpp', SERVERS.koboldcpp, 'openai-compatible'],
    ['vLLM', SERVERS.vllm, 'vllm'],
  ])('is not fooled by %s', async (_name, played, server) => {
    const { port } = await play(played)
    expect(await found({ ports: [port] })).toMatchObject([{ server, isConnected: true }])
  })

  it('tells of no web page, no other protocol, and nobody who says nothing', async () => {
    const page = await play({ paths: {}, others: { chunks: ['<html><title>Router</title></html>'] } })
    const redis = await startRawServer((socket) => socket.end('-ERR wrong number of arguments\r\n'))
    const secure = await startSecureServer(certificate('localhost', { names: ['localhost'] }))
    const silent = await startSilentServer()
    const any = await play({ paths: {}, others: json([]) })
    const ports = [page.port, redis.port, secure.port, any.port, Number(silent.address.split(':')[1])]
    expect(await found({ ports, timeout: 500 })).toEqual([])
  })

  it('is over when its time is, with what was found by then', async () => {
    const silent = await startSilentServer()
    const one = await play(SERVERS.unknown)
    const begunAt = performance.now()
    const servers = await found({ ports: [one.port, Number(silent.address.split(':')[1])], timeout: 400 })
    expect(performance.now() - begunAt).toBeLessThan(1200)
    expect(servers).toMatchObject([{ baseURL: `http://localhost:${one.port}/v1`, isConnected: true }])
  })

  it('tells of a server that wants a key, and sends none', async () => {
    vi.stubEnv('LLAMA_API_KEY', KEY)
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', KEY)
    const server = await play({ paths: {}, others: WANTS_KEY })
    expect(await found({ ports: [server.port] })).toMatchObject([
      { server: 'openai-compatible', isConnected: false, error: 'A key is missing: Invalid API Key' },
    ])
    expect(server.questions.map(({ headers }) => headers.authorization).filter(Boolean)).toEqual([])
  })

  it('tells of a server that is loading its model', async () => {
    const server = await play({ paths: {}, others: LOADING })
    expect(await found({ ports: [server.port] })).toMatchObject([
      { isConnected: false, error: 'Loading model' },
    ])
  })

  it('finds a server that listens on IPv6 alone', async () => {
    const server = await play(SERVERS.unknown, '::1')
    expect(await found({ ports: [server.port] })).toMatchObject([
      { baseURL: `http://localhost:${server.port}/v1` },
    ])
    expect(await found({ hosts: ['127.0.0.1'], ports: [server.port] })).toEqual([])
    expect(await found({ hosts: ['::1'], ports: [server.port] })).toMatchObject([
      { baseURL: `http://[::1]:${server.port}/v1` },
    ])
  })

  it('tells of a server on both families, or under two names, once', async () => {
    const server = await play(SERVERS.unknown, '::')
    const alone = [{ baseURL: `http://localhost:${server.port}/v1` }]
    expect(await found({ ports: [server.port] })).toMatchObject(alone)
    const hosts = ['localhost', 'localhost', `127.0.0.1:${server.port}`]
    expect(await found({ hosts, ports: [server.port] })).toHaveLength(1)
  })

  it('goes through no proxy on this machine', async () => {
    const proxy = await startProxy()
    vi.stubEnv('HTTP_PROXY', `http://${proxy.address}`)
    vi.stubEnv('ALL_PROXY', `http://${proxy.address}`)
    const { port } = await play(SERVERS.unknown)
    expect(await found({ ports: [port] })).toHaveLength(1)
    expect(proxy.asked).toEqual([])
  })

  it('can be aborted', async () => {
    const silent = await startSilentServer()
    const controller = new AbortController()
    const looking = failureOf(
      discoverServers({ ports: [Number(silent.address.split(':')[1])], signal: controller.signal }),
    )
    controller.abort('enough')
    expect(await looking).toBeInstanceOf(AbortError)
    expect(await looking).toMatchObject({ cause: 'enough' })
  })

  it.each([
    [{ hosts: ['box:no'] }],
    [{ hosts: 'box' }],
    [{ hosts: [''] }],
    [{ ports: [0] }],
    [{ ports: [8080.5] }],
    [{ timeout: -1 }],
    [null],
  ])('refuses %j', async (options) => {
    expect(await failureOf(discoverServers(options as never))).toMatchObject({ code: 'configuration' })
  })

  it.each([
    [{ host: 'box' }, '`host` is no field', 'There are: hosts, ports, timeout, signal.'],
    [{ Ports: [1] }, '`Ports` is no field', 'Write `ports`.'],
  ])('refuses a field that it would ignore: %j', async (options, message, hint) => {
    expect(await failureOf(discoverServers(options as never))).toMatchObject({ message, hint })
  })
})

describe('createLocalProvider', () => {
  const local = async (config: Parameters<typeof createLocalProvider>[0]) => {
    const provider = await createLocalProvider(config)
    onTestFinished(() => provider.close())
    return provider
  }

  it('gives the class that is made for what answers', async () => {
    const provider = await local({ baseURL: real.baseURL, model: 'tiny' })
    expect(provider).toBeInstanceOf(LlamaCppProvider)
    expect(provider.baseURL).toBe(real.baseURL)
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello! How can I help you today?')
  })

  it('gives the general class for a server that only speaks the protocol', async () => {
    const { port } = await play(SERVERS.unknown)
    const provider = await local({ port })
    expect(provider.constructor).toBe(OpenAICompatibleProvider)
    expect(provider.baseURL).toBe(`http://localhost:${port}/v1`)
  })

  it('takes a port alone, and what only the server has that answers', async () => {
    const ollama = await play({ paths: { '/': { chunks: ['Ollama is running'] } } })
    const llamaCpp = await play(SERVERS.llamaCpp)
    expect((await local(ollama.port)).name).toBe('ollama')
    expect((await local(`127.0.0.1:${ollama.port}`)).name).toBe('ollama')
    expect((await local({ port: ollama.port, numCtx: 8192 })).name).toBe('ollama')
    const error = await failureOf(local({ port: llamaCpp.port, numCtx: 8192 }))
    expect(error).toMatchObject({ code: 'configuration', message: '`numCtx` is no field of llama.cpp' })
  })

  it('sends a given key along, and none of the environment', async () => {
    vi.stubEnv('OPENAI_COMPATIBLE_API_KEY', 'of-the-environment')
    const server = await startScriptedServer()
    await local({ host: `127.0.0.1:${server.port}`, apiKey: () => KEY })
    await local({ host: `127.0.0.1:${server.port}` })
    const sent = new Set(server.questions.map(({ headers }) => headers.authorization))
    expect(sent).toEqual(new Set([`Bearer ${KEY}`, undefined]))
  })

  it('gives the key of the environment to nobody elsewhere who only says that it is for him', async () => {
    vi.stubEnv('VLLM_API_KEY', KEY)
    const [{ port }, proxy] = [await play(SERVERS.vllm), await startProxy()]
    const elsewhere = { host: `http://box.invalid:${port}`, proxy: `http://${proxy.address}` }
    const credential = async (config: Parameters<typeof createLocalProvider>[0]) => {
      const provider = await local(config)
      expect(provider.name).toBe('vllm')
      return provider.getAuthenticator().getCredentialType()
    }
    expect(await credential({ port })).toBe('api_key')
    expect(await credential(elsewhere)).toBe('none')
    expect(await credential({ ...elsewhere, apiKey: 'sk-own' })).toBe('api_key')
    vi.stubEnv('VLLM_BASE_URL', elsewhere.host)
    expect(await credential(elsewhere)).toBe('api_key')
  })

  it('keeps what else stands in a host at which it finds a server', async () => {
    const { paths } = SERVERS.llamaCpp
    const server = await play({ paths }, '127.0.0.76', 9931)
    for (const [path, answer] of Object.entries(paths)) server.answersTo(`GET ${path}?team=tools`, answer)
    const provider = await local({ host: 'http://user:p%40ss@127.0.0.76?team=tools' })
    expect(provider.baseURL).toBe('http://127.0.0.76:9931/v1')
    const asked = server.questions.length
    await provider.listModels()
    const [{ path, headers } = { path: '', headers: {} }] = server.questions.slice(asked)
    expect(path).toContain('?team=tools')
    expect(headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`)
  })

  it('finds a server on its host where no port is given', async () => {
    // All of 127.0.0.0/8 is this machine: there, nobody else listens.
    await play(SERVERS.llamaCpp, '127.0.0.77', 9931)
    const provider = await local({ host: '127.0.0.77' })
    expect(provider).toBeInstanceOf(LlamaCppProvider)
    expect(provider.baseURL).toBe('http://127.0.0.77:9931/v1')
  })

  it('sends a given key to the server that it finds to want one, and to no other', async () => {
    const open = await play(SERVERS.llamaCpp, '127.0.0.78', 8080)
    const locked = await play(SERVERS.unknown, '127.0.0.78', 9931)
    const refusal = { error: { message: 'Invalid API Key', type: 'authentication_error', code: 401 } }
    const asks = () => locked.questions.map(({ headers }) => headers.authorization)
    locked.answersTo('GET /v1/models', { status: 401, chunks: [JSON.stringify(refusal)] })
    expect(await discoverServers({ hosts: ['127.0.0.78:9931'] })).toMatchObject([{ needsKey: true }])
    locked.answersTo('GET /v1/models', models('m')).answersChats(json(refusal, 401))
    expect((await local({ host: '127.0.0.78', apiKey: KEY })).baseURL).toBe('http://127.0.0.78:9931/v1')
    expect(asks()).toContain(`Bearer ${KEY}`)
    expect((await local({ host: '127.0.0.78' })).baseURL).toBe('http://127.0.0.78:8080/v1')
    locked.answersChats(json({ error: 'no messages' }, 400))
    const provider = await local({ host: '127.0.0.78', apiKey: KEY })
    expect(provider.baseURL).toBe('http://127.0.0.78:8080/v1')
    expect(provider.getAuthenticator().getCredentialType()).toBe('none')
    expect(open.questions.map(({ headers }) => headers.authorization)).not.toContain(`Bearer ${KEY}`)
  })

  it('says so where none is found', async () => {
    const error = await failureOf(createLocalProvider({ host: 'nobody.invalid' }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ message: 'No LLM server was found at nobody.invalid' })
  })

  it('says what mends it where nothing listens', async () => {
    const port = await closedPort()
    const error = await failureOf(createLocalProvider({ host: '127.0.0.1', port }))
    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ systemCode: 'ECONNREFUSED', hint: expect.any(String) })
  })

  it('says where the server listens, if not on this family', async () => {
    const { port } = await play(SERVERS.unknown, '::1')
    const error = await failureOf(createLocalProvider({ host: '127.0.0.1', port }))
    expect(error.hint).toContain(`listens at [::1]:${port} only`)
  })

  it('says what it found where that is no LLM server', async () => {
    const page = await play({ paths: {}, others: { chunks: ['<html><title>Router</title></html>'] } })
    const error = await failureOf(createLocalProvider({ port: page.port, apiKey: KEY }))
    expect(error).toBeInstanceOf(StreamError)
    expect(error).toMatchObject({ code: 'protocol', message: expect.stringContaining('Router') })
  })

  it('says which base URL works', async () => {
    const server = await startScriptedServer()
    server.onlyBelow('/v1')
    const error = await failureOf(createLocalProvider({ baseURL: `${server.url}/wrong/path` }))
    expect(error.hint).toContain(server.baseURL)
  })

  it('can be aborted', async () => {
    const silent = await startSilentServer()
    const signal = AbortSignal.timeout(50)
    const error = await failureOf(createLocalProvider({ host: silent.address, signal }))
    expect(error).toBeInstanceOf(AbortError)
  })
})

describe('a list of one model under any name', () => {
  it('is no other server’s', async () => {
    const { port } = await play({ paths: { '/v1/models': models('ollama') } })
    expect(await found({ ports: [port] })).toMatchObject([{ server: 'openai-compatible' }])
  })
})
