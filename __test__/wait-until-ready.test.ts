import { describe, expect, it, onTestFinished } from 'vitest'
import {
  AbortError,
  AuthenticationError,
  createProvider,
  ModelNotFoundError,
  OpenAICompatibleProvider,
  TimeoutError,
} from '../index.js'
import { startLlamaServer } from '../tiny-model/server.mjs'
import { certificate } from './support/certificates.js'
import { closedPort } from './support/closed-port.js'
import { LOADING, NOT_FOUND, play, SERVERS, WANTS_KEY } from './support/played-servers.js'
import { providerOf } from './support/provider.js'
import { json, models, startScriptedServer, startSecureServer } from './support/scripted-server.js'
import { startSilentServer } from './support/silent-server.js'
import { failureOf, listener } from './support/witness.js'

const progress = { type: 'progress', phase: 'loading' }

describe('waitUntilReady', () => {
  it('resolves to the status of a server that is ready', async () => {
    const { events, onProgress } = listener()
    const status = await providerOf(await play(SERVERS.llamaCpp), { model: undefined }).waitUntilReady({
      onProgress,
    })
    expect(status).toMatchObject({ isConnected: true, loadedModel: 'tiny', server: 'openai-compatible' })
    expect(events).toEqual([])
  })

  it('waits for a real server that is started meanwhile', async () => {
    const port = await closedPort()
    const { events, onProgress } = listener()
    const provider = new OpenAICompatibleProvider({ host: '127.0.0.1', port })
    onTestFinished(() => provider.close())
    const ready = provider.waitUntilReady({ onProgress, timeout: 60_000 })
    const server = await startLlamaServer({ port, alias: 'tiny' })
    onTestFinished(() => server.stop())
    expect(await ready).toMatchObject({ isConnected: true, loadedModel: 'tiny' })
    expect(events.length).toBeGreaterThan(0)
    expect(events).toEqual(events.map(() => progress))
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello! How can I help you today?')
  })

  it('waits for a model that is loading, and tells each time', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(LOADING, LOADING, models('m')).answersChats(LOADING, LOADING, json({}, 400))
    const { events, onProgress } = listener()
    await providerOf(server).waitUntilReady({ onProgress })
    expect(events).toEqual([progress, progress])
  })

  it('waits while the list answers, and chats are refused yet', async () => {
    const server = await startScriptedServer()
    server.answersChats(LOADING, json({ error: { message: 'no messages' } }, 400))
    const { events, onProgress } = listener()
    await providerOf(server).waitUntilReady({ onProgress })
    expect(events).toEqual([progress])
  })

  it('waits for a model that is not yet listed', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models(), models('other'), models('other', 'm')).answersChats(json({}, 400))
    const { events, onProgress } = listener()
    expect(await providerOf(server).waitUntilReady({ onProgress })).toMatchObject({
      availableModels: ['other', 'm'],
    })
    expect(events).toEqual([progress, progress])
  })

  it('does not wait for ever for a model that a server with others does not list', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('qwen3-8b')).answersChats(json({}, 400))
    const error = await failureOf(providerOf(server, { model: 'qwen3-8' }).waitUntilReady())
    expect(error).toBeInstanceOf(ModelNotFoundError)
    expect(error).toMatchObject({ availableModels: ['qwen3-8b'], hint: expect.stringContaining('qwen3-8b') })
    const lists = server.questions.filter(({ path }) => path === '/v1/models')
    // Two more to find out whether it is a server that minds names.
    expect(lists).toHaveLength(5 + 2)
  })

  it('takes any name where the server that answers does', async () => {
    const server = await play({ ...SERVERS.llamaCpp, chat: json({}, 400) })
    const { events, onProgress } = listener()
    const status = await providerOf(server, { model: 'gpt-4' }).waitUntilReady({ onProgress })
    expect(status).toMatchObject({ loadedModel: 'tiny' })
    expect(events).toEqual([])
  })

  it('is content with a list that stays empty, of a server that takes chats', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models()).answersChats(json({}, 400))
    const status = await providerOf(server).waitUntilReady()
    expect(status).toMatchObject({ isConnected: true, loadedModel: 'm', availableModels: [] })
  })

  it('waits for a model of a list that was empty for long', async () => {
    const server = await startScriptedServer()
    const empty = Array(6).fill(models())
    server.answersQuestions(...empty, models('a'), models('a', 'm')).answersChats(json({}, 400))
    const status = await createProvider('vllm', { baseURL: server.baseURL, model: 'm' }).waitUntilReady()
    expect(status).toMatchObject({ availableModels: ['a', 'm'] })
  })

  it('waits for a model of a router that is being loaded, and not for one that failed', async () => {
    const routed = (...states: object[]) =>
      json({ data: states.map((status, at) => ({ id: `m${at}`, aliases: [`also${at}`], status })) })
    const server = await startScriptedServer()
    const failed = { value: 'unloaded', failed: true, exit_code: 1 }
    const loading = routed({ value: 'loading' }, failed)
    server.answersQuestions(loading, routed({ value: 'loaded' }, failed)).answersChats(json({}, 400))
    const { events, onProgress } = listener()
    await providerOf(server, { model: 'also0' }).waitUntilReady({ onProgress })
    expect(events).toEqual([progress])
    const error = await failureOf(providerOf(server, { model: 'm1' }).waitUntilReady())
    expect(error).toMatchObject({ code: 'server', message: 'The server could not load "m1"' })
  })

  it('waits for a model for chats where none is named', async () => {
    const server = await startScriptedServer()
    server.answersQuestions(models('nomic-embed'), models('nomic-embed', 'm')).answersChats(json({}, 400))
    const { events, onProgress } = listener()
    await providerOf(server, { model: undefined }).waitUntilReady({ onProgress })
    expect(events).toEqual([progress])
  })

  it('is content with a model that is to be loaded by the first query', async () => {
    const list = json({ object: 'list', data: [{ id: 'm', object: 'model', state: 'not-loaded' }] })
    const server = await play({ paths: { '/v1/models': list } })
    expect(await providerOf(server).waitUntilReady()).toMatchObject({ isConnected: true })
  })

  it('is content with a server that has no list', async () => {
    const server = await play({ paths: {} })
    expect(await providerOf(server).waitUntilReady()).toMatchObject({ isConnected: true, loadedModel: 'm' })
  })

  it('ends with its time, and says what was seen last', async () => {
    const server = await play({ paths: {}, others: LOADING, chat: LOADING })
    const { events, onProgress } = listener()
    const error = await failureOf(providerOf(server).waitUntilReady({ timeout: 300, onProgress }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(new Set(events.slice(0, -1).map(({ type }) => type))).toEqual(new Set(['progress']))
    expect(events.at(-1)).toMatchObject({ type: 'error', code: 'timeout' })
    expect(error).toMatchObject({ clock: 'total', message: expect.stringContaining('Loading model') })
    expect(error.hint).toBe('The model is still loading: raise `timeout.total`.')
  })

  it('ends with what was seen last of a server that says nothing, too', async () => {
    const silent = await startSilentServer()
    const timeout = { metadata: 100, total: 350 }
    const provider = providerOf({ baseURL: `http://${silent.address}/v1` })
    const error = await failureOf(provider.waitUntilReady({ timeout }))
    expect(error).toMatchObject({ clock: 'total', message: expect.stringContaining('last seen: No answer') })
  })

  it('ends with its signal', async () => {
    const provider = new OpenAICompatibleProvider({ host: '127.0.0.1', port: await closedPort() })
    const controller = new AbortController()
    const onProgress = () => controller.abort('enough')
    const error = await failureOf(provider.waitUntilReady({ signal: controller.signal, onProgress }))
    expect(error).toBeInstanceOf(AbortError)
    expect(error).toMatchObject({ cause: 'enough' })
    await provider.close()
  })

  it('ends with what its listener throws', async () => {
    const provider = new OpenAICompatibleProvider({ host: '127.0.0.1', port: await closedPort() })
    const thrown = new Error('of the listener')
    const onProgress = () => {
      throw thrown
    }
    expect(await failureOf(provider.waitUntilReady({ onProgress }))).toBe(thrown)
    await provider.close()
  })
})

