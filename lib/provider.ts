import {
  checkCall,
  checkCommand,
  checkHeaders,
  checkLimits,
  checkNumbers,
  checkObject,
  checkSpelling,
  configOf,
  optionsOf,
  proxyOf,
  retryOf,
  timeoutsOf,
  tlsOf,
  toJson,
} from './arguments'
import { Call, type CallSetup, type Hooks, type Listener, type PendingCall } from './call'
import type {
  ChatMessage,
  ChatRequest,
  ChatResponse,
  ChatStream,
  ContentPart,
  QueryOptions,
  ToolLoopResponse,
} from './chat'
import {
  type CompletionRequest,
  type CompletionResponse,
  completionOf,
  completionRequest,
} from './completion'
import type {
  CallOptions,
  CapabilityOverrides,
  ProviderCapabilities,
  ProviderConfig,
  ProviderDefinition,
} from './config'
import { crossing, crossingParts, withoutMedia } from './crossing'
import { checkDefinition, environmentOf, listed } from './definition'
import { theOutbox } from './delivery'
import { type EmbedOptions, type EmbedResponse, embeddingsOf, embedRequest } from './embeddings'
import { AbortError, type ErrorDetails, errorOf, ProviderError, wordsOf } from './errors'
import type { ProgressCallback, ProviderProgressEvent } from './events'
import { checkChat, checkConfig, checkMethod, misplacedIn } from './misplaced'
import { native, type Provider } from './native'
import { conversation, refusalOf } from './query'
import { type RerankRequest, type RerankResponse, rerankRequest } from './rerank'
import { formatOf, validated } from './response-format'
import type { ServerKind } from './servers'
import { checkOthersSettings, definitionOf, kindOf } from './servers/facts'
import type { Authenticator, Diagnosis, ModelInfo, ProviderStatus } from './status'
import { EventStream } from './stream'
import { toolsOf } from './tool-arguments'
import { checkExecutable, type LoopSetup, runToolLoop } from './tool-loop'
import type { ToolLoopOptions } from './tools'

/** What a tool should ask for: a mock or any provider fits. */
export interface LocalLLMProvider {
  readonly name: string
  readonly capabilities: ProviderCapabilities
  query(options: QueryOptions): Promise<string>
  validateConfiguration(options?: CallOptions): Promise<boolean>
  getStatus(options?: CallOptions): Promise<ProviderStatus>
  listModels(options?: CallOptions & { throwOnError?: boolean | undefined }): Promise<ModelInfo[]>
  getAuthenticator(): Authenticator
}

/** The whole surface, as an interface. */
export interface ChatProvider extends LocalLLMProvider {
  chat<T = unknown>(request: ChatRequest<T>): Promise<ChatResponse<T>>
  stream<T = unknown>(request: ChatRequest<T>): ChatStream<T>
  runTools<T = unknown>(request: ChatRequest<T> & ToolLoopOptions): Promise<ToolLoopResponse<T>>
  complete(request: CompletionRequest): Promise<CompletionResponse>
  embed(input: string | readonly string[], options?: EmbedOptions): Promise<EmbedResponse>
  rerank(request: RerankRequest): Promise<RerankResponse>
  countTokens(request: ChatRequest | string): Promise<{ tokens: number; exact: boolean }>
  close(): Promise<void>
}

/** What a server is told to do, beside chats, in the engine's names. */
export interface Command extends Record<string, unknown> {
  command: string
}

/** What the caller is told of a command that takes long. */
export type LoadListener = (progress: { status: string; done?: number; total?: number }) => void

/** @internal Has a provider’s server do something that is no chat: for the classes in `servers/`. */
export let manage: <T>(
  provider: OpenAICompatibleProvider,
  command: Command,
  options: CallOptions & { onProgress?: LoadListener | undefined },
  origin: CallSetup<T>['origin'],
) => Promise<T>

/** @internal Asks which server answers at a provider's address: for `createLocalProvider`. */
export let identify: (
  provider: OpenAICompatibleProvider,
  options: CallOptions,
  origin: CallSetup<unknown>['origin'],
) => Promise<{ server: ServerKind; isTrusted: boolean }>

