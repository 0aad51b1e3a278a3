import type { CallOptions, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

/** llama.cpp's own server, alone or as a router of several models. */
export class LlamaCppProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('llama-cpp')
  }

  /** What each slot is doing, in the server's own names. */
  async slots(options: CallOptions = {}): Promise<Record<string, unknown>[]> {
    return await manage(this, { command: 'slots' }, options, this.slots)
  }

  /** The tokens of a text. */
  async tokenize(text: string, options: CallOptions = {}): Promise<number[]> {
    return await manage(this, { command: 'tokenize', text }, options, this.tokenize)
  }

  /** Has a router load a model. Resolves once it is loaded. */
  async loadModel(name: string, options: LoadOptions = {}): Promise<void> {
    await manage(this, { command: 'loadModel', name, ...loadingOf(options) }, options, this.loadModel)
  }

  /** Has a router unload a model. */
  async unloadModel(name: string, options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadModel', name }, options, this.unloadModel)
  }
}
