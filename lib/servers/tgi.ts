import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/** Hugging Face's Text Generation Inference. Its status is what `/info` says. */
export class TGIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('tgi')
  }
}
