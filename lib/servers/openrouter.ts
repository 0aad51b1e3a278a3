import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/** OpenRouter. `OPENROUTER_SITE_URL` and `OPENROUTER_APP_NAME` are sent as the headers by which it ranks applications. */
export class OpenRouterProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('openrouter')
  }
}
