import { isDeepStrictEqual } from 'node:util'
import {
  AuthenticationError,
  ConnectionError,
  InvalidRequestError,
  ProviderError,
  RateLimitError,
  ServerError,
  StreamError,
  TimeoutError,
} from '../../index.js'
import { GRACE } from './calls.mjs'

const CLASSES = {
  connection: ConnectionError,
  timeout: TimeoutError,
  authentication: AuthenticationError,
  rate_limit: RateLimitError,
  invalid_request: InvalidRequestError,
  server: ServerError,
  stream: StreamError,
  protocol: StreamError,
  empty_completion: StreamError,
}

/** How a call ended, in a word or two: 'answer', 'stream', 'timeout: idle'. */
export function endOf({ answer, error, hangs }) {
  if (hangs) return 'no end'
  if (answer) return 'answer'
  if (!(error instanceof ProviderError)) return String(error)
  return error.clock ? `${error.code}: ${error.clock}` : error.code
}

/** What is wrong with a call, given its right end and the requests that arrived for it. */
export function mistakes(outcome, { right, arrived, clocks }) {
  const { error, elapsed } = outcome
  const wrong = inconsistencies(outcome)
  if (wrong.length > 0) return wrong
  const limit = (clocks[right.clock] ?? clocks.total) + GRACE
  return [
    ...unless(right.ends.includes(error?.code ?? 'answer'), () => `it ended with ${endOf(outcome)}`),
    ...unless(error?.clock === right.clock, () => `the clock that ended it is ${error?.clock}`),
    ...unless(elapsed <= limit, () => `it took ${Math.round(elapsed)} ms`),
    ...untold(outcome, right),
    ...miscounted(outcome, right, arrived),
  ]
}

/** What is wrong with a call's end, whatever was done to it: the events must tell what the end tells. */
export function inconsistencies({ answer, error, events, hangs }) {
  if (hangs) return ['it did not end']
  if (error && !(error instanceof ProviderError)) return [`it ended with ${error}`]
  const end = answer ?? error.partial ?? {}
  const heard = heardIn(events)
  const ends = events.filter(({ type }) => type === 'completion' || type === 'error')
  const last = answer ? { type: 'completion' } : { type: 'error', message: error.message, code: error.code }
  return [
    ...unless(
      !error || error instanceof CLASSES[error.code],
      () => `${error.code} is a ${error.constructor.name}`,
    ),
    ...unless(
      heard.content === end.content,
      () => `text ${shown(end.content)}, heard ${shown(heard.content)}`,
    ),
    ...unless(
      end.isTextOnly || heard.reasoning === (end.reasoning ?? ''),
      () => `reasoning ${shown(end.reasoning)}, heard ${shown(heard.reasoning)}`,
    ),
    ...unless(isDeepStrictEqual(ends, [last]), () => `the events that end it are ${shown(ends)}`),
    ...unless(events.at(-1) === ends.at(-1), () => `the last event is ${shown(events.at(-1))}`),
  ]
}

/** Text that was lost, or that nobody sent. */
function untold({ answer, events }, { told: sent, isExact, totalTokens }) {
  const heard = heardIn(events)
  const isRight = (got, whole) => (isExact || answer ? got === whole : whole.startsWith(got))
  const counts = answer && !answer.isTextOnly && isExact
  const total = sent.hasUsage ? totalTokens : undefined
  return [
    ...unless(
      isRight(heard.content, sent.content),
      () => `text ${shown(heard.content)}, sent ${shown(sent.content)}`,
    ),
    ...unless(
      isRight(heard.reasoning, sent.reasoning),
      () => `reasoning ${shown(heard.reasoning)}, sent ${shown(sent.reasoning)}`,
    ),
    ...unless(
      !counts || answer.usage?.totalTokens === total,
      () => `usage ${shown(answer.usage)}, sent ${total}`,
    ),
  ]
}

/** Requests beyond those that are promised: one more may go out only where a kept connection was used. */
function miscounted({ answer, error, events }, { requests, isExact }, arrived) {
  const attempts = error?.attempts ?? answer.timings?.attempts
  // Each further attempt is told: a retry, or that the model loads.
  const waits = events.filter(({ type, phase }) => type === 'retry' || phase === 'loading').length
  const isRight = (count) => (isExact ? count === requests : count <= requests)
  const spare = arrived?.includes(true) ? 1 : 0
  return [
    ...unless(
      attempts === undefined || isRight(attempts),
      () => `${attempts} attempts instead of ${requests}`,
    ),
    ...unless(
      !arrived || isRight(arrived.length) || isRight(arrived.length - spare),
      () => `${arrived.length} requests instead of ${requests}`,
    ),
    ...unless(
      attempts === undefined || waits === attempts - 1,
      () => `${attempts} attempts, and ${waits} waits told`,
    ),
  ]
}

function heardIn(events) {
  const textOf = (wanted) => events.map(({ type, content }) => (type === wanted ? content : '')).join('')
  return { content: textOf('message'), reasoning: textOf('reasoning') }
}

/** `words`, unless all is well. */
function unless(isWell, words) {
  return isWell ? [] : [words()]
}

function shown(value) {
  return JSON.stringify(value)
}
