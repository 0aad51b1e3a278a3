import { describe, expect, it } from 'vitest'
import { ContextLengthError, LlamaCppProvider } from '../index.js'
import { asking } from './support/provider.js'
import { recording } from './support/recording.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { finish, role, text } from './support/wire.js'

/** Longer than the 4096 tokens that the server has for a slot, if each of them had two bytes. */
const LONG = 'word '.repeat(2000)

const counting = (count: number) => json({ tokens: Array.from({ length: count }, (_, id) => id) })

const properties = (context: number) =>
  json({ default_generation_settings: { n_ctx: context }, total_slots: 1, model_alias: 'tiny' })

/** A server whose model was loaded with 4096 tokens, as the answer to its first question tells. */
async function serving(more: Record<string, Answer | readonly Answer[]>): Promise<ScriptedServer> {
  const server = (await startScriptedServer()).answersChats({ chunks: [role, text('Yes.'), finish] })
  const answers = {
    'GET /v1/models': recording('llama.cpp/get-models-bare'),
    'GET /props': recording('llama.cpp/get-props'),
    'POST /apply-template': recording('llama.cpp/apply-template'),
    ...more,
  }
  for (const [question, told] of Object.entries(answers)) server.answersTo(question, ...[told].flat())
  return server
}

const open = (server: ScriptedServer) =>
  new LlamaCppProvider({ baseURL: server.baseURL, timeout: { metadata: 200 } })

const counts = (server: ScriptedServer) => server.questions.filter(({ path }) => path === '/tokenize').length

describe('a prompt that is longer than the loaded context', () => {
  it('is not sent, where the server counts', async () => {
    const server = await serving({ 'POST /tokenize': counting(4097) })
    const provider = open(server)
    const error = await provider.chat(asking(LONG)).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(ContextLengthError)
    expect(error).toMatchObject({ promptTokens: 4097, contextLength: 4096, retryable: false, attempts: 0 })
    expect(error.message).toContain('4097 tokens, more than the context of 4096')
    expect(error.hint).toContain('Shorten the prompt')
    await expect(provider.complete({ prompt: LONG })).rejects.toBeInstanceOf(ContextLengthError)
    expect(server.chats).toEqual([])
    await provider.close()
  })

  it('is not sent by another name either: what is loaded answers for all', async () => {
    const server = await serving({ 'POST /tokenize': counting(4097) })
    const provider = new LlamaCppProvider({ baseURL: server.baseURL, model: 'anything' })
    await provider.getStatus()
    await expect(provider.chat(asking(LONG))).rejects.toBeInstanceOf(ContextLengthError)
    expect(server.chats).toEqual([])
    await provider.close()
  })

  it('is counted as a hook left it', async () => {
    const server = await serving({ 'POST /tokenize': counting(4097) })
    class Shortening extends LlamaCppProvider {
      protected override requestBody(body: Record<string, unknown>) {
        return { ...body, messages: asking('hello').messages }
      }
    }
    const provider = new Shortening({ baseURL: server.baseURL })
    expect((await provider.chat(asking(LONG))).content).toBe('Yes.')
    expect(counts(server)).toBe(0)
    await provider.close()
  })

  it('is sent where the server was started anew meanwhile, with a longer one', async () => {
    const server = await serving({
      'POST /tokenize': counting(4097),
      'GET /props': [recording('llama.cpp/get-props'), properties(8192)],
    })
    const provider = open(server)
    expect((await provider.chat(asking(LONG))).content).toBe('Yes.')
    await provider.close()
  })

  it.each<[string, Answer]>([
    ['fits', counting(4096)],
    ['is not counted', json({ error: 'no' }, 500)],
    ['is counted by nobody in time', { end: 'open' }],
  ])('is one by count only: one that %s is sent', async (_, told) => {
    const server = await serving({ 'POST /tokenize': told })
    const provider = open(server)
    expect((await provider.chat(asking(LONG))).content).toBe('Yes.')
    expect([server.chats.length, counts(server)]).toEqual([1, 1])
    await provider.close()
  })

  it('is looked for only in what may be that long', async () => {
    const server = await serving({ 'POST /tokenize': counting(4097) })
    const provider = open(server)
    expect((await provider.chat(asking('word '.repeat(1600)))).content).toBe('Yes.')
    expect(counts(server)).toBe(0)
    await provider.close()
  })

  it('is sent to a server that did not tell what it loaded', async () => {
    const server = await serving({
      'POST /tokenize': counting(4097),
      'GET /props': json({}, 404),
      'GET /v1/models': json({ data: [{ id: 'tiny' }] }),
    })
    const provider = open(server)
    expect((await provider.chat(asking(LONG))).content).toBe('Yes.')
    expect(counts(server)).toBe(0)
    await provider.close()
  })

  it('ends with its signal while it is counted', async () => {
    const server = await serving({ 'POST /tokenize': { end: 'open' } })
    const provider = new LlamaCppProvider({ baseURL: server.baseURL })
    const controller = new AbortController()
    const asked = provider.chat({ ...asking(LONG), signal: controller.signal })
    while ((await server.nextQuestion()).path !== '/tokenize');
    controller.abort('enough')
    await expect(asked).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' })
    expect(server.chats).toEqual([])
    await provider.close()
  })
})
