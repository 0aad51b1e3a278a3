import { checkObject, mistake } from './arguments'
import { RECORD_COST } from './call'
import type { ChatRequest, ChatResponse, ChatStream, QueryOptions, ToolLoopResponse } from './chat'
import type { CompletionRequest, CompletionResponse } from './completion'
import type { CallOptions, ProviderCapabilities } from './config'
import type { EmbedOptions, EmbedResponse } from './embeddings'
import type { ProgressCallback, ProviderProgressEvent } from './events'
import { checkRequest } from './misplaced'
import type { ChatProvider } from './provider'
import type { RerankRequest, RerankResponse } from './rerank'
import type { Authenticator, ModelInfo, ProviderStatus } from './status'
import { EventStream } from './stream'
import type { ToolLoopRequest } from './tool-loop'
import type { ToolOptions } from './tools'
import { codeOf } from './tried'
import { type Given, Turns, type TurnsSetup } from './turns'

export interface FallbackOptions {
  /**
   * `from` has failed by `error`, and `to` is about to be asked. It is told of requests, not of questions such as the
   * status. If it returns a promise, that is waited for; what it throws, or rejects with, rejects the call.
   */
  onFallback?: ((from: string, to: string, error: Error) => void | Promise<void>) | undefined
}

/**
 * Several providers as one: each is asked in turn, until one answers. Any {@link ChatProvider} will do.
 *
 * **What falls through** to the next is whatever another server might not fail by: no connection, a clock that ran
 * out, a fault or a refusal of the server's, an open circuit, and any error of a provider that is not of this package.
 * Also `invalid_request`, because servers take different fields, and `content_filter`, because they filter
 * differently, and `invalid_response` where nothing of the answer was handed out: you named the next one to be asked. **What does not**: an {@link AbortError}, a
 * {@link ConfigurationError}, what your own callbacks throw, and everything after text or a tool call has come. The
 * call then fails with that provider's own error. So an answer is never begun twice; only reasoning that a failed
 * provider has already emitted stays emitted.
 *
 * **When all have failed**, the error has the class and the fields of the most telling failure, names each in its
 * message, and holds them in `tried`.
 *
 * **All of them together** have the call's `signal` and `timeout.total`, and give one sequence of events, with one
 * `completion` or one `error`. The provider's own limits and retries are each one's own. A `model` that the call
 * names is asked of each.
 *
 * Embeddings of different models cannot be compared: for `embed`, put only providers together that have the same one.
 *
 * Questions are answered by the first that can: `countTokens` by the first that counts, `getStatus` by the first that is
 * connected, `listModels` by the first
 * that lists any, `validateConfiguration` and the authenticator by any. `capabilities` are those of the first.
 * `close()` closes all.
 *
 * @example
 * ```ts
 * const provider = fallback([new OpenAICompatibleProvider(8080), new OpenAICompatibleProvider('http://box:8080')], {
 *   onFallback: (from, to, error) => console.error(`${from}: ${error.message}`),
 * })
 * const answer = await provider.query({ prompt: 'Why is the sky blue?' })
 * ```
 *
 * @throws {@link ConfigurationError} without a provider, and for what is none.
 */
export function fallback(providers: readonly ChatProvider[], options: FallbackOptions = {}): ChatProvider {
  if (!Array.isArray(providers) || providers.length === 0)
    throw mistake('`providers` must be a list of at least one provider')
  for (const [index, provider] of providers.entries()) checkProvider(provider, `\`providers[${index}]\``)
  checkObject(options, 'The options')
  if (options.onFallback !== undefined && typeof options.onFallback !== 'function')
    throw mistake('`onFallback` must be a function')
  return new Fallback(providers, options)
}

/** Checks that `value` has what every call needs of a provider. */
function checkProvider(value: unknown, place: string): void {
  checkObject(value, place)
  const provider = value as Record<string, unknown>
  for (const method of ['query', 'chat', 'stream', 'close'] satisfies (keyof ChatProvider)[]) {
    if (typeof provider[method] !== 'function')
      throw mistake(`${place} is no provider: it has no method \`${method}\``)
  }
}

/** So much may wait here for whoever iterates a stream, in UTF-16 units; the provider's own stream holds as much. */
const BOUND = 4 * 1024 * 1024

/** `options` with a listener where tools may be executed: it is the events that tell that nothing may be begun again. */
function heard<O extends Options & ToolOptions>(options: O): O {
  return options.tools === undefined ? options : { ...options, onProgress: options.onProgress ?? (() => {}) }
}

