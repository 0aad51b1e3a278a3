import type { ChatRequest, ChatResponse, ChatStream, QueryOptions, ToolLoopResponse } from '../chat'
import type { CallOptions, GenerationOptions, ProviderConfig, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import type { ModelInfo } from '../status'
import type { ToolLoopOptions } from '../tools'
import type { WithExtraBody } from './extra'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

/**
 * How an Ollama is configured. Its address may be given with `/v1` or without. `host` is read as for every provider;
 * the environment variable `OLLAMA_HOST` as Ollama itself reads it: a URL without a port has that of its scheme.
 */
export interface OllamaConfig extends ProviderConfig {
  /**
   * How it is spoken to: `'native'` (`/api/chat`), `'openai'` (`/v1`), or `'auto'`: asked once, and native where that
   * answers. Default: the environment variable `OLLAMA_API_MODE`, else `'native'`.
   */
  api?: 'native' | 'openai' | 'auto' | undefined
  /**
   * How long a model stays loaded while nobody asks it: `'10m'`, or a number of seconds; -1: for ever. The native
   * protocol alone can tell it: together with `api: 'openai'` it is a {@link ConfigurationError}.
   */
  keepAlive?: string | number | undefined
  /**
   * The context, in tokens, that a model is loaded with. Ollama's own default is short, and longer prompts are cut:
   * a warning `prompt_cut` then says so. As `keepAlive`, only the native protocol can tell it.
   */
  numCtx?: number | undefined
  /** Sent with every chat unless the call says otherwise. Nothing that nobody set is ever sent. */
  defaults?: WithExtraBody<GenerationOptions, OllamaExtraBody> | undefined
}

/**
 * What Ollama's chats take by its own protocol beside the options of all servers. Anything else is sent, too.
 *
 * @see {@link https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion}
 */
export interface OllamaExtraBody extends Record<string, unknown> {
  /** Together with those that the call's own options become; these win. */
  options?: OllamaModelOptions | undefined
  /** Whether a model that can think does so, and how much. Default: it does. */
  think?: boolean | 'low' | 'medium' | 'high' | (string & {}) | undefined
  /** `'json'`, or a JSON schema. */
  format?: 'json' | Record<string, unknown> | undefined
  /** In place of the configuration's `keepAlive`. */
  keep_alive?: string | number | undefined
  tools?: readonly Record<string, unknown>[] | undefined
  /** Whether a conversation that is too long loses its oldest messages, and is no error. @defaultValue true */
  truncate?: boolean | undefined
  /** Whether an answer that fills the context makes room for itself, and does not end there. @defaultValue true */
  shift?: boolean | undefined
  logprobs?: boolean | undefined
  /** 0 to 20. */
  top_logprobs?: number | undefined
}

/**
 * How a model is loaded and how it generates.
 *
 * @see {@link https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx#valid-parameters-and-values}
 */
export interface OllamaModelOptions extends Record<string, unknown> {
  /** In tokens; in place of the configuration's `numCtx`. Another one than before has the model loaded anew. */
  num_ctx?: number | undefined
  num_batch?: number | undefined
  /** How many layers are computed by the GPU. */
  num_gpu?: number | undefined
  main_gpu?: number | undefined
  use_mmap?: boolean | undefined
  num_thread?: number | undefined
  /** How many tokens of the prompt are kept where it is cut. */
  num_keep?: number | undefined
  num_predict?: number | undefined
  seed?: number | undefined
  temperature?: number | undefined
  top_k?: number | undefined
  top_p?: number | undefined
  min_p?: number | undefined
  typical_p?: number | undefined
  repeat_last_n?: number | undefined
  repeat_penalty?: number | undefined
  presence_penalty?: number | undefined
  frequency_penalty?: number | undefined
  stop?: readonly string[] | undefined
}

/**
 * Ollama, by its own protocol or by OpenAI's. The same question gives the same answer, events and errors by both, but
 * for what OpenAI's does not tell: `timings.server*`, and why an answer broke off (a {@link StreamError} there, a
 * {@link ServerError} with Ollama's words here). An `id` is only told by OpenAI's.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its methods are those of the class, by a narrower type
export class OllamaProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('ollama')
  }

  constructor(config?: OllamaConfig | number | string) {
    super(config)
  }

  /**
   * Downloads a model, or what of it has changed. Resolves once all of it is there; cancelled, it goes on the next
   * time where it stopped.
   *
   * @param options - `onProgress` hears bytes, of one part of the model at a time. Without `contextLength` and `ttl`.
   * @throws {@link ModelNotFoundError} where the registry has no such model.
   */
  async pullModel(name: string, options: LoadOptions = {}): Promise<void> {
    await manage(this, { command: 'pullModel', name, ...loadingOf(options) }, options, this.pullModel)
  }

  /**
   * All that is known of a model; `details` is the server's own answer. Its capabilities may be more than those in
   * {@link listModels}, and `contextLength` is what it was trained with unless it is loaded.
   *
   * @throws {@link ModelNotFoundError}
   */
  async showModel(
    name: string,
    options: CallOptions = {},
  ): Promise<ModelInfo & { details: Record<string, unknown> }> {
    return await manage(this, { command: 'showModel', name }, options, this.showModel)
  }

  /** The models that are loaded, with the context that they are loaded with; the size is that in memory. */
  async runningModels(options: CallOptions = {}): Promise<ModelInfo[]> {
    return await manage(this, { command: 'runningModels' }, options, this.runningModels)
  }

  /** Unloads a model at once, whatever `keepAlive` says. Where it is not loaded, nothing happens. */
  async unloadModel(name: string, options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadModel', name }, options, this.unloadModel)
  }
}

export interface OllamaProvider {
  query(options: WithExtraBody<QueryOptions, OllamaExtraBody>): Promise<string>
  chat<T = unknown>(request: WithExtraBody<ChatRequest<T>, OllamaExtraBody>): Promise<ChatResponse<T>>
  stream<T = unknown>(request: WithExtraBody<ChatRequest<T>, OllamaExtraBody>): ChatStream<T>
  runTools<T = unknown>(
    request: WithExtraBody<ChatRequest<T>, OllamaExtraBody> & ToolLoopOptions,
  ): Promise<ToolLoopResponse<T>>
}
