/// <reference lib="esnext.disposable" preserve="true" />
export type {
  AssistantMessage,
  ChatMessage,
  ChatRequest,
  ChatResponse,
  ChatStream,
  ContentPart,
  QueryOptions,
  RawExchange,
  Timings,
  TokenLogprob,
  ToolLoopResponse,
  Usage,
} from './chat'
export type { CompletionRequest, CompletionResponse } from './completion'
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
  createLocalProvider,
  type DiscoveredServer,
  type DiscoveryOptions,
  discoverServers,
} from './discovery'
export type { EmbedOptions, EmbedResponse } from './embeddings'
export {
  AbortError,
  AuthenticationError,
  ConfigurationError,
  ConnectionError,
  ContextLengthError,
  type ErrorCode,
  InvalidRequestError,
  InvalidResponseError,
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
export type { Media, URLLike } from './media'
export { type ChatProvider, type LocalLLMProvider, OpenAICompatibleProvider } from './provider'
export { createProvider, registerProvider } from './registry'
export type { RerankRequest, RerankResponse } from './rerank'
export type { ResponseFormat, StandardJSONSchema } from './response-format'
export type { ServerKind } from './servers'
export type { WithExtraBody } from './servers/extra'
export { type GroqExtraBody, GroqProvider } from './servers/groq'
export { LiteLLMProvider } from './servers/litellm'
export { type LlamaCppExtraBody, LlamaCppProvider, type WithLlamaCppFields } from './servers/llama-cpp'
export { LMStudioProvider } from './servers/lm-studio'
export type { LoadOptions } from './servers/load'
export { LocalAIProvider } from './servers/localai'
export {
  type OllamaConfig,
  type OllamaExtraBody,
  type OllamaModelOptions,
  OllamaProvider,
} from './servers/ollama'
export { type OpenAIExtraBody, OpenAIProvider } from './servers/openai'
export { type OpenRouterExtraBody, OpenRouterProvider, type OpenRouterRouting } from './servers/openrouter'
export { TextGenerationWebUIProvider } from './servers/text-generation-webui'
export { TGIProvider } from './servers/tgi'
export { type VLLMChatRequest, VLLMProvider, type VLLMQueryOptions } from './servers/vllm'
export type { VLLMExtraBody, VLLMStructuredOutputs } from './servers/vllm-extra-body'
export type { Authenticator, Check, Diagnosis, ModelInfo, ProviderStatus } from './status'
export type { JSONSchema, Tool, ToolCall, ToolContext, ToolLoopOptions, ToolOptions } from './tools'
