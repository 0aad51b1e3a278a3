import type { ChatRequest, ChatResponse, ChatStream, QueryOptions, ToolLoopResponse } from '../chat'
import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import type { ToolLoopOptions } from '../tools'
import type { WithExtraBody } from './extra'
import { definitionOf } from './facts'

/**
 * What OpenAI's chats take beside the options of all servers. Anything else is sent, too.
 *
 * @see {@link https://platform.openai.com/docs/api-reference/chat/create}
 */
export interface OpenAIExtraBody extends Record<string, unknown> {
  /** How hard a reasoning model thinks. */
  reasoning_effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | (string & {}) | undefined
  /** How much is written. */
  verbosity?: 'low' | 'medium' | 'high' | undefined
  /** How it is processed, and paid for. */
  service_tier?: 'auto' | 'default' | 'flex' | 'scale' | 'priority' | (string & {}) | undefined
  /** Whether OpenAI keeps the answer. */
  store?: boolean | undefined
  /** Kept beside a stored answer: up to 16 texts. */
  metadata?: Record<string, string> | undefined
  /** The text that most of the answer is expected to repeat. */
  prediction?: { type: 'content'; content: string | { type: 'text'; text: string }[] } | undefined
  /** Requests with the same key find the same cache. */
  prompt_cache_key?: string | undefined
  prompt_cache_retention?: 'in_memory' | '24h' | (string & {}) | undefined
  /** Who is asking, so that misuse is told apart: an opaque name. */
  safety_identifier?: string | undefined
  /** In place of `maxTokens`, which is sent by this name. */
  max_completion_tokens?: number | undefined
  logprobs?: boolean | undefined
  top_logprobs?: number | undefined
  logit_bias?: Record<string, number> | undefined
}

/**
 * OpenAI itself, or Azure's, by `baseURL`. `maxTokens` is sent as `max_completion_tokens`, and the role `developer` as
 * it is. What a model refuses, as reasoning models do `temperature`, is left out with a warning. `OPENAI_ORG_ID` and
 * `OPENAI_PROJECT_ID` are sent as the headers that say who pays.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its methods are those of the class, by a narrower type
export class OpenAIProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('openai')
  }
}

export interface OpenAIProvider {
  query(options: WithExtraBody<QueryOptions, OpenAIExtraBody>): Promise<string>
  chat<T = unknown>(request: WithExtraBody<ChatRequest<T>, OpenAIExtraBody>): Promise<ChatResponse<T>>
  stream<T = unknown>(request: WithExtraBody<ChatRequest<T>, OpenAIExtraBody>): ChatStream<T>
  runTools<T = unknown>(
    request: WithExtraBody<ChatRequest<T>, OpenAIExtraBody> & ToolLoopOptions,
  ): Promise<ToolLoopResponse<T>>
}