type Options = CallOptions & { onProgress?: ProgressCallback | undefined }

class Fallback implements ChatProvider {
  readonly name = 'fallback'
  readonly #providers: readonly [ChatProvider, ...ChatProvider[]]
  readonly #options: FallbackOptions
  readonly #pending: TurnsSetup<ChatProvider, unknown>['pending'] = new Set()
  /** Streams whose end nobody has heard: it may be here already. */
  readonly #streams = new Set<Pick<EventStream, 'cancel'>>()
  #isClosed = false

  constructor(providers: readonly ChatProvider[], options: FallbackOptions) {
    this.#providers = [...(providers as [ChatProvider])]
    this.#options = options
  }

  get capabilities(): ProviderCapabilities {
    return this.#providers[0].capabilities
  }

  async query(options: QueryOptions): Promise<string> {
    checkObject(options, 'The options')
    const ask = (provider: ChatProvider, given: QueryOptions) => provider.query(given)
    return await this.#first(heard(options), this.query, ask)
  }

  async chat<T = unknown>(request: ChatRequest<T>): Promise<ChatResponse<T>> {
    checkRequest(request, 'chat')
    return await this.#first(request, this.chat, (provider, given) => provider.chat<T>(given))
  }

  async runTools<T = unknown>(request: ToolLoopRequest<T>): Promise<ToolLoopResponse<T>> {
    checkRequest(request, 'runTools')
    const ask = (provider: ChatProvider, given: ToolLoopRequest<T>) => provider.runTools<T>(given)
    return await this.#first(heard(request), this.runTools, ask)
  }

