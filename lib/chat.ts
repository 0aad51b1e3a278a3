import type { CallOptions, GenerationOptions } from './config'
import type { ProgressCallback, ProviderProgressEvent } from './events'
import type { Media } from './media'
import type { ResponseFormat } from './response-format'
import type { ToolCall, ToolLoopOptions, ToolOptions } from './tools'

/** A turn of a conversation. */
export type ChatMessage =
  | { role: 'system' | 'developer'; content: string }
  | { role: 'user'; content: string | readonly ContentPart[]; name?: string | undefined }
  | AssistantMessage
  | { role: 'tool'; toolCallId: string; content: string | readonly ContentPart[]; name?: string | undefined }

/** Part of a message. */
export type ContentPart =
  | { type: 'text'; text: string }
  /** `detail`: how closely the model is to look, where the server's protocol can tell it. */
  | { type: 'image'; image: Media; detail?: 'auto' | 'low' | 'high' | undefined }
  /** `format` as the server names it: `'wav'`, `'mp3'`. */
  | { type: 'audio'; audio: Media; format: string }

export interface AssistantMessage {
  role: 'assistant'
  content: string | null
  /** Sent back beside calls of tools, where the server has a field for it; else it stays here. */
  reasoning?: string | undefined
  toolCalls?: readonly ToolCall[] | undefined
  /** Opaque: what the server that gave it wants to see again (signatures, reasoning details). No other server gets it. */
  providerData?: Record<string, unknown> | undefined
}

/** One question, for {@link OpenAICompatibleProvider.query}. */
export interface QueryOptions extends GenerationOptions, CallOptions, ToolOptions, ToolLoopOptions {
  prompt: string
  systemPrompt?: string | undefined
  /** Earlier turns, oldest first. */
  history?: readonly ChatMessage[] | undefined
  /** What the prompt asks about. */
  images?: readonly Media[] | undefined
  /** Default: the provider's. */
  model?: string | undefined
  onProgress?: ProgressCallback | undefined
  /** The text that is returned then has this format. One that was cut off before it had it is an {@link InvalidResponseError}. */
  responseFormat?: ResponseFormat | undefined
}

/**
 * A conversation, for {@link OpenAICompatibleProvider.chat} and {@link OpenAICompatibleProvider.stream}. `T` is the type
 * of {@link ChatResponse.parsed}.
 */
export interface ChatRequest<T = unknown> extends GenerationOptions, CallOptions, ToolOptions {
  messages: readonly ChatMessage[]
  /** Default: the provider's. */
  model?: string | undefined
  onProgress?: ProgressCallback | undefined
  /** Of the text; an answer that calls tools is not held to it. */
  responseFormat?: ResponseFormat<T> | undefined
  /** Keeps what was sent and the last frame in {@link ChatResponse.raw}. @defaultValue false */
  includeRaw?: boolean | undefined
}

export interface ChatResponse<T = unknown> {
  /** As the server gave it; not unique with every server, and may be empty. */
  id: string
  /** The model that answered, as the server names it. */
  model: string
  content: string
  /** The reasoning, wherever it came from; absent if there was none. */
  reasoning?: string
  toolCalls: ToolCall[]
  /**
   * What the text stands for, where a `responseFormat` was asked for and the answer has it: the value of its JSON, or what
   * the schema's own validation made of that; of a pattern or a choice, the text. Absent where the answer was cut off (see
   * `finishReason`), calls tools, or comes by a grammar.
   */
  parsed?: T
  /** Append this to the history as it is. */
  message: AssistantMessage
  /** `'unknown'`: the server said that the answer is complete, but not why, or in a word unknown here. */
  finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'unknown'
  /** Absent where the server does not tell. */
  usage?: Usage
  timings: Timings
  /**
   * The answer's tokens with the natural logarithms of their probabilities, where {@link GenerationOptions.logprobs} asks
   * for them and the server tells them. What they spell is the server's matter: reasoning, markup of calls and the token
   * that ends the answer may be among them.
   */
  logprobs?: TokenLogprob[]
  /** Each deviation of the server that was repaired, each thing that was changed or left out; `code` is stable. */
  warnings: { code: string; message: string }[]
  /** Where {@link ChatRequest.includeRaw} asks for it. */
  raw?: RawExchange
}

/** What {@link OpenAICompatibleProvider.runTools} gives: the last answer, and what all of the loop did. */
export interface ToolLoopResponse<T = unknown> extends ChatResponse<T> {
  /** What the loop added, in order: append it to the history as it is. An open call has no result in it. */
  messages: ChatMessage[]
  /**
   * The calls of the last answer that are yours to answer, because their tools have no `execute`: each wants a message
   * `{ role: 'tool', toolCallId: call.id, content }` behind `messages`. Absent where there is none.
   */
  openCalls?: ToolCall[]
}

/** A token and the natural logarithm of its probability: -9999 where the server tells none because it is so improbable. */
export interface TokenLogprob {
  token: string
  logprob: number
  /** The most probable in its place, the token itself mostly among them; as many as were asked for, or fewer. */
  top: { token: string; logprob: number }[]
}

/** What went over the wire, with `***` for each key. */
export interface RawExchange {
  /** Without its query and credentials. */
  url: string
  /** The JSON of the request that was answered. */
  requestBody: string
  /** The data of the last event that says something, or the whole of an answer that is one document. */
  lastFrame: string
}

/** Tokens, as the server counted them. */
export interface Usage {
  inputTokens: number
  outputTokens: number
  totalTokens: number
  reasoningTokens?: number
  cachedInputTokens?: number
  /** What the server charged, in its own currency: OpenRouter's credits. */
  cost?: number
}

/** Milliseconds. Measured here; `server*` is what the server measured, where it tells. */
export interface Timings {
  total: number
  /** To the first text or reasoning; absent if none came. */
  firstToken?: number
  serverPrompt?: number
  serverGeneration?: number
  /** The server's own figure, else counted here. */
  tokensPerSecond?: number
  /** How often the request was sent. */
  attempts: number
  /** Whether the answer came without asking the server: never, so far. */
  cached: boolean
}

/**
 * An answer that is arriving. The request is sent at once. It can be iterated once: a second loop throws. Leaving
 * the loop cancels.
 */
export interface ChatStream<T = unknown> extends AsyncIterable<ProviderProgressEvent>, AsyncDisposable {
  /** Only the text, in place of the events. */
  textStream(): AsyncIterable<string>
  /**
   * The whole answer, also without iterating: events are then dropped, not kept. After the loop was left or
   * {@link cancel}, it rejects with an {@link AbortError} that holds `partial`. It never is an unhandled rejection.
   */
  response(): Promise<ChatResponse<T>>
  /** Closes the connection, so that the server stops. `reason` becomes the `cause` of the {@link AbortError}. */
  cancel(reason?: unknown): void
}
