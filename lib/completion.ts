import { checkCall, checkObject, mistake, optionsOf, timeoutsOf, toJson } from './arguments'
import type { ChatResponse, Timings, Usage } from './chat'
import type { CallOptions, GenerationOptions } from './config'
import type { ProgressCallback } from './events'
import { misplacedIn } from './misplaced'

/** What nobody tells of a text completion. */
type OfChats = 'logprobs' | 'reasoning'

/** A text to go on with, for {@link OpenAICompatibleProvider.complete}. */
export interface CompletionRequest extends Omit<GenerationOptions, OfChats>, CallOptions {
  prompt: string
  /**
   * What follows the gap that is to be filled: then the model must be one that was trained for it. llama.cpp is asked
   * for it by `LlamaCppProvider` only: its `/v1/completions` ignores it.
   */
  suffix?: string | undefined
  /** Default: the provider's. */
  model?: string | undefined
  /** Called with `message` events and then one `completion`, and with what else happens. */
  onProgress?: ProgressCallback | undefined
}

export interface CompletionResponse {
  /** What the model wrote, without the prompt and as it is: tags and calls in it are only text. */
  text: string
  /** The model that answered, as the server names it. */
  model: string
  finishReason: ChatResponse['finishReason']
  /** Absent where the server does not tell. */
  usage?: Usage
  timings: Timings
  /** As of a {@link ChatResponse}. */
  warnings: { code: string; message: string }[]
}

/** What is to be completed, checked, in the JSON in which it crosses to the engine. */
export function completionRequest(request: CompletionRequest): string {
  checkObject(request, 'The request')
  checkCall(request)
  const { prompt, suffix, model, timeout } = request
  if (typeof prompt !== 'string') throw mistake('`prompt` must be a text')
  if (suffix !== undefined && typeof suffix !== 'string') throw mistake('`suffix` must be a text')
  return toJson({
    prompt,
    suffix,
    model,
    timeout: timeoutsOf(timeout),
    options: optionsOf(request, 'complete', misplacedIn('complete')),
  })
}

/** What the engine gave. */
export function completionOf(text: string, details: string): CompletionResponse {
  const { id: _id, toolCalls: _calls, ...response } = JSON.parse(details)
  return { text, ...response }
}
