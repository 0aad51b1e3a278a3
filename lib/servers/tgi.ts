import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'

/**
 * Hugging Face's Text Generation Inference. Its status is what `/info` says.
 *
 * The environment variable `HF_TOKEN` is the key for endpoints that Hugging Face hosts (`https://….huggingface.cloud`,
 * `….huggingface.co`, `….hf.space`). To any other server, this machine included, only an `apiKey` is sent.
 */
export class TGIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('tgi')
  }
}
