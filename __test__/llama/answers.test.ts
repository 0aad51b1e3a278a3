import { describe, expect, it } from 'vitest'
import { LlamaServer } from '../support/llama-server.js'
import { asking, providerOf } from '../support/provider.js'
import { eventsOf, listener, textOf } from '../support/witness.js'

const server = new LlamaServer({ alias: 'tiny' })
const provider = () => providerOf(server)

const HELLO = 'Hello! How can I help you today?'

describe('a real server', () => {
  it('answers a query with the whole text', async () => {
    expect(await provider().query({ prompt: 'hello' })).toBe(HELLO)
  })

  it('gives message events and then one completion', async () => {
    const { events, onProgress } = listener()
    await provider().query({ prompt: 'hello', onProgress })
    expect(textOf(events)).toBe(HELLO)
    expect(events.map((event) => event.type)).toEqual([
      ...Array(events.length - 1).fill('message'),
      'completion',
    ])
  })

  it('answers a conversation with system prompt and history', async () => {
    const history = [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: HELLO },
    ] as const
    expect(await provider().query({ prompt: 'unicode', systemPrompt: 'Be brief', history })).toBe(
      'Smile🙂,漢字!',
    )
  })

  it('reads what a developer says as it does a system', async () => {
    const read = async (role: 'system' | 'developer') => {
      const messages = [{ role, content: 'Be brief' } as const, { role: 'user', content: 'hello' } as const]
      return (await provider().chat({ messages })).usage?.inputTokens ?? 0
    }
    expect(await read('developer')).toBe(await read('system'))
    const alone = await provider().chat(asking('hello'))
    expect(await read('developer')).toBeGreaterThan(alone.usage?.inputTokens ?? Number.POSITIVE_INFINITY)
  })

  it('gives usage and timings with a chat', async () => {
    const answer = await provider().chat(asking('hello'))
    expect(answer).toMatchObject({ content: HELLO, model: 'tiny', finishReason: 'stop', warnings: [] })
    expect(answer.message).toEqual({ role: 'assistant', content: HELLO })
    expect(answer.id).not.toBe('')
    const { inputTokens, outputTokens, totalTokens } = answer.usage ?? {}
    expect(inputTokens).toBeGreaterThan(0)
    expect(outputTokens).toBeGreaterThan(0)
    expect(totalTokens).toBe((inputTokens ?? 0) + (outputTokens ?? 0))
    const { total, firstToken, serverPrompt, serverGeneration, tokensPerSecond, attempts } = answer.timings
    expect(firstToken).toBeGreaterThan(0)
    expect(total).toBeGreaterThanOrEqual(firstToken ?? Number.POSITIVE_INFINITY)
    expect(serverPrompt).toBeGreaterThan(0)
    expect(serverGeneration).toBeGreaterThan(0)
    expect(tokensPerSecond).toBeGreaterThan(0)
    expect(attempts).toBe(1)
  })

  it('streams the events of an answer, and the answer itself', async () => {
    const stream = provider().stream(asking('hello'))
    const events = await eventsOf(stream)
    expect(textOf(events)).toBe(HELLO)
    expect(events.at(-1)).toEqual({ type: 'completion' })
    expect((await stream.response()).content).toBe(HELLO)
  })

  it('keeps reasoning apart from the text', async () => {
    const { events, onProgress } = listener()
    const answer = await provider().chat({ ...asking('think'), onProgress })
    expect(answer).toMatchObject({ content: 'Four.', reasoning: 'Let me count: one, two' })
    expect(answer.message).toEqual({
      role: 'assistant',
      content: 'Four.',
      reasoning: 'Let me count: one, two',
    })
    const reasoned = events.map((event) => (event.type === 'reasoning' ? event.content : ''))
    expect(reasoned.join('')).toBe('Let me count: one, two')
    expect(textOf(events)).toBe('Four.')
  })

  it('gives characters that came in single bytes', async () => {
    expect(await provider().query({ prompt: 'unicode' })).toBe('Smile🙂,漢字!')
  })

  it('says that an answer was cut by its limit', async () => {
    const answer = await provider().chat({ ...asking('story'), maxTokens: 7 })
    expect(answer.finishReason).toBe('length')
    expect(answer.usage?.outputTokens).toBe(7)
  })

  it('takes a prompt with half of an emoji', async () => {
    expect(await provider().query({ prompt: `${'🙂'.slice(0, 1)} hello` })).toBe(HELLO)
  })
})
