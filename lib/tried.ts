import { type ErrorCode, type ErrorDetails, errorOf, isErrorCode, ProviderError } from './errors'

/** A provider that was asked, and what it failed by. */
export interface Tried {
  provider: string
  error: Error
}

type Arrived = NonNullable<ErrorDetails['partial']>

/**
 * From what says least about how to mend it to what says most: whoever has not been reached says less than who has
 * answered, and what passes by itself less than what does not.
 */
const TELLING: readonly string[] = [
  'circuit_open',
  'connection',
  'timeout',
  'server',
  'model_loading',
  'rate_limit',
  'empty_completion',
  'stream',
  'protocol',
  'out_of_memory',
  'quota',
  'unsupported',
  'permission',
  'authentication',
  'model_not_found',
  'invalid_response',
  'content_filter',
  'invalid_request',
  'context_length_exceeded',
]

/** What others' code calls a connection that failed. */
const CONNECTION = /^(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|E(HOST|NET)UNREACH|ETIMEDOUT|EPIPE)$/

/** The code of a failure, also of one of others' code. */
export function codeOf(error: unknown): ErrorCode {
  const { code, name } = fieldsOf(error)
  if (isErrorCode(code)) return code
  if (name === 'AbortError') return 'aborted'
  if (name === 'TimeoutError') return 'timeout'
  return systemCodeOf(error) === undefined ? 'server' : 'connection'
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error || typeof fieldsOf(thrown).message === 'string') return thrown as Error
  return new Error(typeof thrown === 'string' ? thrown : `It threw no error, but ${typeof thrown}`)
}

/** What had arrived, where the failure tells. */
export function partialOf(error: unknown): Arrived | undefined {
  const { partial } = fieldsOf(error)
  return typeof partial === 'object' && partial !== null ? (partial as Arrived) : undefined
}

/** Whether a text or a tool call had arrived, whoever has heard of it. */
export function hasAnswered(error: unknown): boolean {
  const { content, toolCalls } = fieldsOf(partialOf(error))
  return Boolean(content) || (Array.isArray(toolCalls) && toolCalls.length > 0)
}

/** How often the request was sent in all. */
export function attemptsOf(errors: readonly unknown[]): number {
  return errors.reduce<number>((sum, error) => {
    const { attempts } = fieldsOf(error)
    return sum + (typeof attempts === 'number' ? attempts : 1)
  }, 0)
}

/** What all of them failed by: an error like the most telling one, that names each. */
export function allFailed(tried: readonly Tried[]): ProviderError {
  const errors = tried.map(({ error }) => error)
  const telling = errors.reduce((most, error) => (rank(error) > rank(most) ? error : most))
  const partial = partialOf(telling) ?? errors.map(partialOf).find((found) => found !== undefined)
  const message =
    tried.length === 1
      ? telling.message
      : `All ${tried.length} providers failed: ${tried.map((each) => `${titleOf(each, tried)}: ${each.error.message}`).join('; ')}`
  const details = {
    ...detailsOf(telling),
    message,
    // Asked again, each of them is.
    retryable: errors.some((error) => fieldsOf(error).retryable === true),
    attempts: attemptsOf(errors),
    tried,
  }
  return errorOf(partial === undefined ? details : { ...details, partial }, { cause: telling })
}

/** The provider's name; with its address where others have the same name. */
function titleOf({ provider, error }: Tried, all: readonly Tried[]): string {
  const { url } = fieldsOf(error)
  const isAlone = all.filter((other) => other.provider === provider).length === 1
  return isAlone || typeof url !== 'string' || !URL.canParse(url)
    ? provider
    : `${provider} at ${new URL(url).host}`
}

/** What is known of a failure. */
export function detailsOf(error: Error): ErrorDetails {
  const { message } = error
  if (!(error instanceof ProviderError)) {
    const systemCode = systemCodeOf(error)
    return { code: codeOf(error), message, ...(systemCode === undefined ? {} : { systemCode }) }
  }
  const { body, partial } = error
  // These are not enumerable.
  const hidden = { ...(body === undefined ? {} : { body }), ...(partial === undefined ? {} : { partial }) }
  return { ...error, message, code: codeOf(error), ...hidden }
}

function rank(error: Error): number {
  const { code } = fieldsOf(error)
  return TELLING.indexOf(TELLING.includes(code as string) ? (code as string) : codeOf(error))
}

function systemCodeOf(error: unknown): string | undefined {
  const { code, cause } = fieldsOf(error)
  return [code, fieldsOf(cause).code].find(
    (found): found is string => typeof found === 'string' && CONNECTION.test(found),
  )
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
