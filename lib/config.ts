/** How a provider is configured. Times are milliseconds. */
export interface ProviderConfig {
  /**
   * Where the server is: `'localhost'`, `'http://box'`, `'box:8080'`, `'::1'`, `'https://gw.example/api/v1'`.
   *
   * `/v1` is added where the address has no path; a path is kept. A trailing `/chat/completions` or `/models` and
   * a doubled `/v1` are removed. Where no port is given, the server's own is used, unless the address is `https`
   * or has a path of its own: then it is the scheme's.
   *
   * @defaultValue `'http://localhost'`
   */
  host?: string | undefined
  /** 1 to 65535. One in `host` that differs is a {@link ConfigurationError}. Default: the server's own. */
  port?: number | undefined
  /**
   * Used exactly as given, less trailing slashes: `'https://api.groq.com/openai/v1'`. Wins over `host` and `port`.
   * An answer that shows it to be wrong gives an error whose hint names the address that works.
   */
  baseURL?: string | undefined
  /**
   * Sent as `Authorization: Bearer …`. `''`: send none, and ask no environment variable. A function is asked
   * before each attempt. Default: the environment variables of the definition; without one, the value
   * `not-needed` is sent, because some servers want one. The key variable of a vendor (a definition whose `baseURL`
   * is not on this machine) counts for no other server that the configuration names.
   */
  apiKey?: string | (() => string | Promise<string>) | undefined
  /**
   * Default: the model that the server has loaded, else its first chat model, else `'default'`. It is asked for at
   * the first call and remembered until a request fails with `model_not_found` or a status call sees another one.
   */
  model?: string | undefined
  /** Sent with every request; they win over the package's own. Names that differ only in case are refused. */
  headers?: Record<string, string> | undefined
  /** Parameters of every request's URL. */
  query?: Record<string, string> | undefined
  /** A number is `total`. A call's `timeout` overrides these, field by field. */
  timeout?: number | Timeouts | undefined
  /**
   * How often a request is sent again that failed in a way that passes. Never once anything of an answer has come.
   * `false`: never. (A server that is loading its model is waited for all the same, within `timeout.firstToken`.)
   */
  retry?: RetryOptions | false | undefined
  /** How much is read of an answer. What is longer is a {@link StreamError} with code `protocol`. */
  limits?: Limits | undefined
  /** Sent with every chat unless the call says otherwise. Nothing that nobody set is ever sent. */
  defaults?: GenerationOptions | undefined
  /** Overrides what is reported as {@link ProviderCapabilities}. */
  capabilities?: CapabilityOverrides | undefined
  /** Certificates, for `https` addresses and `https` proxies. */
  tls?: TlsOptions | undefined
  /**
   * The proxy that all requests go through, also those to this machine: `'http://user:password@proxy:3128'`,
   * `'https://…'`, `'socks5://…'`, `'socks5h://…'`, `'socks4://…'`, `'socks4a://…'`. `false`: none. Default: the
   * environment variables `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, but for this machine none.
   */
  proxy?: string | false | undefined
  /**
   * The path of a unix socket at which the server listens; the address then only says what is asked for there. No
   * proxy is used, and giving one as well is a {@link ConfigurationError}, as is the field itself on Windows.
   */
  unixSocket?: string | undefined
}

/** Whom to believe, and who is asking. All are PEM: the text itself, not the name of a file. */
export interface TlsOptions {
  /**
   * Certificates that are believed beside the system's and those of `NODE_EXTRA_CA_CERTS`: of an authority, or the
   * server's own.
   */
  ca?: string | Uint8Array | undefined
  /** The certificate that a server asks its clients for, with its chain; needs `key`. */
  cert?: string | Uint8Array | undefined
  /** The private key of `cert`, without a passphrase. */
  key?: string | Uint8Array | undefined
  /** Believes every certificate: then anybody on the way can read the key and the prompts. @defaultValue false */
  insecure?: boolean | undefined
}

/** The clocks of a call, in milliseconds. 0 switches one off; none has a hidden companion. */
export interface Timeouts {
  /** Name lookup, TCP, the proxy and TLS. @defaultValue 10_000 */
  connect?: number | undefined
  /**
   * From the connection (sending included) to the first text or reasoning: loading the model, queueing at the
   * server and reading the prompt are in it. Headers, comments and role chunks do not end it; progress events
   * restart it. Where no tokens are streamed: to the answer's first byte. @defaultValue 600_000
   */
  firstToken?: number | undefined
  /**
   * Silence after that. Comments restart it; while the consumer is waited for, it stands. @defaultValue 300_000
   */
  idle?: number | undefined
  /**
   * The whole of a question about the server: status, lists, validation, finding the model. One that runs out
   * costs a chat nothing but the model's name. @defaultValue 5_000
   */
  metadata?: number | undefined
  /** The whole call, with its retries and the waits between them. @defaultValue 0 */
  total?: number | undefined
}

