import type { CallOptions, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

/** LM Studio. Which models are loaded, and with which context, it tells below `/api`, beside OpenAI's protocol. */
export class LMStudioProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('lm-studio')
  }

  /**
   * Loads a model that was downloaded, unless it is loaded already with that `contextLength`. How far it is, the
   * server does not tell.
   *
   * @throws {@link UnsupportedError} before LM Studio 0.4.
   */
  async loadModel(name: string, options: LoadOptions = {}): Promise<void> {
    await manage(this, { command: 'loadModel', name, ...loadingOf(options) }, options, this.loadModel)
  }

  /**
   * Unloads every instance of a model, or the one instance with this name.
   *
   * @throws {@link UnsupportedError} before LM Studio 0.4.
   */
  async unloadModel(name: string, options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadModel', name }, options, this.unloadModel)
  }
}
