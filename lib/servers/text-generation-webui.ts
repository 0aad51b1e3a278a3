import type { CallOptions, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

/** text-generation-webui, with its API switched on. */
export class TextGenerationWebUIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('text-generation-webui')
  }

  /** Loads a model, in place of the one that is loaded. */
  async loadModel(name: string, options: LoadOptions = {}): Promise<void> {
    await manage(this, { command: 'loadModel', name, ...loadingOf(options) }, options, this.loadModel)
  }

  /** Unloads the model that is loaded. */
  async unloadModel(options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadModel' }, options, this.unloadModel)
  }
}
