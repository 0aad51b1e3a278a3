import type { ChatRequest, ChatResponse, ChatStream, QueryOptions, ToolLoopResponse } from '../chat'
import type { CallOptions, ProviderDefinition } from '../config'
import { manage, OpenAICompatibleProvider } from '../provider'
import type { ToolLoopOptions } from '../tools'
import { definitionOf } from './facts'
import { type LoadOptions, loadingOf } from './load'

/**
 * What llama.cpp takes beside OpenAI's fields, by its own names. What is missing here is sent, too.
 *
 * {@link https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md | Its documentation}
 */
export interface LlamaCppExtraBody {
  dynatemp_range?: number | undefined
  dynatemp_exponent?: number | undefined
  top_k?: number | undefined
  min_p?: number | undefined
  typical_p?: number | undefined
  top_n_sigma?: number | undefined
  repeat_last_n?: number | undefined
  repeat_penalty?: number | undefined
  dry_multiplier?: number | undefined
  dry_base?: number | undefined
  dry_allowed_length?: number | undefined
  dry_penalty_last_n?: number | undefined
  dry_sequence_breakers?: readonly string[] | undefined
  xtc_probability?: number | undefined
  xtc_threshold?: number | undefined
  mirostat?: 0 | 1 | 2 | undefined
  mirostat_tau?: number | undefined
  mirostat_eta?: number | undefined
  /** Which samplers are applied, in this order. */
  samplers?: readonly string[] | undefined
  min_keep?: number | undefined
  ignore_eos?: boolean | undefined
  /** Tokens, by number or by text, and what is added to them; `false` rules one out. */
  logit_bias?: readonly (readonly [token: number | string, bias: number | false])[] | undefined
  /** In GBNF. Not together with tools. */
  grammar?: string | undefined
  json_schema?: Record<string, unknown> | undefined
  /** How many alternatives are told of each token. */
  n_probs?: number | undefined
  post_sampling_probs?: boolean | undefined
  /** How many tokens of the prompt are kept where the context is full. */
  n_keep?: number | undefined
  /** The slot that answers; -1: any. */
  id_slot?: number | undefined
  /** Whether the beginning of the prompt may be one that was read before. */
  cache_prompt?: boolean | undefined
  timings_per_token?: boolean | undefined
  /** Whether it tells how far it has read the prompt. Default: where that is longer than 2048 bytes. */
  return_progress?: boolean | undefined
  return_tokens?: boolean | undefined
  reasoning_format?: 'none' | 'auto' | 'deepseek' | 'deepseek-legacy' | undefined
  /** How many tokens it may reason; 0: not at all. */
  reasoning_budget_tokens?: number | undefined
  reasoning_effort?: string | undefined
  /** Lets its reasoning be ended from outside. */
  reasoning_control?: boolean | undefined
  chat_template_kwargs?: Record<string, unknown> | undefined
  parallel_tool_calls?: boolean | undefined
  [field: string]: unknown
}

/** Options of a call, with llama.cpp's own fields in `extraBody`. */
export type WithLlamaCppFields<Options> = Options & { extraBody?: LlamaCppExtraBody | undefined }

/** The methods are inherited; only their options are told more exactly. */
export interface LlamaCppProvider {
  query(options: WithLlamaCppFields<QueryOptions>): Promise<string>
  chat<T = unknown>(request: WithLlamaCppFields<ChatRequest<T>>): Promise<ChatResponse<T>>
  stream<T = unknown>(request: WithLlamaCppFields<ChatRequest<T>>): ChatStream<T>
  runTools<T = unknown>(
    request: WithLlamaCppFields<ChatRequest<T>> & ToolLoopOptions,
  ): Promise<ToolLoopResponse<T>>
}

/**
 * llama.cpp's own server, alone or as a router of several models. Where a prompt is longer than 2048 bytes, it is
 * asked to tell how far it has read it: that comes as `progress` events, and restarts the clock of the first token.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: every method of the interface is inherited
export class LlamaCppProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('llama-cpp')
  }

  /** What each slot is doing, in the server's own names; with a router, those of the configured model. */
  async slots(options: CallOptions = {}): Promise<Record<string, unknown>[]> {
    return await manage(this, { command: 'slots' }, options, this.slots)
  }

  /** The tokens of a text, as the model counts them; with a router, the configured model. */
  async tokenize(text: string, options: CallOptions = {}): Promise<number[]> {
    return await manage(this, { command: 'tokenize', text }, options, this.tokenize)
  }

  /**
   * Has a router load a model. Resolves once it is loaded, also where it was already.
   *
   * @param options - Without `contextLength` and `ttl`: a router loads a model as its preset says.
   * @throws {@link UnsupportedError} where the server is no router.
   */
  async loadModel(name: string, options: LoadOptions = {}): Promise<void> {
    await manage(this, { command: 'loadModel', name, ...loadingOf(options) }, options, this.loadModel)
  }

  /**
   * Has a router unload a model. Resolves once it runs no more.
   *
   * @throws {@link UnsupportedError} where the server is no router.
   */
  async unloadModel(name: string, options: CallOptions = {}): Promise<void> {
    await manage(this, { command: 'unloadModel', name }, options, this.unloadModel)
  }
}
