import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/** OpenAI itself: `max_completion_tokens`, the developer role, and what reasoning models refuse is left out with a warning. */
export class OpenAIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('openai')
  }
}
