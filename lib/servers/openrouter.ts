import type { ChatRequest, ChatResponse, ChatStream, QueryOptions, ToolLoopResponse } from '../chat'
import type { ProviderDefinition } from '../config'
import { OpenAICompatibleProvider } from '../provider'
import type { ToolLoopOptions } from '../tools'
import type { WithExtraBody } from './extra'
import { definitionOf } from './facts'

/**
 * What OpenRouter's chats take beside the options of all servers. Anything else is sent, too.
 *
 * @see {@link https://openrouter.ai/docs/api-reference/overview}
 */
export interface OpenRouterExtraBody extends Record<string, unknown> {
  /** Which of the providers that have the model are asked. */
  provider?: OpenRouterRouting | undefined
  /** Models that are asked, in this order, where the first one fails. */
  models?: readonly string[] | undefined
  route?: 'fallback' | (string & {}) | undefined
  /** What is done to prompts that are too long: `['middle-out']`; `[]`: nothing. */
  transforms?: readonly string[] | undefined
  reasoning?:
    | {
        effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | (string & {}) | undefined
        /** Think, but do not tell. */
        exclude?: boolean | undefined
        enabled?: boolean | undefined
        /** Such as its limit in tokens. */
        [setting: string]: unknown
      }
    | undefined
  /** Has no effect any more: the usage, and `cost` in it, always come. */
  usage?: { include?: boolean | undefined } | undefined
  /** Such as `{ id: 'web' }`. */
  plugins?: readonly { id: string; [setting: string]: unknown }[] | undefined
  service_tier?: 'auto' | 'default' | 'flex' | 'priority' | 'scale' | (string & {}) | undefined
  metadata?: Record<string, string> | undefined
  /** Groups requests that belong together. */
  session_id?: string | undefined
}

/**
 * How OpenRouter chooses a provider.
 *
 * @see {@link https://openrouter.ai/docs/features/provider-routing}
 */
export interface OpenRouterRouting extends Record<string, unknown> {
  /** Their slugs, those to be asked first. */
  order?: readonly string[] | undefined
  /** No others. */
  only?: readonly string[] | undefined
  ignore?: readonly string[] | undefined
  /** Whether others are asked where these fail. @defaultValue true */
  allow_fallbacks?: boolean | undefined
  /** Only those that know all parameters of the request; others ignore what they do not know. @defaultValue false */
  require_parameters?: boolean | undefined
  /** `'deny'`: only those that keep no data. @defaultValue 'allow' */
  data_collection?: 'allow' | 'deny' | undefined
  /** Only those that retain nothing. */
  zdr?: boolean | undefined
  quantizations?: readonly string[] | undefined
  sort?:
    | 'price'
    | 'throughput'
    | 'latency'
    | { by?: string | undefined; partition?: string | undefined }
    | undefined
  /** Credits for a million tokens, or for a request or an image. */
  max_price?:
    | {
        prompt?: number | string | undefined
        completion?: number | string | undefined
        request?: number | string | undefined
        image?: number | string | undefined
      }
    | undefined
}

/**
 * OpenRouter. `OPENROUTER_SITE_URL` and `OPENROUTER_APP_NAME` are sent as the headers by which it ranks applications.
 * What an answer cost is in `usage.cost`, in credits.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its methods are those of the class, by a narrower type
export class OpenRouterProvider extends OpenAICompatibleProvider {
  static override get definition(): ProviderDefinition {
    return definitionOf('openrouter')
  }
}

export interface OpenRouterProvider {
  query(options: WithExtraBody<QueryOptions, OpenRouterExtraBody>): Promise<string>
  chat<T = unknown>(request: WithExtraBody<ChatRequest<T>, OpenRouterExtraBody>): Promise<ChatResponse<T>>
  stream<T = unknown>(request: WithExtraBody<ChatRequest<T>, OpenRouterExtraBody>): ChatStream<T>
  runTools<T = unknown>(
    request: WithExtraBody<ChatRequest<T>, OpenRouterExtraBody> & ToolLoopOptions,
  ): Promise<ToolLoopResponse<T>>
}
