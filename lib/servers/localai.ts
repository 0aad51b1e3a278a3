import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/** LocalAI. */
export class LocalAIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('localai')
  }
}