/**
 * Any OpenAI-compatible server. `new OpenAICompatibleProvider()` is LM Studio's port on this machine.
 *
 * @example
 * ```ts
 * const provider = new OpenAICompatibleProvider({ port: 1234 })
 * const answer = await provider.query({
 *   prompt: 'Why is the sky blue?',
 *   onProgress(event) {
 *     if (event.type === 'message') process.stdout.write(event.content)
 *   },
 * })
 * ```
 */
export class OpenAICompatibleProvider implements ChatProvider, AsyncDisposable {
  /** Name, address and variables of the server. A subclass overrides it. */
  static get definition(): ProviderDefinition {
    return definitionOf('openai-compatible')
  }

  static {
    manage = (provider, ...given) => provider.#manage(...given)
    identify = (provider, ...given) => provider.#ask('identify', ...given)
  }

  /** `'openai-compatible'` */
  readonly name: string
  readonly #native: Provider
  readonly #apiKey: Hooks['apiKey']
  readonly #isKeyRequired: boolean
  readonly #total: number | undefined
  readonly #givenCapabilities: CapabilityOverrides
  /** What is reported, and what of the server it was made from. */
  #capabilities: { told: string | null; reported: ProviderCapabilities } | undefined
  /** Streams whose end nobody has heard: it may be here already. */
  readonly #streams = new Set<Pick<EventStream, 'cancel'>>()
  readonly #pending = new Set<PendingCall>()

  /**
   * Opens no connection.
   *
   * @param config - A number is `port`, a string is `host`: `new OpenAICompatibleProvider(8080)`.
   * @throws {@link ConfigurationError} for what contradicts itself or cannot be sent.
   */
  constructor(config?: ProviderConfig | number | string) {
    const { definition } = new.target
    const given = configOf(config)
    const { apiKey, capabilities, timeout, retry, limits, model, defaults, tls, proxy, ...address } = given
    const kind = kindOf(new.target)
    checkSpelling(given, 'config', '', kind.settings)
    if (definition === kind.definition) checkOthersSettings(given, kind)
    else checkDefinition(definition, 'definition.')
    // The other fields of a class of one's own are its own.
    if (Object.hasOwn(new.target, 'definition') && definition === kind.definition)
      checkConfig(given, kind.settings)
    checkSpelling(defaults ?? {}, 'options', 'defaults.')
    const timeouts = timeoutsOf(timeout)
    const endpoint = {
      ...address,
      ...(typeof apiKey === 'function' ? { hasApiKeyFunction: true } : { apiKey }),
      tls: tlsOf(tls),
      proxy: proxyOf(proxy),
      definition: listed(definition),
      environment: environmentOf(definition, kind),
    }
    const settings = Object.fromEntries(kind.settings.map((name) => [name, given[name as never]]))
    checkHeaders(given.headers)
    checkLimits(limits)
    checkNumbers(address)
    checkNumbers(defaults ?? {}, 'defaults.')
    const opened = native().openProvider(
      toJson({
        model,
        defaults: defaults ?? {},
        timeout: timeouts ?? {},
        retry: retryOf(retry) ?? {},
        limits: limits ?? {},
        endpoint,
        kind: kind.definition.name,
        settings,
      }),
    )
    if (typeof opened === 'string')
      throw errorOf({ ...(JSON.parse(opened) as ErrorDetails), server: definition.name })
    this.name = definition.name
    this.#native = opened
    this.#total = timeouts?.total
    this.#isKeyRequired = definition.apiKeyRequired ?? false
    this.#givenCapabilities = capabilities ?? {}
    this.#apiKey = typeof apiKey === 'function' ? apiKey : undefined
  }

  /** `'http://localhost:1234/v1'` */
  get baseURL(): string {
    return this.#native.baseUrl
  }

