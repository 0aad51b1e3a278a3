import { fallback, OpenAICompatibleProvider } from '../../index.js'
import type {
  IAuthenticator,
  LocalLLMConfig,
  LocalLLMProvider,
  ProviderProgressCallback,
  ProviderQueryOptions,
} from './host.js'

export interface OpenAICompatibleConfig extends LocalLLMConfig {
  apiKey?: string
}

/** Where the tool takes a provider of its own, it takes this one. */
export function create(config: OpenAICompatibleConfig): LocalLLMProvider {
  return new OpenAICompatibleProvider(config)
}

export const provider: LocalLLMProvider = new OpenAICompatibleProvider()

/** So it does several as one. */
export const several: LocalLLMProvider = fallback([new OpenAICompatibleProvider()])

export const authenticator: IAuthenticator = provider.getAuthenticator()

const onProgress: ProviderProgressCallback = (event) => {
  if (event.type === 'message') event.content.toUpperCase()
}
const options: ProviderQueryOptions = { prompt: 'hello', systemPrompt: 'Be brief', onProgress }

/** The tool's own options and callback fit the class itself, too. */
export const answer: Promise<string> = new OpenAICompatibleProvider().query(options)

// @ts-expect-error: what is no provider is not taken
export const wrong: LocalLLMProvider = { name: 'wrong' }
