import type { CallOptions, Limits, ProviderConfig, RetryOptions, Timeouts, TlsOptions } from './config'
import { ConfigurationError } from './errors'

/** The configuration in its long form. */
export function configOf(config: ProviderConfig | number | string | undefined): ProviderConfig {
  if (typeof config === 'number') return { port: config }
  if (typeof config === 'string') return { host: config }
  if (config === undefined || (typeof config === 'object' && config !== null)) return config ?? {}
  throw mistake(`The configuration must be an object, a port or a host, not ${describe(config)}`)
}

const CONFIG = [
  'host',
  'port',
  'baseURL',
  'apiKey',
  'model',
  'headers',
  'query',
  'timeout',
  'retry',
  'limits',
  'defaults',
  'capabilities',
  'tls',
  'proxy',
  'unixSocket',
]
export const OPTIONS = [
  'temperature',
  'topP',
  'topK',
  'minP',
  'maxTokens',
  'stop',
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'repetitionPenalty',
  'logprobs',
  'user',
  'reasoning',
  'extraBody',
]
const TIMEOUTS = ['connect', 'firstToken', 'idle', 'metadata', 'total']
const RETRY = ['maxRetries', 'baseDelay', 'maxDelay', 'maxTotal']
const LIMITS = ['maxEventBytes', 'maxResponseBytes', 'maxToolCalls']
const TLS = ['ca', 'cert', 'key', 'insecure']
const DEFINITION = ['name', 'displayName', 'baseURL', 'baseURLEnv', 'apiKeyEnv', 'apiKeyRequired']
const DISCOVERY = ['hosts', 'ports', 'timeout', 'signal']

export const TOOLS = ['tools', 'toolChoice', 'parallelToolCalls', 'toolMode', 'keepToolMarkup'] as const

/** What a request holds beside its options. */
const APART = new Set<string>([
  'messages',
  'prompt',
  'suffix',
  'systemPrompt',
  'history',
  'images',
  'model',
  'timeout',
  'signal',
  'onProgress',
  'responseFormat',
  'includeRaw',
  'maxToolRounds',
  'workingDirectory',
  ...TOOLS,
])

const CALL = ['model', 'signal', 'timeout']
const EMBED = [...CALL, 'dimensions', 'batchSize']
const RERANK = [...CALL, 'query', 'documents', 'topN']

const spellings = (fields: string[]) => new Map(fields.map((field) => [plain(field), field]))
const SPELLINGS = {
  config: spellings(CONFIG),
  options: spellings([...OPTIONS, ...APART]),
  timeout: spellings(TIMEOUTS),
  retry: spellings(RETRY),
  limits: spellings(LIMITS),
  tls: spellings(TLS),
  embed: spellings(EMBED),
  rerank: spellings(RERANK),
  definition: spellings(DEFINITION),
  discovery: spellings(DISCOVERY),
}

/**
 * Checks that no field is a known one in another spelling: `baseUrl` would be ignored, and the prompt go elsewhere.
 * (Other fields are a host's own, and nobody's business.) `own`: fields that are known besides.
 */
export function checkSpelling(
  given: object,
  kind: keyof typeof SPELLINGS,
  place = '',
  own: readonly string[] = [],
): void {
  for (const name of Object.keys(given)) checkName(name, kind, place, own)
}

function checkName(
  name: string,
  kind: keyof typeof SPELLINGS,
  place = '',
  own: readonly string[] = [],
): void {
  const meant = SPELLINGS[kind].get(plain(name)) ?? own.find((field) => plain(field) === plain(name))
  if (meant !== undefined && meant !== name) {
    throw mistake(`\`${place}${name}\` is no field`, `Write \`${place}${meant}\`.`)
  }
}

/** Checks that an object of ours has our fields only: there, an unknown one is a mistake that would be ignored. */
export function checkFields(
  given: object,
  kind: 'discovery' | 'limits' | 'retry' | 'timeout' | 'tls',
  place = `${kind}.`,
): void {
  checkSpelling(given, kind, place)
  const known = [...SPELLINGS[kind].values()]
  for (const name of Object.keys(given)) {
    if (!known.includes(name))
      throw mistake(`\`${place}${name}\` is no field`, `There are: ${known.join(', ')}.`)
  }
}

/** Checks that headers are texts by name. Others' objects of headers would look empty. */
export function checkHeaders(headers: unknown): void {
  if (typeof headers === 'object' && headers !== null && Symbol.iterator in headers) {
    throw mistake(
      '`headers` must be an object of texts by name',
      'Of a Headers object or a list of pairs, give `Object.fromEntries(headers)`.',
    )
  }
}

function plain(name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase()
}

/**
 * The options of a request to `method`, checked. `misplaced`: fields that it does not take, and what to write instead. In
 * one pass: after a rest, each builtin that is called costs microseconds.
 */
export function optionsOf(
  request: object,
  method: string,
  misplaced: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  for (const name of Object.keys(request)) {
    const value = request[name as never]
    const hint = misplaced.get(name)
    if (hint !== undefined && value != null) throw mistake(`\`${name}\` is no field of \`${method}\``, hint)
    if (APART.has(name)) continue
    checkName(name, 'options')
    checkNumber(name, value)
    options[name] = value
  }
  return options
}