  /** Before the first contact the defaults; after it, what the server says. */
  get capabilities(): ProviderCapabilities {
    const told = this.#native.capabilities
    if (this.#capabilities?.told !== told) this.#capabilities = undefined
    this.#capabilities ??= { told, reported: reportedCapabilities(told, this.#givenCapabilities) }
    return this.#capabilities.reported
  }

  /**
   * One prompt in, the whole answer out. It is always streamed on the wire, so that cancelling stops the server.
   *
   * With `onProgress`, a plain answer gives exactly `message` events and then one `completion`, all before the
   * promise settles.
   *
   * With `tools`, which must all have `execute`, it runs the loop of {@link runTools}: the text of earlier rounds is only
   * emitted, that of the last is returned. A loop whose last answer is calls and no text rejects with a {@link StreamError},
   * code `empty_completion`.
   *
   * @returns The answer's text. Whether its limit cut it off, only {@link chat} tells; with a `responseFormat`, a text that
   * was cut off is an {@link InvalidResponseError}.
   * @throws {@link ProviderError} of the class that its code stands for; what `onProgress` throws, as it is.
   */
  async query(options: QueryOptions): Promise<string> {
    const messages = conversation(options)
    const { tools } = options
    if (Array.isArray(tools) && tools.length > 0) {
      checkMethod(options, 'query')
      checkExecutable(tools)
      const refuse = (response: ChatResponse) => refusalOf(options, response.content, response)
      const { prompt: _, systemPrompt: _s, history: _h, images: _i, ...request } = options
      return (await this.#runTools({ ...request, messages }, this.query, refuse)).content
    }
    // Most answers need not be looked at.
    const refuse = (content: string, details: string) =>
      content === '' || options.responseFormat !== undefined
        ? refusalOf(options, content, JSON.parse(details))
        : undefined
    const listener = options.onProgress as Listener
    return await this.#chat(messages, options, listener, this.query, onlyText, { refuse }).result
  }

  /**
   * The full answer to a conversation. Never executes a tool.
   *
   * @throws As {@link query}.
   */
  async chat<T = unknown>(request: ChatRequest<T>): Promise<ChatResponse<T>> {
    checkChat(request, 'chat')
    const { messages, onProgress } = request
    return await this.#chat(messages, request, onProgress as Listener, this.chat, wholeAnswer<T>).result
  }

  /**
   * The answer as it arrives: `for await` gives the events. `onProgress` is called with them, too. Never executes a tool.
   *
   * @throws As {@link query}, but from the loop and from `response()`; only a wrong argument is thrown at once.
   */
  stream<T = unknown>(request: ChatRequest<T>): ChatStream<T> {
    checkChat(request, 'stream')
    checkCall(request)
    const { messages, onProgress, signal } = request
    const start = (keep: (event: ProviderProgressEvent, units: number) => void) => {
      const listener = (event: ProviderProgressEvent, units = 0) => {
        keep(event, units)
        return onProgress?.(event)
      }
      const call = this.#chat(messages, request, listener, this.stream, wholeAnswer<T>, { takesLater: true })
      // It may be asked for late, or never.
      call.result.catch(() => {})
      return call
    }
    const stream = new EventStream<T>(start, signal, (over) => this.#streams.delete(over))
    this.#streams.add(stream)
    return stream
  }

  /**
   * Goes on with a text, as models did before there were chats: no template is put around it, and nothing in the answer
   * is told apart. It is always streamed on the wire, so that cancelling stops the server.
   *
   * With `suffix`, the model fills the gap between the two texts.
   *
   * @example
   * ```ts
   * const { text } = await provider.complete({ prompt: 'def add(a, b):\n', suffix: '\n\nadd(1, 2)', maxTokens: 64 })
   * ```
   *
   * @throws As {@link query}; {@link UnsupportedError} where the server has no text completions.
   */
  async complete(request: CompletionRequest): Promise<CompletionResponse> {
    const json = completionRequest(request)
    const hooks = this.#hooks()
    const listener = request.onProgress as Listener | undefined
    return await new Call<CompletionResponse>({
      provider: this.name,
      hooks,
      signal: request.signal,
      pending: this.#pending,
      start: () => this.#native.complete(theOutbox(), json, flagsOf(hooks, listener)),
      finish: (text, _reasoning, details) => completionOf(text, details),
      listener,
      takesLater: false,
      origin: this.complete,
    }).result
  }

  /**
   * How many tokens the model makes of a text, or of a conversation with its tools and its template. `exact`: the server
   * has counted (llama.cpp and vLLM: both; text-generation-webui: texts). Else it is an estimate by length: of ordinary text rather too
   * low, of nothing but long words too high.
   *
   * A server that cannot be asked is no error: then it is an estimate, too.
   *
   * @throws {@link ConfigurationError} for a wrong argument; {@link AbortError}.
   */
  async countTokens(request: ChatRequest | string): Promise<{ tokens: number; exact: boolean }> {
    if (typeof request !== 'string') checkChat(request, 'countTokens')
    const { signal } = typeof request === 'string' ? ({} as CallOptions) : request
    const json = toJson(typeof request === 'string' ? { text: request } : { chat: chatToCount(request) })
    return await new Call<{ tokens: number; exact: boolean }>({
      provider: this.name,
      hooks: { apiKey: this.#apiKey },
      signal,
      pending: this.#pending,
      start: () => this.#native.countTokens(theOutbox(), json),
      finish: (_content, _reasoning, details) => JSON.parse(details),
      listener: undefined,
      takesLater: false,
      origin: this.countTokens,
    }).result
  }

  /**
   * `chat` in rounds: executes the calls of each answer side by side, and asks again with their results. Ends with the first
   * answer without calls, with one that calls a tool without `execute` (its other calls are executed), or after
   * `maxToolRounds`. A `toolChoice` that forces a call holds for the first round.
   *
   * How it ended, the answer tells: with `openCalls`, it waits for you; with other `toolCalls`, the rounds were used up and
   * the model still called; without any, it is the model's answer.
   *
   * A call that is `invalid`, or of a tool that was not offered, is answered with an error that the model reads. So is one
   * that the model makes for the third round in a row, in the same words and with the same result, where no other call is
   * new; if it makes no other, the next round is the last.
   *
   * There is one `completion`, at the very end. `timeout.total` is for all of it, the other clocks for each round; what ends
   * it ends it at once, also if a tool does not heed its `signal`.
   *
   * @returns The last answer. `usage` and `timings` are those of all rounds together (`firstToken` of the first,
   * `tokensPerSecond` of the last), and `warnings` are all of theirs. `messages`: what the loop added, in order, ready to
   * append to the history. `openCalls`: the calls that were left to you.
   * @throws As {@link query}; `partial` is of the round that failed; its `messages` are what the rounds before it
   * added, to go on from.
   */
  async runTools<T = unknown>(request: ChatRequest<T> & ToolLoopOptions): Promise<ToolLoopResponse<T>> {
    checkChat(request, 'runTools')
    checkMethod(request, 'runTools')
    return await this.#runTools(request, this.runTools)
  }

  /**
   * Texts as vectors: one `Float32Array` for each text, in their order, all of one length. They are asked for as base64
   * and read as what came; what is no number, or fits no order, is a {@link StreamError}.
   *
   * An empty list gives an empty list, without a request. What a server says to an empty text is told as it is.
   *
   * @example
   * ```ts
   * const { embeddings } = await provider.embed(['a river', 'a boat'], { model: 'nomic-embed-text' })
   * ```
   *
   * @throws As {@link query}; {@link UnsupportedError} where the server has no embeddings or ignores `dimensions`.
   */
  async embed(input: string | readonly string[], options: EmbedOptions = {}): Promise<EmbedResponse> {
    const request = embedRequest(input, options)
    const start = (flags: number) => this.#native.embed(theOutbox(), request, flags)
    return await this.#request(options, start, embeddingsOf, this.embed)
  }

  /**
   * How well each document fits a query, the best first.
   *
   * @throws As {@link query}; {@link UnsupportedError} where the server has no reranking.
   */
  async rerank(request: RerankRequest): Promise<RerankResponse> {
    const json = rerankRequest(request)
    const start = (flags: number) => this.#native.rerank(theOutbox(), json, flags)
    return await this.#request(request, start, (details) => JSON.parse(details), this.rerank)
  }

  /**
   * True if the server answers and takes the key. A server without a model list is still valid.
   *
   * @throws {@link AbortError} only.
   */
  async validateConfiguration(options: CallOptions = {}): Promise<boolean> {
    return await this.#ask<boolean>('validate', options, this.validateConfiguration).catch((error) => {
      if (error instanceof AbortError) throw error
      return false
    })
  }

  /**
   * Why a query would work, or would not: every check with what was seen and how to mend it. It asks no model: a chat
   * without a message is sent, which servers refuse after they have looked at the key. (One that answers it all the same
   * is asked for a single token.)
   *
   * Keys that {@link requestHeaders} adds are not sent: a server that wants one of those is told to want a key.
   *
   * @example
   * ```ts
   * const { ok, checks } = await provider.diagnose()
   * if (!ok) for (const { found, fix } of checks.filter((check) => !check.ok)) console.error(found, fix)
   * ```
   *
   * @throws {@link AbortError} only.
   */
  async diagnose(options: CallOptions = {}): Promise<Diagnosis> {
    return await this.#ask<Diagnosis>('diagnose', options, this.diagnose).catch((error) => {
      if (error instanceof AbortError) throw error
      const found = wordsOf(error)
      const fix = error instanceof ProviderError ? error.hint : 'Look at what `apiKey` does: it threw this.'
      const check = { id: error instanceof ProviderError ? 'call' : 'key', ok: false, found }
      return { ok: false, checks: [fix === undefined ? check : { ...check, fix }] }
    })
  }

