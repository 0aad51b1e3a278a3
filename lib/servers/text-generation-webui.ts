import type { CallOptions, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

/**
 * text-generation-webui, with its API switched on. Its streams hide what they fail of before their first token: then
 * it is asked once more, without streaming, for its words.
 */
export class TextGenerationWebUIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('text-generation-webui')
  }

  /**
   * Loads a model, in place of the one that is loaded. It may need the server's admin key as `apiKey`.
   *
   * @param options - What its loader is told stands in `extraBody.args`; `contextLength` becomes `ctx_size` there.
   */
  async loadModel(name: string, options: LoadOptions = {}): Promise<void> {
    await manage(this, { command: 'loadModel', name, ...loadingOf(options) }, options, this.loadModel)
  }

  /** Unloads the model that is loaded. It may need the server's admin key as `apiKey`. */
  async unloadModel(options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadModel' }, options, this.unloadModel)
  }
}
