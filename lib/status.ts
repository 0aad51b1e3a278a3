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

/** Why a query would work, or would not: what was looked at, in the order of the way to the model. */
export interface Diagnosis {
  /**
   * A query would work, as far as can be told without one. What only some queries need (the checks `tools` and
   * `server`) does not count.
   */
  ok: boolean
  /** What answers at the address, as {@link createProvider} takes it; absent where that is no LLM server. */
  server?: ServerKind | (string & {})
  /** Up to the first one that hides the rest. */
  checks: Check[]
}

export interface Check {
  /**
   * Stable, for programs: `'address'`, `'proxy'`, `'connection'`, `'tls'`, `'protocol'`, `'server'`, `'base-path'`,
   * `'key'`, `'chat'`, `'model'`, `'tools'`; `'time'` where that was too short, `'call'` where the options are wrong. More may be
   * added in a minor version.
   */
  id: string
  ok: boolean
  /** What was seen. */
  found: string
  /** What to do, in one sentence; also where all is well, but could be better. */
  fix?: string
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
