import type {
  CallOptions,
  ChatMessage,
  ChatRequest,
  createLocalProvider,
  DiscoveryOptions,
  FallbackOptions,
  GenerationOptions,
  Limits,
  OllamaConfig,
  OpenAICompatibleProvider,
  ProviderConfig,
  ProviderDefinition,
  QueryOptions,
  ResponseFormat,
  RetryOptions,
  Timeouts,
  TlsOptions,
  Tool,
  ToolLoopOptions,
  ToolOptions,
  VLLMChatRequest,
  VLLMQueryOptions,
  VLLMStructuredOutputs,
} from '../../index.js'

/** The optional fields of `T` that do not take an explicit `undefined`. */
type Refusing<T> = {
  [K in keyof T]-?: object extends Pick<T, K> ? (undefined extends Required<T>[K] ? never : K) : never
}[keyof T]

type None<T extends never> = T

/** Users hold their settings in optional fields and pass them on. */
export type Taken = [
  None<Refusing<ProviderConfig>>,
  None<Refusing<NonNullable<ProviderConfig['capabilities']>>>,
  None<Refusing<OllamaConfig>>,
  None<Refusing<Timeouts>>,
  None<Refusing<RetryOptions>>,
  None<Refusing<TlsOptions>>,
  None<Refusing<GenerationOptions>>,
  None<Refusing<Limits>>,
  None<Refusing<Tool>>,
  None<Refusing<ToolLoopOptions>>,
  None<Refusing<ToolOptions>>,
  None<Refusing<CallOptions>>,
  None<Refusing<FallbackOptions>>,
  None<Refusing<QueryOptions>>,
  None<Refusing<ChatRequest>>,
  None<Refusing<Extract<ResponseFormat, { type: 'json_schema' }>>>,
  None<Refusing<Extract<ChatMessage, { role: 'user' }>>>,
  None<Refusing<Extract<ChatMessage, { role: 'assistant' }>>>,
  None<Refusing<VLLMQueryOptions>>,
  None<Refusing<VLLMChatRequest>>,
  None<Refusing<VLLMStructuredOutputs>>,
  None<Refusing<ProviderDefinition>>,
  None<Refusing<DiscoveryOptions>>,
  None<Refusing<Extract<Parameters<typeof createLocalProvider>[0], object>>>,
  None<Refusing<NonNullable<Parameters<OpenAICompatibleProvider['waitUntilReady']>[0]>>>,
  None<Refusing<NonNullable<Parameters<OpenAICompatibleProvider['listModels']>[0]>>>,
]

// @ts-expect-error: such a field is found
export type Found = None<Refusing<{ field?: string }>>
