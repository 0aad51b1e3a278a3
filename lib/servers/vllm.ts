import type { CallOptions, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

/** vLLM. */
export class VLLMProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('vllm')
  }

  /** Loads a LoRA adapter from a path of the server's, as the model `name`. */
  async loadAdapter(name: string, path: string, options: LoadOptions = {}): Promise<void> {
    await manage(
      this,
      { command: 'loadAdapter', name, path, ...loadingOf(options) },
      options,
      this.loadAdapter,
    )
  }

  async unloadAdapter(name: string, options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadAdapter', name }, options, this.unloadAdapter)
  }

  /** The names of the adapters that are loaded. */
  async listAdapters(options: CallOptions = {}): Promise<string[]> {
    return await manage(this, { command: 'listAdapters' }, options, this.listAdapters)
  }
}
