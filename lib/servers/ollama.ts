import type { CallOptions, ProviderConfig, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import type { ModelInfo } from '../status'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

export interface OllamaConfig extends ProviderConfig {
  /**
   * How it is spoken to: `'native'` (`/api/chat`), `'openai'` (`/v1`), or `'auto'`: asked once, and native where that
   * answers. Default: the environment variable `OLLAMA_API_MODE`, else `'native'`.
   */
  api?: 'native' | 'openai' | 'auto' | undefined
  /** How long a model stays loaded while nobody asks it: `'10m'`, or a number of seconds; -1: for ever. */
  keepAlive?: string | number | undefined
  /** The context, in tokens, that a model is loaded with. Ollama's own default is short, and longer prompts are cut. */
  numCtx?: number | undefined
}

/** Ollama, by its own protocol or by OpenAI's. */
export class OllamaProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('ollama')
  }

  constructor(config?: OllamaConfig | number | string) {
    super(config)
  }

  /** Downloads a model, or what of it has changed. */
  async pullModel(name: string, options: LoadOptions = {}): Promise<void> {
    await manage(this, { command: 'pullModel', name, ...loadingOf(options) }, options, this.pullModel)
  }

  /** All that is known of a model; `details` is the server's own answer. */
  async showModel(
    name: string,
    options: CallOptions = {},
  ): Promise<ModelInfo & { details: Record<string, unknown> }> {
    return await manage(this, { command: 'showModel', name }, options, this.showModel)
  }

  /** The models that are loaded, with the context that they are loaded with. */
  async runningModels(options: CallOptions = {}): Promise<ModelInfo[]> {
    return await manage(this, { command: 'runningModels' }, options, this.runningModels)
  }

  async unloadModel(name: string, options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadModel', name }, options, this.unloadModel)
  }
}
