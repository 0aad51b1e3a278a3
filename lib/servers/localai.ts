import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/** LocalAI. Which models are loaded, it tells to an administrator's key only. */
export class LocalAIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('localai')
  }
}