  /**
   * Resolves when the server is up, takes the key, and has the model: loaded, or to be loaded by the first query. Where no
   * `model` is configured, any will do.
   *
   * What passes is waited for: a server that nobody has started yet, a name that nobody knows yet, a model that is loading,
   * a list that is still empty. Each time that it is asked in vain, and will be asked again, is a `progress` event: at first
   * every 100 ms, later every 2 s. There is no end to it but `timeout.total` and `signal`. Where the wait fails, the last
   * event is `error`.
   *
   * What waiting does not mend rejects at once: a wrong key, a web page, another protocol. So does, after 1.5 s, a model that
   * the server does not list while it lists others. A list that is empty for as long, of a server that takes chats and is
   * known by its protocol alone, is taken for none: some servers list nothing.
   *
   * @throws As {@link query}; a {@link TimeoutError} tells what was seen last.
   */
  async waitUntilReady(
    options: CallOptions & { onProgress?: ProgressCallback | undefined } = {},
  ): Promise<ProviderStatus> {
    checkObject(options, 'The options')
    checkCall(options)
    const { onProgress, signal } = options
    const timeout = timeoutsOf(options.timeout)
    const json = timeout && toJson({ ...timeout })
    const status = await new Call<ProviderStatus>({
      provider: this.name,
      hooks: { apiKey: this.#apiKey },
      signal,
      pending: this.#pending,
      start: () => this.#native.waitUntilReady(theOutbox(), json, onProgress ? Flag.Events : 0),
      finish: (_content, _reasoning, details) => JSON.parse(details),
      listener: onProgress && ((event) => (event.type === 'completion' ? undefined : onProgress(event))),
      takesLater: false,
      origin: this.waitUntilReady,
    }).result
    return { ...status, server: this.name }
  }

  /**
   * What the server says of itself.
   *
   * @throws {@link AbortError} only.
   */
  async getStatus(options: CallOptions = {}): Promise<ProviderStatus> {
    const status = await this.#ask<ProviderStatus>('status', options, this.getStatus).catch((error) => {
      if (error instanceof AbortError) throw error
      return { isConnected: false, error: wordsOf(error) }
    })
    return { ...status, server: this.name }
  }

  /**
   * The models that the server lists; `[]` where it has no list or cannot be asked.
   *
   * @param options - `throwOnError`: to hear why there is none.
   * @throws {@link AbortError}; with `throwOnError`, all kinds.
   */
  async listModels(options: CallOptions & { throwOnError?: boolean | undefined } = {}): Promise<ModelInfo[]> {
    checkObject(options, 'The options')
    const models = this.#ask<ModelInfo[]>('models', options, this.listModels)
    if (options.throwOnError) return await models
    return await models.catch((error) => {
      if (error instanceof AbortError) throw error
      return []
    })
  }

  /** How this provider proves who is asking. */
  getAuthenticator(): Authenticator {
    return {
      isConfigured: () => this.#native.hasKey || !this.#isKeyRequired,
      getCredentialType: () => (this.#native.hasKey ? 'api_key' : 'none'),
      configure: async () => {},
      validateCredentials: () => this.validateConfiguration(),
    }
  }

  /** Cancels what is in flight and waits for its end; later calls reject with code `'aborted'`. Twice is fine. */
  async close(): Promise<void> {
    this.#native.close()
    const pending = [...this.#pending]
    for (const call of [...pending, ...this.#streams]) call.cancel()
    await Promise.allSettled(pending.map((call) => call.result))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * For subclasses: sees the headers that are about to be sent with a chat, and returns them, changed or not; once
   * for each body that is built. What it throws rejects the call.
   */
  protected requestHeaders(
    headers: Record<string, string>,
  ): Record<string, string> | Promise<Record<string, string>> {
    return headers
  }

  /**
   * For subclasses: sees the body that is about to be sent, in the wire's own names and with the defaults and what
   * was learnt from refusals, and returns it, changed or not; once for each body that is built. It is then sent as it
   * is. What it throws rejects the call.
   */
  protected requestBody(
    body: Record<string, unknown>,
  ): Record<string, unknown> | Promise<Record<string, unknown>> {
    return body
  }

  #runTools<T>(
    request: ChatRequest<T> & ToolLoopOptions,
    origin: CallSetup<unknown>['origin'],
    refuse?: LoopSetup['refuse'],
  ): Promise<ToolLoopResponse<T>> {
    return runToolLoop(this, request, {
      pending: this.#pending,
      total: this.#total,
      origin,
      checkMedia: (parts, signal) => this.#checkMedia(parts, signal),
      refuse,
    })
  }

  async #checkMedia(parts: readonly ContentPart[], signal: AbortSignal): Promise<void> {
    if (parts.every(({ type }) => type === 'text')) return
    const { json, media } = crossingParts(parts)
    await new Call<void>({
      provider: this.name,
      hooks: {},
      signal,
      pending: this.#pending,
      start: () => this.#native.checkMedia(theOutbox(), json, media),
      finish: () => {},
      listener: undefined,
      takesLater: false,
      origin: this.#checkMedia,
    }).result
  }

  #chat<T>(
    messages: readonly ChatMessage[],
    given: ChatRequest<unknown> | QueryOptions,
    listener: Listener | undefined,
    origin: CallSetup<T>['origin'],
    finish: (content: string, reasoning: string, details: string, value: ValidatedValue) => T,
    { takesLater = false, refuse }: Partial<Pick<CallSetup<T>, 'takesLater' | 'refuse'>> = {},
  ): Call<T> {
    const request = requestOf(messages, given, origin.name)
    const { format, validate } = formatOf(given.responseFormat)
    const includeRaw = 'includeRaw' in given ? given.includeRaw : undefined
    const { json, texts, places, media } = crossing({ ...request, responseFormat: format, includeRaw })
    const { signal } = given
    /** What the caller's own validation made of the last answer that it was shown. */
    let value: ValidatedValue
    const own = this.#hooks()
    const hooks = validate
      ? {
          ...own,
          validate: async (answer: string) => {
            const outcome = await validated(validate, JSON.parse(answer))
            if ('problem' in outcome) return outcome.problem
            value = outcome
            return ''
          },
        }
      : own
    const flags = flagsOf(hooks, listener)
    const start = () => this.#native.chat(theOutbox(), json, flags, texts, places, media)
    return new Call({
      provider: this.name,
      hooks,
      signal,
      pending: this.#pending,
      start,
      finish: (content, reasoning, details) => finish(content, reasoning, details, value),
      refuse,
      listener,
      takesLater,
      origin,
    })
  }

  /** A request whose answer is no text. */
  async #request<T>(
    { signal }: CallOptions,
    start: (flags: number) => number,
    finish: (details: string, numbers: Float32Array) => T,
    origin: CallSetup<T>['origin'],
  ): Promise<T> {
    const hooks = this.#hooks()
    return await new Call<T>({
      provider: this.name,
      hooks,
      signal,
      pending: this.#pending,
      start: () => start(flagsOf(hooks, undefined)),
      finish: (_content, _reasoning, details, numbers) => finish(details, numbers),
      listener: undefined,
      takesLater: false,
      origin,
    }).result
  }

  async #ask<T>(question: string, options: CallOptions, origin: CallSetup<T>['origin']): Promise<T> {
    checkObject(options, 'The options')
    checkCall(options)
    const timeout = timeoutsOf(options.timeout)
    const json = timeout && toJson({ ...timeout })
    return await new Call<T>({
      provider: this.name,
      hooks: { apiKey: this.#apiKey },
      signal: options.signal,
      pending: this.#pending,
      start: () => this.#native.ask(theOutbox(), question, json),
      finish: (_content, _reasoning, details) => JSON.parse(details),
      listener: undefined,
      takesLater: false,
      origin,
    }).result
  }

  async #manage<T>(
    command: Command,
    options: CallOptions & { onProgress?: LoadListener | undefined },
    origin: CallSetup<T>['origin'],
  ): Promise<T> {
    checkCommand(command)
    checkObject(options, 'The options')
    checkCall(options)
    const { onProgress, signal } = options
    const timeout = timeoutsOf(options.timeout)
    const json = toJson(command)
    return await new Call<T>({
      provider: this.name,
      hooks: { apiKey: this.#apiKey },
      signal,
      pending: this.#pending,
      start: () =>
        this.#native.manage(
          theOutbox(),
          json,
          timeout && toJson({ ...timeout }),
          onProgress ? Flag.Events : 0,
        ),
      finish: (_content, _reasoning, details) => JSON.parse(details),
      listener: onProgress && ((event) => progressOf(event, onProgress)),
      takesLater: false,
      origin,
    }).result
  }

  /** Looked up for each call: a subclass may have them as fields. */
  #hooks(): Hooks {
    const base = OpenAICompatibleProvider.prototype
    const changesHeaders = this.requestHeaders !== base.requestHeaders
    const changesBody = this.requestBody !== base.requestBody
    return {
      apiKey: this.#apiKey,
      requestHeaders: changesHeaders ? (headers) => this.requestHeaders(headers) : undefined,
      requestBody: changesBody ? (body) => this.requestBody(body) : undefined,
    }
  }
}

