import { describe, expect, it } from 'vitest'
import {
  type ChatRequest,
  ConfigurationError,
  fallback,
  LlamaCppProvider,
  OllamaProvider,
  VLLMProvider,
} from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { recording } from './support/recording.js'
import { json, startScriptedServer } from './support/scripted-server.js'

const words = (count: number) => 'word '.repeat(count)
const tool = { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }

describe('a server that counts', () => {
  it('is asked: llama.cpp, for a chat as its template writes it', async () => {
    const server = (await startScriptedServer())
      .answersTo('POST /apply-template', recording('llama.cpp/apply-template'))
      .answersTo('POST /tokenize', recording('llama.cpp/tokenize-plain'))
    const provider = new LlamaCppProvider({ baseURL: server.baseURL, model: 'm' })
    const chat: ChatRequest = { ...asking('hello'), tools: [tool], temperature: 0 }
    expect(await provider.countTokens(chat)).toEqual({ tokens: 14, exact: true })
    expect(await provider.countTokens('hello <|im_start|>')).toEqual({ tokens: 14, exact: true })
    const [template] = server.questions
    expect(template?.json).toMatchObject({
      messages: [{ role: 'user', content: 'hello' }],
      tools: [{ type: 'function', function: { name: 'get_weather' } }],
    })
    await provider.close()
  })

  it('is asked: vLLM', async () => {
    const server = (await startScriptedServer()).answersTo(
      'POST /tokenize',
      recording('vllm/tokenize-prompt'),
    )
    const provider = new VLLMProvider({ baseURL: server.baseURL })
    expect(await provider.countTokens(asking('What?'))).toEqual({ tokens: 6, exact: true })
    expect(await provider.countTokens('What is the weather?')).toEqual({ tokens: 6, exact: true })
    // Where none is named, the model is asked for.
    expect(server.questions.find(({ path }) => path === '/tokenize')?.json.model).toBe('m')
    await provider.close()
  })
})

describe('a server that does not count', () => {
  it.each([
    ['', 0],
    [words(1000), 1250],
    ['字词句子语言'.repeat(100), 200],
  ])('leaves an estimate of a text: %#', async (text, tokens) => {
    const server = await startScriptedServer()
    expect(await providerOf(server).countTokens(text)).toEqual({ tokens, exact: false })
    expect([...server.chats, ...server.questions]).toEqual([])
  })

  it('leaves an estimate of a chat, with its tools and what they were called with', async () => {
    const provider = providerOf(await startScriptedServer())
    const count = async (request: ChatRequest) => (await provider.countTokens(request)).tokens
    const plain = await count(asking(words(100)))
    expect(plain).toBeGreaterThan(125)
    expect(await count({ ...asking(words(100)), tools: [tool] })).toBeGreaterThan(plain + 20)
    const call = { id: '1', name: 'get_weather', rawArguments: '{"city":"Paris"}' }
    const history: ChatRequest = {
      messages: [
        ...asking(words(100)).messages,
        { role: 'assistant', content: null, toolCalls: [{ ...call, arguments: { city: 'Paris' } }] },
        { role: 'tool', toolCallId: '1', content: words(100) },
      ],
    }
    expect(await count(history)).toBeGreaterThan(2 * plain + 10)
  })

  it.each([
    ['refuses', json({ error: 'no' }, 400)],
    ['lacks the path', json({ detail: 'Not Found' }, 404)],
    ['says something else', json({ tokens: 7 })],
    ['breaks off', { end: 'hangUp' } as const],
    ['is silent', { end: 'open' } as const],
  ])('is no error: it %s', async (_, answer) => {
    const server = (await startScriptedServer()).answersTo('POST /tokenize', answer)
    const provider = new VLLMProvider({ baseURL: server.baseURL, model: 'm', timeout: { metadata: 100 } })
    expect(await provider.countTokens(words(8))).toEqual({ tokens: 10, exact: false })
    await provider.close()
  })

  it('is no error where nobody answers at all', async () => {
    const server = await startScriptedServer()
    const away = new OllamaProvider({ port: server.port, api: 'auto', timeout: { metadata: 100 } })
    server.answersQuestions({ end: 'hangUp' })
    expect(await away.countTokens(words(8))).toEqual({ tokens: 10, exact: false })
    await away.close()
  })
})

describe('counting', () => {
  it('ends with the signal', async () => {
    const server = (await startScriptedServer()).answersTo('POST /tokenize', { end: 'open' })
    const provider = new VLLMProvider({ baseURL: server.baseURL, model: 'm' })
    const controller = new AbortController()
    const counted = provider.countTokens({ ...asking('hi'), signal: controller.signal })
    await server.nextQuestion()
    controller.abort('enough')
    await expect(counted).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' })
    await provider.close()
  })

  it('rejects with what the key’s function throws', async () => {
    const thrown = new Error('locked')
    const provider = providerOf(await startScriptedServer(), {
      apiKey: () => {
        throw thrown
      },
    })
    await expect(provider.countTokens('hi')).rejects.toBe(thrown)
  })

  it.each([
    [7, /The request must be an object, not 7/],
    [{ messages: [] }, /`messages` must be a list of at least one message/],
    [{ messages: [{ role: 'user' }] }, /`messages\[0\]`/],
    [{ ...asking('hi'), Tools: [] }, /`Tools` is no field/],
  ])('what is wrong is a mistake of the caller’s: %j', async (request, expected) => {
    const counted = providerOf(await startScriptedServer()).countTokens(request as never)
    await expect(counted).rejects.toThrow(ConfigurationError)
    await expect(counted).rejects.toThrow(expected)
  })

  it('is done by the first of several that can', async () => {
    const server = (await startScriptedServer()).answersTo('POST /tokenize', json({ count: 3 }))
    const estimating = providerOf(await startScriptedServer())
    const counting = new VLLMProvider({ baseURL: server.baseURL, model: 'm' })
    const both = fallback([estimating, counting])
    expect(await both.countTokens(asking('hi'))).toEqual({ tokens: 3, exact: true })
    expect(await both.countTokens('hi')).toEqual({ tokens: 3, exact: true })
    expect(await fallback([estimating]).countTokens(words(8))).toEqual({ tokens: 10, exact: false })
    await expect(both.countTokens({ messages: [] })).rejects.toThrow(ConfigurationError)
    await counting.close()
  })
})
