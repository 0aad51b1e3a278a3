import { checkCall, timeoutsOf } from './arguments'
import { CANCELLED, type CallSetup, isThenable } from './call'
import type { CallOptions, Timeouts } from './config'
import { type ErrorDetails, errorOf, type PartialAnswer, ProviderError, traced } from './errors'
import type { ProgressCallback, ProviderProgressEvent } from './events'
import { onAbort } from './signals'
import {
  allFailed,
  asError,
  attemptsOf,
  codeOf,
  detailsOf,
  hasAnswered,
  partialOf,
  type Tried,
} from './tried'

export interface TurnsSetup<P extends { readonly name: string }, T> {
  /** At least one. */
  providers: readonly P[]
  /** No other could be asked: what the one fails by is what the call fails by. */
  isAlone?: boolean
  options: CallOptions
  listener: ProgressCallback | undefined
  onFallback: ((from: string, to: string, error: Error) => unknown) | undefined
  /** Holds the call until it has settled. */
  pending: Set<Pick<Turns<P, unknown>, 'cancel' | 'result'>>
  isClosed: boolean
  /** The function that the caller called: stacks begin above it. */
  origin: CallSetup<T>['origin']
  /** Asks one of them, at once. */
  ask(provider: P, given: Given, turn: Turn): Promise<T>
}

/** What a provider is given in place of what the caller gave. */
export interface Given {
  timeout: Timeouts | undefined
  /** Gives a promise of the caller's own where the next event must wait for it. */
  onProgress: ((event: ProviderProgressEvent) => Promise<void> | undefined) | undefined
}

/** One provider's turn. */
export interface Turn {
  /** Ends it. It may be called while it is asked, and more than once. */
  stop(reason: unknown): void
  /** Something was handed out that cannot be taken back. */
  isCommitted: boolean
}

/** Why a call is over, whatever its provider does. */
type Over = { by: 'abort'; reason: unknown } | { by: 'total' } | { by: 'caller'; thrown: unknown }

type Outcome<T> = { value: T } | { error: unknown } | 'none'

/** Events after which another provider may begin anew. */
const PASSING = new Set<string>(['reasoning', 'progress', 'retry', 'warning'])

/** So long is waited for the failure of what was stopped, with what had arrived. Others' code may give none. */
const GRACE = 250

/** More, no timer takes. */
const LONGEST = 2 ** 31 - 1

/** One call: each of the providers in turn, until one answers. */
export class Turns<P extends { readonly name: string }, T> {
  /** Settles after all events were handed on. */
  readonly result: Promise<T>
  readonly #setup: TurnsSetup<P, T>
  readonly #trace: { stack?: string } = {}
  readonly #timeouts: Timeouts | undefined
  /** When all the time of the call is over. */
  readonly #deadline: number | undefined
  readonly #tried: Tried[] = []
  /** Gone once it has ended: what still comes of it is nobody's. */
  #turn: Turn | undefined
  #over: Over | undefined
  /** The caller has heard the end: it can no longer be cancelled. */
  #isHeard = false
  #isSettled = false
  /** What the listener promised last, until it has kept it. */
  #busy: Promise<void> | undefined
  /** Ends what is waited for at the moment, once the call is over. */
  #skip: (() => void) | undefined
  /** Ends the waiting for a turn that does not end. */
  #giveUp: (() => void) | undefined
  #stopListening: (() => void) | undefined
  #totalTimer: NodeJS.Timeout | undefined
  #graceTimer: NodeJS.Timeout | undefined

  /** Asks the first one at once, and throws what that throws as a mistake of the caller's. */
  constructor(setup: TurnsSetup<P, T>) {
    const { options, pending, origin, isClosed } = setup
    checkCall(options)
    this.#setup = setup
    this.#timeouts = timeoutsOf(options.timeout)
    Error.captureStackTrace(this.#trace, origin)
    const { signal } = options
    const total = this.#timeouts?.total
    if (total) this.#deadline = performance.now() + total
    if (isClosed || signal?.aborted) this.#over = { by: 'abort', reason: signal?.reason }
    else if (signal) this.#stopListening = onAbort(signal, () => this.cancel(signal.reason))
    if (total && total <= LONGEST && !this.#over)
      this.#totalTimer = setTimeout(() => this.#end({ by: 'total' }), total)
    this.result = this.#settle(this.#over ? undefined : this.#first())
    pending.add(this)
  }

  /** The call ends with an AbortError that holds what had arrived. */
  cancel(reason?: unknown): void {
    this.#end({ by: 'abort', reason })
  }

  /** Nothing can be heard of it any more. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** Resolves with `promise`, or once the call is over. */
  untilOver(promise: PromiseLike<unknown>): Promise<void> {
    if (this.#over) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#skip = resolve
      promise.then(() => resolve(), reject)
    })
  }

  #first(): Promise<T> {
    try {
      return this.#begin(0)
    } catch (error) {
      if (codeOf(error) === 'configuration') {
        this.#release()
        throw error
      }
      return Promise.reject(error)
    }
  }