/** What a call tells of its caller. `src/provider.rs` has the same numbers. */
const Flag = { Events: 1, ChangesHeaders: 2, ChangesBody: 4 } as const

function flagsOf({ requestHeaders, requestBody }: Hooks, listener: Listener | undefined): number {
  return (
    (listener === undefined ? 0 : Flag.Events) |
    (requestHeaders === undefined ? 0 : Flag.ChangesHeaders) |
    (requestBody === undefined ? 0 : Flag.ChangesBody)
  )
}

/** Hands on how far a command is. The end of it is the promise's to tell. */
function progressOf(event: ProviderProgressEvent, listener: LoadListener): unknown {
  if (event.type !== 'progress') return undefined
  const { type: _, ...progress } = event
  return listener(progress as unknown as Parameters<LoadListener>[0])
}

/** A chat that `method` was called for, checked, as it crosses to the engine. */
function requestOf(messages: readonly ChatMessage[], given: ChatRequest | QueryOptions, method: string) {
  checkCall(given)
  const { model, timeout } = given
  return {
    messages,
    model,
    timeout: timeoutsOf(timeout),
    options: optionsOf(given, method, misplacedIn(method)),
    tools: toolsOf(given),
  }
}

/** A chat without its images: nobody counts what they take. */
function chatToCount(request: ChatRequest) {
  const { messages, ...rest } = requestOf(request.messages, request, 'countTokens')
  return { ...rest, messages: messages.map((message, number) => withoutMedia(message, number, [])) }
}

