import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/** LiteLLM's proxy in front of other servers. What it knows of each model is in `listModels()`. */
export class LiteLLMProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('litellm')
  }
}