  stream<T = unknown>(request: ChatRequest<T>): ChatStream<T> {
    checkRequest(request, 'stream')
    const { signal } = request
    const start = (keep: (event: ProviderProgressEvent, units: number) => void) =>
      this.#streamed(request, this.stream, keep)
    const stream = new EventStream<T>(start, signal, (over) => this.#streams.delete(over))
    this.#streams.add(stream)
    return stream
  }

  async complete(request: CompletionRequest): Promise<CompletionResponse> {
    return await this.#first(request, this.complete, (provider, given) => provider.complete(given))
  }

  async countTokens(request: ChatRequest | string): Promise<{ tokens: number; exact: boolean }> {
    if (typeof request !== 'string') checkRequest(request, 'countTokens')
    let first: { tokens: number; exact: boolean } | undefined
    const counted = async (provider: ChatProvider, given: CallOptions) => {
      const count = await provider.countTokens(
        typeof request === 'string' ? request : { ...request, ...given },
      )
      if (count.exact) return count
      first ??= count
      throw new Error('It cannot count')
    }
    const options: CallOptions = typeof request === 'string' ? {} : request
    return await this.#ask(options, this.countTokens, counted, (error) => {
      if (first === undefined) throw error
      return first
    })
  }

  async embed(input: string | readonly string[], options: EmbedOptions = {}): Promise<EmbedResponse> {
    return await this.#first(options, this.embed, (provider, given) => provider.embed(input, given))
  }

  async rerank(request: RerankRequest): Promise<RerankResponse> {
    return await this.#first(request, this.rerank, (provider, given) => provider.rerank(given))
  }

  async validateConfiguration(options: CallOptions = {}): Promise<boolean> {
    const isValid = async (provider: ChatProvider, given: CallOptions) => {
      if (await provider.validateConfiguration(given)) return true
      throw new Error('Not valid')
    }
    return await this.#ask(options, this.validateConfiguration, isValid, () => false)
  }

  async getStatus(options: CallOptions = {}): Promise<ProviderStatus> {
    let first: ProviderStatus | undefined
    const status = async (provider: ChatProvider, given: CallOptions) => {
      const told = await provider.getStatus(given)
      if (told.isConnected) return told
      if (provider === this.#providers[0]) first = told
      throw new Error(told.error ?? 'Not connected')
    }
    return await this.#ask(options, this.getStatus, status, ({ message }) => ({
      ...first,
      isConnected: false,
      error: message,
    }))
  }

  async listModels(options: CallOptions & { throwOnError?: boolean | undefined } = {}): Promise<ModelInfo[]> {
    checkObject(options, 'The options')
    let hasAnswered = false
    const models = async (provider: ChatProvider, given: CallOptions) => {
      const list = await provider.listModels({ ...given, throwOnError: true })
      if (list.length > 0) return list
      hasAnswered = true
      throw new Error('It lists no models')
    }
    return await this.#ask(options, this.listModels, models, (error) => {
      if (options.throwOnError && !hasAnswered) throw error
      return []
    })
  }

  getAuthenticator(): Authenticator {
    const all = this.#providers.map((provider) => provider.getAuthenticator())
    return {
      isConfigured: () => all.some((each) => each.isConfigured()),
      getCredentialType: () =>
        all.some((each) => each.getCredentialType() === 'api_key') ? 'api_key' : 'none',
      configure: async () => {
        // One after the other: each may ask a person.
        for (const each of all) await each.configure()
      },
      validateCredentials: () => this.validateConfiguration(),
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const pending = [...this.#pending]
    for (const call of [...pending, ...this.#streams]) call.cancel()
    const closed = await Promise.allSettled(this.#providers.map(async (provider) => await provider.close()))
    await Promise.allSettled(pending.map((call) => call.result))
    for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** A request, to the first that answers it. */
  async #first<O extends Options, T>(
    options: O,
    origin: TurnsSetup<ChatProvider, T>['origin'],
    ask: (provider: ChatProvider, given: O) => Promise<T>,
    isQuestion = false,
  ): Promise<T> {
    checkObject(options, 'The options')
    return await new Turns<ChatProvider, T>({
      ...this.#setup(options, origin),
      ...(isQuestion ? { onFallback: undefined } : {}),
      listener: options.onProgress,
      ask: (provider, given, turn) => {
        const controller = new AbortController()
        turn.stop = (reason) => controller.abort(reason)
        return ask(provider, { ...options, ...given, signal: controller.signal })
      },
    }).result
  }

  /** A question, to the first that can answer it; what has become of it otherwise, `none` says. */
  async #ask<T>(
    options: CallOptions,
    origin: TurnsSetup<ChatProvider, T>['origin'],
    ask: (provider: ChatProvider, given: CallOptions) => Promise<T>,
    none: (error: Error) => T,
  ): Promise<T> {
    try {
      return await this.#first(options, origin, ask, true)
    } catch (error) {
      if (codeOf(error) === 'aborted') throw error
      return none(error as Error)
    }
  }

  /** A request whose answer is streamed: the events go to `keep` and to the caller's own listener. */
  #streamed<T>(
    request: ChatRequest<T>,
    origin: TurnsSetup<ChatProvider, ChatResponse<T>>['origin'],
    keep: (event: ProviderProgressEvent, units: number) => void,
  ) {
    /** What was handed on and not yet taken. */
    let untaken = 0
    let goOn: (() => void) | undefined
    const listener = (event: ProviderProgressEvent) => {
      const units = RECORD_COST + ('content' in event ? event.content.length : 0)
      untaken += units
      keep(event, units)
      return request.onProgress?.(event)
    }
    /** Hands on the events of `stream`, no faster than they are taken. */
    const answerOf = async (stream: ChatStream<T>, hand: NonNullable<Given['onProgress']>) => {
      for await (const event of stream) {
        if (turns.isSettled) break
        const busy = hand(event)
        if (busy !== undefined) await turns.untilOver(busy)
        if (untaken > BOUND) await turns.untilOver(new Promise<void>((resolve) => (goOn = resolve)))
      }
      return await stream.response()
    }
    const turns: Turns<ChatProvider, ChatResponse<T>> = new Turns({
      ...this.#setup(request, origin),
      listener,
      ask: (provider, { timeout, onProgress }, turn) => {
        const stream = provider.stream({ ...request, timeout, onProgress: undefined })
        turn.stop = (reason) => stream.cancel(reason)
        return answerOf(stream, onProgress as NonNullable<typeof onProgress>)
      },
    })
    return {
      result: turns.result,
      cancel: (reason?: unknown) => turns.cancel(reason),
      consume(units: number) {
        untaken -= units
        if (untaken <= BOUND) goOn?.()
      },
    }
  }

  #setup<T>(options: Options, origin: TurnsSetup<ChatProvider, T>['origin']) {
    return {
      providers: this.#providers,
      options,
      origin,
      onFallback: this.#onFallback(),
      pending: this.#pending,
      isClosed: this.#isClosed,
    }
  }

  #onFallback(): TurnsSetup<ChatProvider, unknown>['onFallback'] {
    if (!this.#options.onFallback) return undefined
    return (from, to, error) => this.#options.onFallback?.(from, to, error)
  }
}