/** Timeouts in their long form: a number is `total`, and Infinity is no limit. */
export function timeoutsOf(timeout: number | Timeouts | undefined): Timeouts | undefined {
  if (timeout === undefined) return undefined
  if (typeof timeout !== 'number' && (typeof timeout !== 'object' || timeout === null)) {
    throw mistake(
      `\`timeout\` must be a number of milliseconds or an object of them, not ${describe(timeout)}`,
    )
  }
  if (typeof timeout === 'object') checkFields(timeout, 'timeout')
  const entries = Object.entries(typeof timeout === 'number' ? { total: timeout } : timeout).map(
    ([name, value]) => {
      if (value !== undefined && !isSpan(value)) {
        throw mistake(
          `\`timeout.${name}\` must be a number of milliseconds, 0 or more, not ${describe(value)}`,
        )
      }
      return [name, value === Number.POSITIVE_INFINITY ? 0 : value]
    },
  )
  return Object.fromEntries(entries)
}

/** Retries in their long form: `false` is none, and Infinity more milliseconds than anybody waits. */
export function retryOf(retry: RetryOptions | false | undefined): RetryOptions | undefined {
  if (retry === undefined) return undefined
  if (retry === false) return { maxRetries: 0 }
  if (typeof retry !== 'object' || retry === null) {
    throw mistake(`\`retry\` must be an object or false, not ${describe(retry)}`)
  }
  checkFields(retry, 'retry')
  const entries = Object.entries(retry).map(([name, value]) => {
    const isCount = name === 'maxRetries'
    if (value !== undefined && !(isCount ? Number.isSafeInteger(value) && value >= 0 : isSpan(value))) {
      const expected = isCount ? 'a whole number' : 'a number of milliseconds'
      throw mistake(`\`retry.${name}\` must be ${expected}, 0 or more, not ${describe(value)}`)
    }
    return [name, value === Number.POSITIVE_INFINITY ? Number.MAX_SAFE_INTEGER : value]
  })
  return Object.fromEntries(entries)
}

function isSpan(value: unknown): boolean {
  return typeof value === 'number' && value >= 0
}

/** Checks that limits are whole numbers. */
export function checkLimits(limits: Limits | undefined): void {
  if (limits === undefined) return
  checkObject(limits, '`limits`')
  checkFields(limits, 'limits')
  for (const [name, value] of Object.entries(limits)) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0))
      throw mistake(`\`limits.${name}\` must be a whole number, 1 or more, not ${describe(value)}`)
  }
}

/** TLS as the engine reads it: PEM is text. What is wrong is told without showing it: it may be a private key. */
export function tlsOf(tls: TlsOptions | undefined): Record<string, unknown> | undefined {
  if (tls === undefined) return undefined
  if (typeof tls !== 'object' || tls === null) throw mistake('`tls` must be an object')
  checkFields(tls, 'tls')
  if (tls.insecure !== undefined && typeof tls.insecure !== 'boolean')
    throw mistake('`tls.insecure` must be true or false')
  const pem = (name: 'ca' | 'cert' | 'key') => {
    const given = tls[name]
    if (given === undefined || typeof given === 'string') return given
    if (given instanceof Uint8Array) return new TextDecoder().decode(given)
    throw mistake(`\`tls.${name}\` must be a text or a Uint8Array, in PEM form`)
  }
  return { ca: pem('ca'), cert: pem('cert'), key: pem('key'), insecure: tls.insecure }
}

/** The proxy as the engine reads it: an empty text is none. */
export function proxyOf(proxy: string | false | undefined): string | undefined {
  if (proxy === false) return ''
  if (proxy === undefined || (typeof proxy === 'string' && proxy !== '')) return proxy
  throw mistake(`\`proxy\` must be a URL or false, not ${describe(proxy)}`)
}

/** Checks what every call takes, before anything is sent. */
export function checkCall(options: CallOptions & { onProgress?: unknown }): void {
  const { signal, onProgress } = options
  if (signal != null && typeof signal.addEventListener !== 'function') {
    throw mistake(`\`signal\` must be an AbortSignal, not ${describe(signal)}`)
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw mistake(`\`onProgress\` must be a function, not ${describe(onProgress)}`)
  }
}

/** Checks that `value` is an object, as calls take them. */
export function checkObject(value: unknown, name: string, hint?: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw mistake(`${name} must be an object, not ${describe(value)}`, hint)
}

/** Checks that `value` is a text that is not empty. */
export function checkText(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '')
    throw mistake(`\`${name}\` must be a text that is not empty, not ${describe(value)}`)
}

/** Checks what a server is told to do: the names in it, and the text. */
export function checkCommand(command: Record<string, unknown>): void {
  for (const field of ['name', 'path']) if (field in command) checkText(command[field], field)
  // A text may be empty.
  if ('text' in command && typeof command.text !== 'string')
    throw mistake(`\`text\` must be a text, not ${describe(command.text)}`)
  checkNumbers(command)
}

/** Checks that JSON can hold the numbers of `options`: it writes `null` for NaN, which would be as if nothing was set. */
export function checkNumbers(options: object, place = ''): void {
  for (const [name, value] of Object.entries(options)) checkNumber(`${place}${name}`, value)
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw mistake(`\`${name}\` must be a finite number, not ${value}`)
}

/** The JSON in which arguments cross to the engine. */
export function toJson(value: object): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    throw new ConfigurationError(
      {
        code: 'configuration',
        message: `The request cannot be written as JSON: ${(cause as Error).message}`,
      },
      { cause },
    )
  }
}

export function mistake(message: string, hint?: string): ConfigurationError {
  return new ConfigurationError({ code: 'configuration', message, ...(hint === undefined ? {} : { hint }) })
}

/** For people; also of what JSON cannot hold. */
export function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'string' ? `the text ${JSON.stringify(value)}` : String(value)
}
