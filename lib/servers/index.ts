import type { ProviderConfig } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { GroqProvider } from './groq'
import { LiteLLMProvider } from './litellm'
import { LlamaCppProvider } from './llama-cpp'
import { LMStudioProvider } from './lm-studio'
import { LocalAIProvider } from './localai'
import { type OllamaConfig, OllamaProvider } from './ollama'
import { OpenAIProvider } from './openai'
import { OpenRouterProvider } from './openrouter'
import { TextGenerationWebUIProvider } from './text-generation-webui'
import { TGIProvider } from './tgi'
import { VLLMProvider } from './vllm'

/** The class for each server that is known by name. */
export const providers = {
  'openai-compatible': OpenAICompatibleProvider,
  'lm-studio': LMStudioProvider,
  'llama-cpp': LlamaCppProvider,
  ollama: OllamaProvider,
  vllm: VLLMProvider,
  'text-generation-webui': TextGenerationWebUIProvider,
  tgi: TGIProvider,
  localai: LocalAIProvider,
  litellm: LiteLLMProvider,
  groq: GroqProvider,
  openrouter: OpenRouterProvider,
  openai: OpenAIProvider,
}

/** The servers that are known by name. The union may grow in a minor version. */
export type ServerKind = keyof typeof providers

/** Fields of the configuration that one kind of server alone has. */
export type OwnFields = Omit<OllamaConfig, keyof ProviderConfig>
