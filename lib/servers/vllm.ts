import type { ChatRequest, ChatResponse, ChatStream, QueryOptions, ToolLoopResponse } from '../chat'
import type { CallOptions, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import type { ToolLoopOptions } from '../tools'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'
import type { VLLMExtraBody } from './vllm-extra-body'

/** A prompt for vLLM. */
export interface VLLMQueryOptions extends QueryOptions {
  extraBody?: VLLMExtraBody | undefined
}

/** A conversation for vLLM. */
export interface VLLMChatRequest<T = unknown> extends ChatRequest<T> {
  extraBody?: VLLMExtraBody | undefined
}

/** What only the types of vLLM's requests add: the methods are those of every provider. */
export interface VLLMProvider {
  query(options: VLLMQueryOptions): Promise<string>
  chat<T = unknown>(request: VLLMChatRequest<T>): Promise<ChatResponse<T>>
  stream<T = unknown>(request: VLLMChatRequest<T>): ChatStream<T>
  runTools<T = unknown>(request: VLLMChatRequest<T> & ToolLoopOptions): Promise<ToolLoopResponse<T>>
}

/**
 * vLLM. The fields that its requests have beyond OpenAI's are typed as {@link VLLMExtraBody}.
 *
 * @example
 * ```ts
 * const provider = new VLLMProvider()
 * const answer = await provider.query({
 *   prompt: 'Is the sky blue?',
 *   extraBody: { structured_outputs: { choice: ['yes', 'no'] } },
 * })
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: all that is merged in exists, in the class that is extended
export class VLLMProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('vllm')
  }

  /**
   * Loads a LoRA adapter, as the model `name`. The server must have been started with the environment variable
   * `VLLM_ALLOW_RUNTIME_LORA_UPDATING=True`.
   *
   * @param path - Of a folder at the server, or its id at Hugging Face.
   * @param options - `extraBody`: `{ load_inplace: true }` loads one anew that is loaded already (since 0.16). A context
   * or a time to live of its own an adapter has not.
   * @throws {@link UnsupportedError} if the server was started without it; {@link InvalidRequestError} for a name that is
   * taken, or where no adapter is found.
   */
  async loadAdapter(name: string, path: string, options: LoadOptions = {}): Promise<void> {
    await manage(
      this,
      { command: 'loadAdapter', name, path, ...loadingOf(options) },
      options,
      this.loadAdapter,
    )
  }

  /**
   * Unloads a LoRA adapter, however it was loaded.
   *
   * @throws As {@link loadAdapter}.
   */
  async unloadAdapter(name: string, options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadAdapter', name }, options, this.unloadAdapter)
  }

  /** The names of the LoRA adapters that are loaded: each can be asked as a model. */
  async listAdapters(options: CallOptions = {}): Promise<string[]> {
    return await manage(this, { command: 'listAdapters' }, options, this.listAdapters)
  }
}
