import type { ServerKind } from './servers'

/** What a server says of itself. */
export interface ProviderStatus {
  /** The server answers and takes the key. */
  isConnected: boolean
  /** The name of the provider that was asked. */
  server?: ServerKind | (string & {})
  version?: string
  /** What the server has loaded; the configured name only where it does not tell. */
  loadedModel?: string
  availableModels?: string[]
  /** Of the loaded model, in tokens, as it runs now. */
  contextLength?: number
  /** Of the question itself, in milliseconds. */
  latency?: number
  /** Why it is not connected. */
  error?: string
}

export interface ModelInfo {
  name: string
  /** As people write it: `'4.7 GB'`. */
  size?: string
  sizeBytes?: number
  quantization?: string
  /** In tokens: as the model runs where the server tells that, else as it could run. */
  contextLength?: number
  /** How many tokens an answer may have at most. */
  maxOutputTokens?: number
  loaded?: boolean
  /** The first three fall back to the name where the server is silent; the others are absent then. */
  capabilities: {
    chat: boolean
    completion: boolean
    embedding: boolean
    tools?: boolean
    vision?: boolean
    reasoning?: boolean
  }
}

/** How a provider proves who is asking. */
export interface Authenticator {
  /** Nothing that the server needs is missing. */
  isConfigured(): boolean
  getCredentialType(): 'api_key' | 'none'
  /** Nothing is to be done: the key is part of the configuration. */
  configure(): Promise<void>
  /** The same as {@link OpenAICompatibleProvider.validateConfiguration}. */
  validateCredentials(): Promise<boolean>
}
