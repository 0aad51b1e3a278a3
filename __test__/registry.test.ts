import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  ConfigurationError,
  createProvider,
  GroqProvider,
  LiteLLMProvider,
  LlamaCppProvider,
  LMStudioProvider,
  LocalAIProvider,
  OllamaProvider,
  OpenAICompatibleProvider,
  OpenAIProvider,
  OpenRouterProvider,
  registerProvider,
  TextGenerationWebUIProvider,
  TGIProvider,
  VLLMProvider,
} from '../index.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { KEY, OTHER_KEY, thrownBy } from './support/witness.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('a provider made by name', () => {
  it.each([
    ['openai-compatible', OpenAICompatibleProvider, 'http://localhost:1234/v1'],
    ['lm-studio', LMStudioProvider, 'http://localhost:1234/v1'],
    ['llama-cpp', LlamaCppProvider, 'http://localhost:8080/v1'],
    ['ollama', OllamaProvider, 'http://localhost:11434'],
    ['vllm', VLLMProvider, 'http://localhost:8000/v1'],
    ['text-generation-webui', TextGenerationWebUIProvider, 'http://localhost:5000/v1'],
    ['tgi', TGIProvider, 'http://localhost:3000/v1'],
    ['localai', LocalAIProvider, 'http://localhost:8080/v1'],
    ['litellm', LiteLLMProvider, 'http://localhost:4000/v1'],
    ['groq', GroqProvider, 'https://api.groq.com/openai/v1'],
    ['openrouter', OpenRouterProvider, 'https://openrouter.ai/api/v1'],
    ['openai', OpenAIProvider, 'https://api.openai.com/v1'],
  ])('%s is %s at %s', (name, Provider, baseURL) => {
    const provider = createProvider(name, { apiKey: 'sk-some' })
    expect(provider.constructor).toBe(Provider)
    expect([provider.name, provider.baseURL]).toEqual([name, baseURL])
  })

  it('takes a configuration', () => {
    expect(createProvider('vllm', { port: 8001 }).baseURL).toBe('http://localhost:8001/v1')
  })

  it('that nobody knows names those that are known', () => {
    const error = thrownBy(() => createProvider('vlm'))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect((error as ConfigurationError).hint).toMatch(/vllm.*openai/)
  })
})

describe('a name of one’s own', () => {
  const definition = { name: 'house', displayName: 'House', baseURL: 'http://house.example:7000/v1' }

  it('is known from then on, once', () => {
    registerProvider(definition)
    expect(createProvider('house')).toBeInstanceOf(OpenAICompatibleProvider)
    expect(createProvider('house')).toMatchObject({ name: 'house', baseURL: definition.baseURL })
    expect(thrownBy(() => registerProvider(definition))).toBeInstanceOf(ConfigurationError)
    expect(thrownBy(() => registerProvider({ ...definition, name: 'vllm' }))).toBeInstanceOf(
      ConfigurationError,
    )
  })

  it.each([
    [undefined, /The definition must be an object/],
    [{ displayName: 'House', baseURL: 'http://house.example' }, /`name`/],
    [{ ...definition, name: 'no-url', baseURL: undefined }, /`baseURL`/],
    [{ ...definition, name: 'no-display', displayName: '' }, /`displayName`/],
    [{ ...definition, name: 'no-scheme', baseURL: 'house:7000/v1' }, /`baseURL` must begin with http/],
    [{ ...definition, name: 'typo', apiKeyENV: 'HOUSE_KEY' }, /`apiKeyENV` is no field/],
    [{ ...definition, name: 'no-class', provider: {} }, /`provider` must be a class/],
    [{ ...definition, name: 'other-class', provider: Date }, /`provider` must be a class/],
  ])('is refused without what it needs: %j', (given, words) => {
    const error = thrownBy(() => registerProvider(given as never))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(words)
  })

  it('can have a class of one’s own, which keeps what its server can do', async () => {
    class HouseVLLM extends VLLMProvider {
      static override readonly definition = { ...definition, name: 'house-vllm' }
    }
    registerProvider({ ...HouseVLLM.definition, provider: HouseVLLM })
    const server = await startScriptedServer()
    const provider = createProvider('house-vllm', { baseURL: server.baseURL }) as HouseVLLM
    expect([provider.name, typeof provider.loadAdapter]).toEqual(['house-vllm', 'function'])
  })
  it('has the definition that it was given, whatever its class says', async () => {
    class Own extends OpenAICompatibleProvider {
      static override readonly definition = { ...definition, name: 'own' }
      readonly isOwn = true
    }
    vi.stubEnv('MY_KEY', KEY)
    vi.stubEnv('VLLM_API_KEY', OTHER_KEY)
    const server = (await startScriptedServer()).answersChats({ chunks: answer('Hello') })
    for (const [name, Provider] of [
      ['my-vllm', VLLMProvider],
      ['my-own', Own],
    ] as const) {
      registerProvider({
        name,
        displayName: 'Mine',
        baseURL: server.baseURL,
        apiKeyEnv: 'MY_KEY',
        apiKeyRequired: true,
        provider: Provider,
      })
      const provider = createProvider(name, { model: 'm' })
      expect(provider).toBeInstanceOf(Provider)
      expect([provider.name, provider.baseURL, provider.constructor.name]).toEqual([
        name,
        server.baseURL,
        Provider.name,
      ])
      await provider.query({ prompt: 'hello' })
      expect(server.chats.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`)
      vi.stubEnv('MY_KEY', undefined)
      expect(thrownBy(() => createProvider(name)).message).toMatch(/^Mine needs a key/)
      vi.stubEnv('MY_KEY', KEY)
    }
    expect(new Own().name).toBe('own')
  })
})

describe('the definition of a class of one’s own', () => {
  const definition = { name: 'house', displayName: 'House', baseURL: 'http://house.example:7000/v1' }

  it.each([
    [undefined, /`definition` must be an object, not undefined/],
    [{ ...definition, name: undefined }, /`definition.name` must be a text/],
    [{ ...definition, displayName: '' }, /`definition.displayName` must be a text/],
    [{ ...definition, baseURL: undefined }, /`definition.baseURL` must be a text/],
    [{ ...definition, baseURL: 'house' }, /`definition.baseURL` must begin with http/],
    [{ ...definition, baseURLEnv: 5 }, /`definition.baseURLEnv` must be the name of/],
    [{ ...definition, apiKeyEnv: ['A', undefined] }, /`definition.apiKeyEnv` must be the name of/],
    [{ ...definition, apiKeyRequired: 'yes' }, /`definition.apiKeyRequired` must be true or false/],
    [{ ...definition, apiKeyENV: 'HOUSE_KEY' }, /`definition.apiKeyENV` is no field/],
  ])('is checked when a provider is made: %j', (given, words) => {
    class House extends OpenAICompatibleProvider {
      static override readonly definition = given as never
    }
    const error = thrownBy(() => new House())
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(words)
  })
})
