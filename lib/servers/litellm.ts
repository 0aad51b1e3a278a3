import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/**
 * LiteLLM's proxy in front of other servers. What it knows of each model is in `listModels()`: its context, and whether it
 * takes tools and images and reasons. Of a model that is in no list of LiteLLM's, nothing is known.
 */
export class LiteLLMProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('litellm')
  }
}
