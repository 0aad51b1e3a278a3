import type { ChatMessage } from './chat'
import type { Timeouts } from './config'
import type { ToolCall } from './tools'

/** What kind of failure it is; the class that stands behind each. The union may grow in a minor version. */
export type ErrorCode =
  | 'configuration' // ConfigurationError
  | 'connection' // ConnectionError
  | 'timeout' // TimeoutError
  | 'authentication' // AuthenticationError: the key is missing or wrong
  | 'permission' // AuthenticationError: the key may not do this
  | 'rate_limit' // RateLimitError: later it works
  | 'quota' // RateLimitError: waiting does not help
  | 'model_not_found' // ModelNotFoundError
  | 'context_length_exceeded' // ContextLengthError
  | 'invalid_request' // InvalidRequestError
  | 'content_filter' // InvalidRequestError (a filter inside a stream is a finish reason)
  | 'invalid_response' // InvalidResponseError
  | 'model_loading' // ServerError
  | 'out_of_memory' // ServerError
  | 'server' // ServerError
  | 'stream' // StreamError: the answer broke off
  | 'protocol' // StreamError: what came is no answer of an LLM server
  | 'empty_completion' // StreamError: 200, and nothing in it; of a query, calls in place of a text
  | 'aborted' // AbortError
  | 'unsupported' // UnsupportedError

/** What had arrived of an answer. */
export interface PartialAnswer {
  content: string
  reasoning?: string
  toolCalls: ToolCall[]
  /**
   * Of a tool loop that failed in a later round: what it had added to the conversation until then, with the results of all
   * tools. Appended to the history, it lets the model go on from there.
   */
  messages?: readonly ChatMessage[]
}

/** What is known of a failure: how the engine hands it over. */
export interface ErrorDetails {
  code: ErrorCode
  message: string
  hint?: string
  status?: number
  systemCode?: string
  retryable?: boolean
  retryAfter?: number
  server?: string
  url?: string
  body?: string
  requestId?: string
  attempts?: number
  partial?: PartialAnswer
  clock?: keyof Timeouts
  availableModels?: string[]
  promptTokens?: number
  contextLength?: number
  tried?: readonly { provider: string; error: Error }[]
}

/** Adds to what had arrived what a tool loop had done before `error`. */
export function keepMessages(error: ProviderError, messages: readonly ChatMessage[]): void {
  const partial: PartialAnswer = { content: '', toolCalls: [], ...error.partial, messages }
  Object.defineProperty(error, 'partial', { value: partial, configurable: true })
}

/** Why an answer is none for this caller, and what to do about it. */
export type Refusal = Pick<ErrorDetails, 'code' | 'message' | 'hint'>

/**
 * Every error of this package. Its message holds the server's own words; no error ever holds a key.
 */
export class ProviderError extends Error {
  declare readonly code: ErrorCode
  /** What to do about it, in one sentence. */
  declare readonly hint?: string
  /** The HTTP status, or the one that the server told inside its answer. */
  declare readonly status?: number
  /** `ECONNREFUSED`, `ENOTFOUND`, … */
  declare readonly systemCode?: string
  /**
   * Sending the same request again is safe and may help: the package does so by itself, as long as the retries last.
   */
  declare readonly retryable: boolean
  /** When the server wants to be asked again, in milliseconds. */
  declare readonly retryAfter?: number
  /** The provider's name. */
  declare readonly server?: string
  /** Without its query. */
  declare readonly url?: string
  /** The answer's body, at most 4 KiB. */
  declare readonly body?: string
  declare readonly requestId?: string
  /** How often the request was sent. */
  declare readonly attempts: number
  /** What had arrived when a chat failed. */
  declare readonly partial?: PartialAnswer
  /** Of a {@link fallback}: what was tried, in order, and how each failed. */
  declare readonly tried?: readonly { provider: string; error: Error }[]

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(details.message, options)
    this.code = details.code
    this.retryable = details.retryable ?? false
    this.attempts = details.attempts ?? 0
    // What is not known is absent, not undefined.
    assignKnown(this, details, ['hint', 'status', 'systemCode', 'retryAfter', 'server', 'url', 'requestId'])
    // Long, and not for every log: there to be asked for, but not shown with the error.
    for (const name of ['body', 'partial', 'tried'] as const) {
      if (details[name] !== undefined)
        Object.defineProperty(this, name, { value: details[name], configurable: true })
    }
  }

  /** Safe to log: no prompt, no key, no text of an answer. */
  toJSON(): Record<string, unknown> {
    // Prompt and text of an answer are in what cannot be enumerated.
    const json: Record<string, unknown> = { name: this.name, code: this.code, message: this.message }
    Object.assign(json, this)
    if (this.tried) json.tried = this.tried.map(({ provider, error }) => ({ provider, error: safe(error) }))
    return json
  }
}

