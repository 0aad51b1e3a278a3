import { onTestFinished } from 'vitest'
import { OpenAICompatibleProvider, type ProviderConfig } from '../../index.js'
import type { ScriptedServer } from './scripted-server.js'
import { KEY } from './witness.js'

/**
 * A provider for one test, with a key that must not be shown, a model, so that nobody asks for one, and retries that
 * keep no test waiting.
 */
export function providerOf(
  server: Pick<ScriptedServer, 'baseURL'>,
  config: ProviderConfig = {},
): OpenAICompatibleProvider {
  const provider = new OpenAICompatibleProvider({
    baseURL: server.baseURL,
    apiKey: KEY,
    model: 'm',
    retry: { baseDelay: 1 },
    ...config,
  })
  onTestFinished(() => provider.close())
  return provider
}

/** A conversation of one question. */
export function asking(content: string): { messages: [{ role: 'user'; content: string }] } {
  return { messages: [{ role: 'user', content }] }
}
