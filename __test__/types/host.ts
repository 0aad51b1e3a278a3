/** The types of a tool that has its own idea of a local provider, as small as its code needs them. */

export interface ProviderCapabilities {
  supportsStreaming: boolean
  supportsTools: boolean
  supportsSystemPrompt: boolean
  supportsMultiTurn: boolean
  maxContextTokens: number
  supportedModels: string[]
}

export type ProviderProgressEvent = { type: 'message'; content: string } | { type: 'completion' }

export type ProviderProgressCallback = (event: ProviderProgressEvent) => void

export interface ProviderQueryOptions {
  prompt: string
  systemPrompt?: string
  onProgress?: ProviderProgressCallback
}

export interface IAuthenticator {
  isConfigured(): boolean
  getCredentialType(): 'api_key' | 'none'
  configure(): Promise<void>
  validateCredentials(): Promise<boolean>
}

export interface LocalLLMConfig {
  host?: string
  port?: number
  model?: string
}

export interface LocalProviderStatus {
  isConnected: boolean
  loadedModel?: string
  availableModels?: string[]
  error?: string
}

export interface LocalModelInfo {
  name: string
  capabilities: { chat: boolean; completion: boolean; embedding: boolean }
}

export interface LocalLLMProvider {
  readonly name: string
  readonly capabilities: ProviderCapabilities
  query(options: ProviderQueryOptions): Promise<string>
  validateConfiguration(): Promise<boolean>
  getStatus(): Promise<LocalProviderStatus>
  listModels(): Promise<LocalModelInfo[]>
  getAuthenticator(): IAuthenticator
}