/** The configuration or an argument is wrong; nothing was sent. */
export class ConfigurationError extends ProviderError {}
/** No connection, or none any more before an answer began. */
export class ConnectionError extends ProviderError {}
/** One of the clocks ran out: `clock` says which. */
export class TimeoutError extends ProviderError {
  declare readonly clock: keyof Timeouts

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(details, options)
    this.clock = details.clock ?? 'total'
  }
}
/** The key is missing or wrong (`authentication`), or may not do this (`permission`). */
export class AuthenticationError extends ProviderError {}
/** Too much at once (`rate_limit`), or nothing left (`quota`). */
export class RateLimitError extends ProviderError {}
export class ModelNotFoundError extends ProviderError {
  /** What the server has instead, where it tells: at most 100 names. */
  declare readonly availableModels?: string[]

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(details, options)
    assignKnown(this, details, ['availableModels'])
  }
}
/**
 * The prompt does not fit into the context. The numbers, in tokens, are there where the server tells them; some count
 * no further than the first token that is too many.
 */
export class ContextLengthError extends ProviderError {
  declare readonly promptTokens?: number
  declare readonly contextLength?: number

  constructor(details: ErrorDetails, options?: ErrorOptions) {
    super(details, options)
    assignKnown(this, details, ['promptTokens', 'contextLength'])
  }
}
/** The server does not take this request, or will not answer it (`content_filter`). */
export class InvalidRequestError extends ProviderError {}
/** The answer does not have the `responseFormat` that was asked for, or was cut off before it had. The message says where; `partial` has what came. */
export class InvalidResponseError extends ProviderError {}
/** The server is at fault, or not yet ready (`model_loading`). */
export class ServerError extends ProviderError {}
/** The answer broke off, was none, or held nothing. */
export class StreamError extends ProviderError {}
/** The caller cancelled. `cause` is the signal's reason. */
export class AbortError extends ProviderError {}
/** The server cannot do this. */
export class UnsupportedError extends ProviderError {}

const classes: Record<ErrorCode, new (details: ErrorDetails, options?: ErrorOptions) => ProviderError> = {
  configuration: ConfigurationError,
  connection: ConnectionError,
  timeout: TimeoutError,
  authentication: AuthenticationError,
  permission: AuthenticationError,
  rate_limit: RateLimitError,
  quota: RateLimitError,
  model_not_found: ModelNotFoundError,
  context_length_exceeded: ContextLengthError,
  invalid_request: InvalidRequestError,
  content_filter: InvalidRequestError,
  invalid_response: InvalidResponseError,
  model_loading: ServerError,
  out_of_memory: ServerError,
  server: ServerError,
  stream: StreamError,
  protocol: StreamError,
  empty_completion: StreamError,
  aborted: AbortError,
  unsupported: UnsupportedError,
}

// Written out, because a bundler may rename the classes.
for (const [name, { prototype }] of Object.entries({
  ProviderError,
  ConfigurationError,
  ConnectionError,
  TimeoutError,
  AuthenticationError,
  RateLimitError,
  ModelNotFoundError,
  ContextLengthError,
  InvalidRequestError,
  InvalidResponseError,
  ServerError,
  StreamError,
  AbortError,
  UnsupportedError,
})) {
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true })
}

/** Whether it is a code of this package's. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(classes, code)
}

/** The error of the class that its code stands for. */
export function errorOf(details: ErrorDetails, options?: ErrorOptions): ProviderError {
  return new classes[details.code](details, options)
}

/** Has the stack of `error` begin where that of `trace` does. */
export function traced<E extends Error>(error: E, trace: { stack?: string }): E {
  const frames = trace.stack?.split('\n').slice(1).join('\n') ?? ''
  Object.defineProperty(error, 'stack', {
    value: `${error.name}: ${error.message}\n${frames}`,
    configurable: true,
    writable: true,
  })
  return error
}

/** The words of what was thrown, whatever it is. */
export function wordsOf(thrown: unknown): string {
  try {
    const { message } = (thrown ?? {}) as { message?: unknown }
    return typeof message === 'string' ? message : String(thrown)
  } catch {
    return `It threw no error, but ${typeof thrown} and that has no words`
  }
}

/** Of others' errors only what is for people: the rest, and their own JSON, may hold a request with its key. */
function safe(error: Error): Record<string, unknown> {
  return error instanceof ProviderError ? error.toJSON() : { name: error.name, message: error.message }
}

function assignKnown(error: ProviderError, details: ErrorDetails, names: (keyof ErrorDetails)[]): void {
  for (const name of names) {
    if (details[name] !== undefined) Object.assign(error, { [name]: details[name] })
  }
}