/**
 * When a request is sent again. A wait is drawn at random from 0 to `baseDelay`, then to twice as much, and so on;
 * where the server says when it wants to be asked again, it is at least that long. If that is longer than these limits
 * or `timeout.total` allow, the call fails at once, with `retryAfter` in its error. Times are milliseconds, and
 * `Infinity` is no limit.
 */
export interface RetryOptions {
  /** 0: never. @defaultValue 2 */
  maxRetries?: number | undefined
  /** @defaultValue 500 */
  baseDelay?: number | undefined
  /** The longest single wait. @defaultValue 30_000 */
  maxDelay?: number | undefined
  /** All waits of a call together. @defaultValue 60_000 */
  maxTotal?: number | undefined
}

/** What is read at most of an answer to a chat: whole numbers, 1 or more. */
export interface Limits {
  /** Bytes of one event of the stream, of an answer that is one JSON document, or of an image or a sound that is sent. @defaultValue 64 MiB */
  maxEventBytes?: number | undefined
  /** Bytes of the whole body, after decompression. @defaultValue 1 GiB */
  maxResponseBytes?: number | undefined
  /** The model's calls of tools. @defaultValue 128 */
  maxToolCalls?: number | undefined
}

/** The fields that OpenAI-compatible servers share. Only what is set is sent. */
export interface GenerationOptions {
  temperature?: number | undefined
  topP?: number | undefined
  topK?: number | undefined
  minP?: number | undefined
  /** In tokens. */
  maxTokens?: number | undefined
  stop?: string | readonly string[] | undefined
  seed?: number | undefined
  frequencyPenalty?: number | undefined
  presencePenalty?: number | undefined
  repetitionPenalty?: number | undefined
  /**
   * Has {@link ChatResponse.logprobs} tell how probable each token was, and so many alternatives to each, a whole number;
   * `true` is none. Servers have limits of their own, often 20: more is an {@link InvalidRequestError}.
   */
  logprobs?: boolean | number | undefined
  user?: string | undefined
  /**
   * Whether the model reasons before it answers, or how hard; in the fields that the server has for it. A model that has
   * no such level gets the nearest that it has, and one that refuses all of it is told nothing, with a warning
   * `refused_field`; a server that cannot be told at all, with a warning `left_out`. Where three
   * levels are all that a server knows, `'minimal'` goes out as `'low'`, with a warning, too. Some servers ignore it without a
   * word. Default: as the model does by itself.
   */
  reasoning?: boolean | 'minimal' | 'low' | 'medium' | 'high' | undefined
  /** Merged into the top level of the request's body, in the wire's own names; wins over all other fields. */
  extraBody?: Record<string, unknown> | undefined
}

/** What every call takes. */
export interface CallOptions {
  /** Aborting it closes the connection, so that the server stops, and rejects with an {@link AbortError}. */
  signal?: AbortSignalLike | undefined
  /** A number is `total`. */
  timeout?: number | Timeouts | undefined
}

/** What is needed of an `AbortSignal`: every standard one fits. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * Hints for display. What the server does not tell, and everything before the first contact, are defaults, by which
 * the package itself decides nothing. Frozen; another object once something has changed.
 */
export interface ProviderCapabilities {
  /** @defaultValue true */
  readonly supportsStreaming: boolean
  /** @defaultValue false */
  readonly supportsTools: boolean
  /** @defaultValue true */
  readonly supportsSystemPrompt: boolean
  /** @defaultValue true */
  readonly supportsMultiTurn: boolean
  /** @defaultValue 8192 */
  readonly maxContextTokens: number
  /** @defaultValue [] */
  readonly supportedModels: string[]
}

/** Some capabilities, as the caller knows them better. */
export type CapabilityOverrides = {
  [Name in keyof ProviderCapabilities]?: ProviderCapabilities[Name] | undefined
}

/** Who a class talks to. A subclass overrides it: its name, address and variables come from here. */
export interface ProviderDefinition {
  readonly name: string
  readonly displayName: string
  readonly baseURL: string
  /** Environment variables that may hold the address, in the order in which they are asked. */
  readonly baseURLEnv?: string | readonly string[] | undefined
  /** Environment variables that may hold the key, in the order in which they are asked. */
  readonly apiKeyEnv?: string | readonly string[] | undefined
  /** A missing key is then a {@link ConfigurationError} when the provider is made. @defaultValue false */
  readonly apiKeyRequired?: boolean | undefined
}
