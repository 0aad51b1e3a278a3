import { describe, expect, it } from 'vitest'
import { AbortError, createProvider, ProviderError, type ProviderProgressEvent } from '../../index.js'
import { providers } from '../../lib/servers/index.js'

/** `LLM_TEST_VLLM_URL=http://box:8000/v1`, and where needed `LLM_TEST_VLLM_KEY` and `LLM_TEST_VLLM_MODEL`. */
const variable = (kind: string, what: string) =>
  process.env[`LLM_TEST_${kind.replaceAll('-', '_').toUpperCase()}_${what}`]
const kinds = Object.keys(providers)
const given = kinds.filter((kind) => variable(kind, 'URL'))

it('every LLM_TEST_… variable is of a server that is known', () => {
  const names = Object.keys(process.env).filter((name) => name.startsWith('LLM_TEST_'))
  const known = kinds.flatMap((kind) =>
    ['URL', 'KEY', 'MODEL'].map((what) => `LLM_TEST_${kind.replaceAll('-', '_').toUpperCase()}_${what}`),
  )
  expect(known).toEqual(expect.arrayContaining(names))
})

/** Ollama speaks two protocols: what holds must hold in both. */
const modes = given.flatMap((kind) =>
  kind === 'ollama'
    ? [[kind, { api: 'native' }] as const, [kind, { api: 'openai' }] as const]
    : [[kind, {}] as const],
)

describe.each(modes)('%s %j', (kind, settings) => {
  const provider = createProvider(kind, {
    host: variable(kind, 'URL'),
    apiKey: variable(kind, 'KEY'),
    model: variable(kind, 'MODEL'),
    ...settings,
  })

  it('is connected, and lists its models', async () => {
    const status = await provider.getStatus()
    expect(status).toMatchObject({ isConnected: true, server: kind })
    const names = (await provider.listModels({ throwOnError: true })).map(({ name }) => name)
    expect(names).not.toEqual([])
    console.log(kind, { ...status, availableModels: names.slice(0, 5) })
  })

  it('answers, and its events are the answer', async () => {
    const events: ProviderProgressEvent[] = []
    const answer = await provider.chat({
      messages: [{ role: 'user', content: 'Say hello.' }],
      maxTokens: 200,
      onProgress: (event) => void events.push(event),
    })
    const told = events.map((event) => (event.type === 'message' ? event.content : '')).join('')
    expect(answer.content + (answer.reasoning ?? '')).not.toBe('')
    expect(told).toBe(answer.content)
    expect(events.at(-1)).toEqual({ type: 'completion' })
    expect(['stop', 'length']).toContain(answer.finishReason)
    console.log(kind, answer)
  })

  it('is stopped by leaving the loop', async () => {
    const stream = provider.stream({ messages: [{ role: 'user', content: 'Tell me a very long story.' }] })
    for await (const event of stream) if (event.type === 'message' || event.type === 'reasoning') break
    await expect(stream.response()).rejects.toBeInstanceOf(AbortError)
  })

  it('says what is wrong with a model that does not exist, or answers with the one it has', async () => {
    const outcome = await provider
      .query({ prompt: 'Say hello.', model: 'no-such-model', maxTokens: 20 })
      .catch((error) => error)
    if (typeof outcome === 'string') return
    expect(outcome).toBeInstanceOf(ProviderError)
    expect(outcome.code).toBe('model_not_found')
  })
})
