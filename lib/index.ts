/// <reference lib="esnext.disposable" preserve="true" />
export type {
  AssistantMessage,
  ChatMessage,
  ChatRequest,
  ChatResponse,
  ChatStream,
  ContentPart,
  Media,
  QueryOptions,
  Timings,
  Usage,
} from './chat'
export type {
  AbortSignalLike,
  CallOptions,
  CapabilityOverrides,
  GenerationOptions,
  Limits,
  ProviderCapabilities,
  ProviderConfig,
  ProviderDefinition,
  RetryOptions,
  Timeouts,
  TlsOptions,
} from './config'
export {
  AbortError,
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  ContextLengthError,
  type ErrorCode,
  InvalidRequestError,
  ModelNotFoundError,
  ProviderError,
  RateLimitError,
  ServerError,
  StreamError,
  TimeoutError,
  UnsupportedError,
} from './errors'
export type { ProgressCallback, ProviderProgressEvent } from './events'
export { type FallbackOptions, fallback } from './fallback'
export { type ChatProvider, type LocalLLMProvider, OpenAICompatibleProvider } from './provider'
export { createProvider, registerProvider } from './registry'
export type { ServerKind } from './servers'
export { GroqProvider } from './servers/groq'
export { LiteLLMProvider } from './servers/litellm'
export { LlamaCppProvider } from './servers/llama-cpp'
export { LMStudioProvider } from './servers/lm-studio'
export type { LoadOptions } from './servers/load'
export { LocalAIProvider } from './servers/localai'
export { type OllamaConfig, OllamaProvider } from './servers/ollama'
export { OpenAIProvider } from './servers/openai'
export { OpenRouterProvider } from './servers/openrouter'
export { TextGenerationWebUIProvider } from './servers/text-generation-webui'
export { TGIProvider } from './servers/tgi'
export { VLLMProvider } from './servers/vllm'
export type { Authenticator, ModelInfo, ProviderStatus } from './status'
export type { Tool, ToolCall, ToolLoopOptions, ToolOptions } from './tools'
