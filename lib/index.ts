/// <reference lib="esnext.disposable" preserve="true" />
export type {
  AssistantMessage,
  ChatMessage,
  ChatRequest,
  ChatResponse,
  ChatStream,
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
export type { Authenticator, ModelInfo, ProviderStatus } from './status'