/** What the caller's own validation made of an answer. */
type ValidatedValue = { value: unknown } | undefined

function onlyText(content: string): string {
  return content
}

function wholeAnswer<T>(
  content: string,
  reasoning: string,
  details: string,
  value: ValidatedValue,
): ChatResponse<T> {
  const parts = reasoning ? { content, reasoning } : { content }
  const answer = JSON.parse(details)
  // The engine says how the text is to be taken.
  if (answer.parsed !== undefined) {
    const read = () => (answer.parsed === 'json' ? JSON.parse(content) : content)
    answer.parsed = value ? value.value : read()
  }
  const calls = answer.toolCalls.length > 0 ? { toolCalls: answer.toolCalls } : {}
  return Object.assign(answer, parts, {
    message: { role: 'assistant', ...parts, ...calls, ...answer.message },
  })
}

function reportedCapabilities(told: string | null, given: CapabilityOverrides): ProviderCapabilities {
  const defaults: ProviderCapabilities = {
    supportsStreaming: true,
    supportsTools: false,
    supportsSystemPrompt: true,
    supportsMultiTurn: true,
    maxContextTokens: 8192,
    supportedModels: [],
  }
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const all: ProviderCapabilities = { ...defaults, ...(told === null ? {} : JSON.parse(told)), ...known }
  const supportedModels = [...all.supportedModels]
  Object.freeze(supportedModels)
  return Object.freeze({ ...all, supportedModels })
}
