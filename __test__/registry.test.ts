import { describe, expect, it } from 'vitest'
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
import { thrownBy } from './support/witness.js'

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
})