describe('what waiting does not mend', () => {
  it('is a wrong key', async () => {
    const server = await play({ paths: {}, others: WANTS_KEY, chat: WANTS_KEY })
    expect(await failureOf(providerOf(server).waitUntilReady())).toBeInstanceOf(AuthenticationError)
  })

  it('is a wrong key for chats, though the list is open to all', async () => {
    const server = await play({ ...SERVERS.unknown, chat: WANTS_KEY })
    expect(await failureOf(providerOf(server).waitUntilReady())).toBeInstanceOf(AuthenticationError)
  })

  it('is a web page', async () => {
    const page = { chunks: ['<html><title>Router</title></html>'] }
    const server = await play({ paths: {}, others: page, chat: page })
    expect(await failureOf(providerOf(server).waitUntilReady())).toMatchObject({
      code: 'protocol',
      hint: expect.stringContaining('Check the address'),
    })
  })

  it('is a wrong base path', async () => {
    const server = await play(SERVERS.unknown)
    server.onlyBelow('/v1')
    const error = await failureOf(providerOf({ baseURL: `${server.url}/wrong` }).waitUntilReady())
    expect(error).toMatchObject({ status: 404, hint: expect.stringContaining(server.baseURL) })
  })

  it('is a server that has neither list nor chat', async () => {
    const server = await play({ paths: {}, chat: NOT_FOUND })
    expect(await failureOf(providerOf(server).waitUntilReady())).toMatchObject({ status: 404 })
  })

  it('is TLS at a plain address', async () => {
    const { port } = await startSecureServer(certificate('localhost', { names: ['127.0.0.1'] }))
    const error = await failureOf(providerOf({ baseURL: `http://127.0.0.1:${port}/v1` }).waitUntilReady())
    expect(error).toMatchObject({ code: 'connection' })
  })

  it('is not a gateway whose server is not there yet', async () => {
    const server = await startScriptedServer()
    const down = json({ error: { message: 'Bad Gateway' } }, 502)
    server.answersQuestions(down, models('m')).answersChats(down, json({}, 400))
    expect(await providerOf(server).waitUntilReady()).toMatchObject({ isConnected: true })
  })
})