  async #settle(begun: Promise<T> | undefined): Promise<T> {
    try {
      if (begun === undefined) throw this.#overError(undefined, 'none')
      return await this.#inTurn(begun)
    } catch (error) {
      if (this.#setup.isAlone && error instanceof ProviderError) traced(error, this.#trace)
      await this.#tell(error)
      throw this.#over?.by === 'caller' ? this.#over.thrown : error
    } finally {
      this.#release()
      this.#setup.pending.delete(this)
    }
  }

  async #inTurn(begun: Promise<T>): Promise<T> {
    let outcome = await this.#outcomeOf(begun)
    for (const [index, provider] of this.#setup.providers.entries()) {
      if (index > 0) outcome = await this.#outcomeOf(this.#next(index))
      if (!this.#over && typeof outcome === 'object' && 'value' in outcome) {
        await this.#complete()
        if (!this.#over) return outcome.value
      }
      if (this.#over) throw this.#overError(provider.name, outcome)
      await this.#fallBack(index, (outcome as { error: unknown }).error)
    }
    throw traced(allFailed(this.#tried), this.#trace)
  }

  /** Goes on to the next provider, or throws what is the failure of all of it. */
  async #fallBack(index: number, thrown: unknown): Promise<void> {
    const { providers, isAlone, onFallback } = this.#setup
    const code = codeOf(thrown)
    // What came without the format that it should have was held back, or else committed the turn.
    const isAnswered = this.#turn?.isCommitted || (hasAnswered(thrown) && code !== 'invalid_response')
    if (isAlone || code === 'aborted' || code === 'configuration' || isAnswered) throw thrown
    this.#turn = undefined
    const { name } = providers[index] as P
    const error = asError(thrown)
    this.#tried.push({ provider: name, error })
    if (this.#deadline !== undefined && this.#deadline <= performance.now()) this.#end({ by: 'total' })
    if (this.#over) throw this.#overError(undefined, 'none')
    const next = providers[index + 1]
    if (next === undefined || !onFallback) return
    try {
      const returned = onFallback(name, next.name, error)
      if (isThenable(returned)) await this.untilOver(Promise.resolve(returned))
    } catch (own) {
      this.#end({ by: 'caller', thrown: own })
    }
    if (this.#over) throw this.#overError(undefined, 'none')
  }

  #next(index: number): Promise<T> {
    try {
      return this.#begin(index)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #begin(index: number): Promise<T> {
    const { providers, listener, ask } = this.#setup
    const turn: Turn = { stop: () => {}, isCommitted: false }
    this.#turn = turn
    const total = this.#deadline && Math.max(1, Math.ceil(this.#deadline - performance.now()))
    const timeout = total === undefined ? this.#timeouts : { ...this.#timeouts, total }
    const onProgress = listener && ((event: ProviderProgressEvent) => this.#hand(turn, event))
    return Promise.resolve(ask(providers[index] as P, { timeout, onProgress }, turn))
  }

  /** How a turn ended. */
  async #outcomeOf(turn: Promise<T>): Promise<Outcome<T>> {
    const outcome = await new Promise<Outcome<T>>((resolve) => {
      this.#giveUp = () => resolve('none')
      turn.then(
        (value) => resolve({ value }),
        (error) => resolve({ error }),
      )
    })
    // It was given what was left of the caller's own time.
    const { clock } = ((outcome as { error?: unknown }).error ?? {}) as { clock?: unknown }
    if (this.#deadline !== undefined && clock === 'total') this.#end({ by: 'total' })
    return outcome
  }

  /** Takes an event of a turn's. */
  #hand(turn: Turn, event: ProviderProgressEvent): Promise<void> | undefined {
    // These two are the call's own.
    if (event.type === 'error' || event.type === 'completion') return undefined
    if (turn !== this.#turn || this.#over) return undefined
    if (!PASSING.has(event.type)) turn.isCommitted = true
    return this.#callListener(event)
  }

  #callListener(event: ProviderProgressEvent): Promise<void> | undefined {
    let returned: unknown
    try {
      returned = this.#setup.listener?.(event)
    } catch (thrown) {
      this.#end({ by: 'caller', thrown })
      throw thrown
    }
    if (!isThenable(returned)) return undefined
    const taken: Promise<void> = Promise.resolve(returned).then(
      () => this.#taken(taken),
      (thrown) => {
        this.#taken(taken)
        this.#end({ by: 'caller', thrown })
        throw thrown
      },
    )
    // Others' code may not wait for it.
    taken.catch(() => {})
    this.#busy = taken
    return taken
  }

  #taken(promise: Promise<void>): void {
    if (this.#busy === promise) this.#busy = undefined
  }

  /** The `completion` event: an answer has come, and whoever gave it may not have told. */
  async #complete(): Promise<void> {
    try {
      if (this.#busy !== undefined) await this.untilOver(this.#busy)
      if (this.#over || !this.#setup.listener) return
      const taken = this.#callListener({ type: 'completion' })
      if (taken !== undefined) await this.untilOver(taken)
      // In the same turn: whoever has heard it may leave at once.
      this.#isHeard = !this.#over
    } catch {
      // What the listener threw has ended the call.
    }
  }

  /** The `error` event. */
  async #tell(error: unknown): Promise<void> {
    try {
      if (this.#busy !== undefined) await this.untilOver(this.#busy)
      // Whoever ended the call does not wait for a listener, which is not called while it is busy.
      if (this.#busy !== undefined || this.#over?.by === 'caller') return
      const { message } = asError(error)
      const taken = this.#callListener({ type: 'error', message, code: codeOf(error) })
      if (taken !== undefined) await this.untilOver(taken)
    } catch (thrown) {
      this.#over = { by: 'caller', thrown }
    }
  }

  #end(over: Over): void {
    if (this.#over || this.#isHeard || this.#isSettled) return
    this.#over = over
    try {
      this.#turn?.stop(reasonOf(over))
    } catch {
      // It is waited for no longer than for one that does not stop.
    }
    this.#skip?.()
    // What has arrived meanwhile is delivered before the turn is given up.
    this.#graceTimer = setTimeout(() => setImmediate(() => this.#giveUp?.()), GRACE)
  }

  #release(): void {
    this.#isSettled = true
    this.#stopListening?.()
    clearTimeout(this.#totalTimer)
    clearTimeout(this.#graceTimer)
    this.#giveUp = undefined
  }

  /** What a call ends with that is over before it has an answer. */
  #overError(provider: string | undefined, outcome: Outcome<T>): unknown {
    const over = this.#over as Over
    const error = typeof outcome === 'object' && 'error' in outcome ? outcome.error : undefined
    if (over.by === 'caller') return over.thrown
    if (over.by === 'total') return this.#totalError(provider, error, outcome)
    if (error instanceof ProviderError && error.code === 'aborted') return error
    const message =
      provider === undefined && this.#tried.length === 0
        ? 'The call was cancelled before it began'
        : CANCELLED
    const attempts = attemptsOf([
      ...this.#tried.map((each) => each.error),
      ...(provider === undefined ? [] : [error]),
    ])
    const details: ErrorDetails = { code: 'aborted', message, attempts, partial: arrived(outcome) }
    const { reason } = over
    return traced(errorOf(details, reason === undefined ? {} : { cause: reason }), this.#trace)
  }

  #totalError(provider: string | undefined, error: unknown, outcome: Outcome<T>): ProviderError {
    const total = this.#timeouts?.total as number
    const partial = arrived(outcome)
    const known = error instanceof ProviderError ? detailsOf(error) : undefined
    const message = `The call was not finished within ${total} ms (timeout.total)`
    const details: ErrorDetails = {
      ...known,
      code: 'timeout',
      clock: 'total',
      retryable: false,
      message,
      partial,
    }
    const last =
      provider === undefined
        ? []
        : [
            {
              provider,
              error: codeOf(error) === 'timeout' ? asError(error) : traced(errorOf(details), this.#trace),
            },
          ]
    const tried = [...this.#tried, ...last]
    const attempts = attemptsOf(tried.map((each) => each.error))
    const all = this.#setup.isAlone ? { ...details, attempts } : { ...details, attempts, tried }
    return traced(errorOf(all), this.#trace)
  }
}

function reasonOf(over: Over): unknown {
  switch (over.by) {
    case 'abort':
      return over.reason
    case 'total':
      return undefined
    case 'caller':
      return over.thrown
  }
}

/** What had arrived of an answer that is not wanted any more. */
function arrived(outcome: Outcome<unknown>): PartialAnswer {
  if (typeof outcome !== 'object') return { content: '', toolCalls: [] }
  if ('error' in outcome) return partialOf(outcome.error) ?? { content: '', toolCalls: [] }
  const { value } = outcome
  if (typeof value === 'string') return { content: value, toolCalls: [] }
  const { content, toolCalls } = (value ?? {}) as Partial<PartialAnswer>
  return {
    content: typeof content === 'string' ? content : '',
    toolCalls: Array.isArray(toolCalls) ? toolCalls : [],
  }
}
