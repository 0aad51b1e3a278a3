import type { ChatRequest, ChatResponse, ChatStream, QueryOptions, ToolLoopResponse } from '../chat'
import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import type { ToolLoopOptions } from '../tools'
import type { WithExtraBody } from './extra'
import { definitionOf } from './facts'

/**
 * What Groq's chats take beside the options of all servers. Anything else is sent, too.
 *
 * @see {@link https://console.groq.com/docs/api-reference#chat-create}
 */
export interface GroqExtraBody extends Record<string, unknown> {
  /** Where the reasoning goes: a field of its own, the text, or nowhere. Excludes `include_reasoning`. */
  reasoning_format?: 'parsed' | 'raw' | 'hidden' | undefined
  include_reasoning?: boolean | undefined
  /** How hard a reasoning model thinks. Which of these a model takes differs. */
  reasoning_effort?: 'none' | 'default' | 'low' | 'medium' | 'high' | (string & {}) | undefined
  /** Which limits count, and how long a request may wait for them. */
  service_tier?: 'auto' | 'on_demand' | 'flex' | 'performance' | (string & {}) | undefined
  /** What Groq's compound systems search on the web. */
  search_settings?:
    | {
        include_domains?: readonly string[] | undefined
        exclude_domains?: readonly string[] | undefined
        country?: string | undefined
      }
    | undefined
  max_completion_tokens?: number | undefined
}

/** Groq. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its methods are those of the class, by a narrower type
export class GroqProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('groq')
  }
}

export interface GroqProvider {
  query(options: WithExtraBody<QueryOptions, GroqExtraBody>): Promise<string>
  chat<T = unknown>(request: WithExtraBody<ChatRequest<T>, GroqExtraBody>): Promise<ChatResponse<T>>
  stream<T = unknown>(request: WithExtraBody<ChatRequest<T>, GroqExtraBody>): ChatStream<T>
  runTools<T = unknown>(
    request: WithExtraBody<ChatRequest<T>, GroqExtraBody> & ToolLoopOptions,
  ): Promise<ToolLoopResponse<T>>
}
