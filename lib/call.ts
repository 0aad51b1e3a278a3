import type { AbortSignalLike } from './config'
import { type Batch, Kind, Pace, type Receiver, receive, TURN, theOutbox } from './delivery'
import {
  ConfigurationError,
  type ErrorDetails,
  errorOf,
  type ProviderError,
  type Refusal,
  traced,
} from './errors'
import type { ProviderProgressEvent } from './events'
import { onAbort } from './signals'

/** The caller's code that the engine may ask for something. */
export interface Hooks {
  apiKey?: (() => string | Promise<string>) | undefined
  requestHeaders?:
    | ((headers: Record<string, string>) => Record<string, string> | Promise<Record<string, string>>)
    | undefined
  requestBody?:
    | ((body: Record<string, unknown>) => Record<string, unknown> | Promise<Record<string, unknown>>)
    | undefined
  /** What is wrong with an answer that has its format; `''` for nothing. */
  validate?: ((answer: string) => Promise<string>) | undefined
}

export interface CallSetup<T> {
  /** The provider's name; none where no provider is asked. */
  provider: string | undefined
  hooks: Hooks
  signal: AbortSignalLike | undefined
  /** Holds the call until it has settled. */
  pending: Set<PendingCall>
  /** Starts the call in the engine and returns its number. */
  start(): number
  /** Makes the result of what the engine gave: texts, JSON, and numbers. */
  finish(content: string, reasoning: string, details: string, numbers: Float32Array): T
  /** Why the whole answer is none for this caller. */
  refuse?: ((content: string, details: string) => Refusal | undefined) | undefined
  /** Takes the events. Returns a promise to hold back the next event until it resolves. */
  listener: Listener | undefined
  /**
   * The listener is told what an event costs, and tells by {@link Call.consume} when it was taken, instead of by
   * returning.
   */
  takesLater: boolean
  /** The function that the caller called: the error's stack begins above it. */
  // biome-ignore lint/complexity/noBannedTypes: what Error.captureStackTrace takes
  origin: Function
}

export type PendingCall = Pick<Call<unknown>, 'cancel' | 'result'>

export type Listener = (event: ProviderProgressEvent, units?: number) => unknown

/** So much is taken before the engine is told: it holds back only after eight times as much. */
const REPORTED_UNITS = 512 * 1024

/** What a record costs beyond its text. `src/call.rs` counts the same. */
export const RECORD_COST = 16

/** A record that waits, or is handed on. */
interface Entry {
  kind: number
  text: string
}

const NO_NUMBERS = new Float32Array(0)

/** One call of the engine, from its start to the settling of its promise. */
export class Call<T> implements Receiver {
  /** Settles after all events were handed on. */
  readonly result: Promise<T>
  readonly #setup: CallSetup<T>
  readonly #trace: { stack?: string } = {}
  #resolve!: (value: T) => void
  #reject!: (error: unknown) => void
  /** Gone once the call has settled. */
  #id: number | undefined
  #stopListening: (() => void) | undefined
  /** What waits for the listener's promise, in order; what stands before `#next` has been handed on. */
  #queue: Entry[] = []
  #next = 0
  #blocked = false
  /** It is a promise of the listener's that is waited for, and not only the next turn. */
  #isBusy = false
  /** Somebody listens, and nothing waits: an event can be given at once. */
  #flows: boolean
  /** Gone once it has thrown: it hears no more then. */
  #listener: Listener | undefined
  readonly #takesLater: boolean
  #unreported = 0
  #content = ''
  #reasoning = ''
  #numbers: Float32Array = NO_NUMBERS
  /** What the caller's own code threw. */
  #thrown: { value: unknown } | undefined
  #cancelled: { reason: unknown } | undefined
  /** How the call ends, once its last record has come and the listener has taken what it was given. */
  #end: (() => void) | undefined

  constructor(setup: CallSetup<T>) {
    const { signal } = setup
    this.#setup = setup
    if (signal && !signal.aborted) this.#stopListening = onAbort(signal, () => this.cancel(signal.reason))
    // Before all else: the engine is at work while the rest is set up.
    if (!signal?.aborted) this.#id = setup.start()
    this.#flows = setup.listener !== undefined
    this.#listener = setup.listener
    this.#takesLater = setup.takesLater
    this.result = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    setup.pending.add(this)
    Error.captureStackTrace(this.#trace, setup.origin)
    if (this.#id !== undefined) receive(this.#id, this)
    else {
      this.#cancelled = { reason: signal?.reason }
      this.#fail({
        code: 'aborted',
        message: 'The call was cancelled before it began',
        partial: { content: '', toolCalls: [] },
      })
    }
  }

  /** Closes the connection; the call ends with an AbortError that holds what had arrived, heard or not. */
  cancel(reason?: unknown): void {
    if (this.#id === undefined) return
    this.#cancelled ??= { reason }
    this.#flows = false
    theOutbox().cancel(this.#id)
    // The engine may have ended the call long ago, and its end waits here for a slow listener.
    const waiting = this.#queue.slice(this.#next)
    this.#forgetQueue()
    for (const { kind, text } of waiting) this.#handle(kind, text)
    if (waiting.length === 0) this.#end?.()
  }

  /** Events of so many units were taken by their consumer. */
  consume(units: number): void {
    this.#unreported += units
    if (this.#unreported < REPORTED_UNITS) return
    if (this.#id !== undefined) theOutbox().consumed(this.#id, this.#unreported)
    this.#unreported = 0
  }

  take(kind: number, text: string): boolean {
    // All the time the call had is over: no listener is waited for any more.
    if (kind === Kind.Failed && this.#mustWait() && JSON.parse(text).clock === 'total') this.#forgetQueue()
    else if (this.#mustWait()) {
      this.#queue.push({ kind, text })
      return kind === Kind.Done || kind === Kind.Failed
    }
    this.#handle(kind, text)
    return kind === Kind.Done || kind === Kind.Failed
  }

  /** Nearly every record goes this way: this loop is what a stream costs. */
  takeMessages(batch: Batch, count: number): void {
    const listener = this.#flows ? this.#listener : undefined
    if (!listener) return
    const takesLater = this.#takesLater
    const { text, runs } = batch
    const stop = batch.next + count
    let { next, at } = batch
    /** What is still waited for. */
    let owed = 0
    try {
      while (next < stop && this.#flows) {
        const begin = at
        at += runs[next] as number
        next += 1
        const event = { type: 'message', content: text.slice(begin, at) } as const
        const returned = takesLater ? listener(event, at - begin + RECORD_COST) : listener(event)
        if (returned !== undefined && isThenable(returned)) {
          owed = at - begin + RECORD_COST
          this.#waitFor(returned, owed)
        }
      }
    } catch (thrown) {
      this.#failBy(thrown)
    }
    const taken = next - batch.next
    if (!takesLater) this.consume(at - batch.at + taken * RECORD_COST - owed)
    batch.next = next
    batch.left -= taken
    batch.at = at
  }

  takeNumbers(numbers: Float32Array): void {
    this.#numbers = numbers
  }

  #handle(kind: number, text: string): void {
    switch (kind) {
      case Kind.Message:
        this.#emit({ type: 'message', content: text }, text.length + RECORD_COST)
        break
      case Kind.Reasoning:
        this.#emit({ type: 'reasoning', content: text }, text.length + RECORD_COST)
        break
      case Kind.ToolCall:
        this.#emit({ type: 'tool_call', toolCall: JSON.parse(text) }, text.length + RECORD_COST)
        break
      case Kind.Progress:
        this.#emit({ type: 'progress', ...JSON.parse(text) }, text.length + RECORD_COST)
        break
      case Kind.Retry:
        this.#emit({ type: 'retry', ...JSON.parse(text) }, text.length + RECORD_COST)
        break
      case Kind.Warning:
        this.#emit({ type: 'warning', ...JSON.parse(text) }, text.length + RECORD_COST)
        break
      case Kind.Ask:
        void this.#answer(JSON.parse(text))
        break
      case Kind.Content:
        this.#content = text
        break
      case Kind.WholeReasoning:
        this.#reasoning = text
        break
      case Kind.Done:
        this.#finish(text)
        break
      case Kind.Failed:
        this.#fail(JSON.parse(text))
        break
    }
  }

  #mustWait(): boolean {
    return !this.#cancelled && (this.#blocked || this.#next < this.#queue.length)
  }

  #emit(event: ProviderProgressEvent, units: number): void {
    const listener = this.#cancelled ? undefined : this.#listener
    try {
      const returned = this.#takesLater ? listener?.(event, units) : listener?.(event)
      if (returned !== undefined && isThenable(returned)) this.#waitFor(returned, units)
      else if (!this.#takesLater) this.consume(units)
    } catch (thrown) {
      this.#failBy(thrown)
    }
  }

  /** The next event waits for what the listener promised. */
  #waitFor(promise: PromiseLike<unknown>, units: number): void {
    this.#blocked = true
    this.#isBusy = true
    this.#flows = false
    // A thenable of the caller's own might call back at once.
    Promise.resolve(promise).then(
      () => {
        this.#isBusy = false
        if (!this.#takesLater) this.consume(units)
        this.#resume()
      },
      (thrown) => {
        this.#blocked = false
        this.#isBusy = false
        this.#failBy(thrown)
      },
    )
  }

  #resume(): void {
    this.#blocked = false
    const pace = new Pace(TURN)
    let handled = 0
    while (!this.#blocked && this.#next < this.#queue.length) {
      const { kind, text } = this.#queue[this.#next] as Entry
      this.#next += 1
      this.#handle(kind, text)
      handled += 1
      if (handled % pace.stride === 0 && pace.isOver()) break
    }
    if (this.#next === this.#queue.length) {
      this.#forgetQueue()
      if (!this.#blocked) this.#end?.()
    } else if (!this.#blocked) {
      this.#blocked = true
      setImmediate(() => this.#resume())
    }
    this.#flows = !this.#blocked && !this.#cancelled && this.#listener !== undefined
  }

  #forgetQueue(): void {
    this.#queue = []
    this.#next = 0
  }

  /** The caller's own code threw: the call ends, and with that same value. */
  #failBy(thrown: unknown): void {
    this.#thrown ??= { value: thrown }
    this.#listener = undefined
    this.cancel(thrown)
  }

  /** All of the answer is here. */
  #finish(details: string): void {
    const refusal = this.#cancelled || this.#thrown ? undefined : this.#setup.refuse?.(this.#content, details)
    if (refusal === undefined) this.#succeed(details)
    else this.#fail({ ...refusal, attempts: attemptsOf(details), ...this.#partial(details) })
  }

  #succeed(details: string): void {
    this.#emit({ type: 'completion' }, 0)
    this.#endWith(() => {
      if (this.#cancelled || this.#thrown)
        this.#fail({
          code: 'aborted',
          message: CANCELLED,
          attempts: attemptsOf(details),
          ...this.#partial(details),
        })
      else {
        const result = this.#setup.finish(this.#content, this.#reasoning, details, this.#numbers)
        this.#settle(() => this.#resolve(result))
      }
    })
  }

  /** What had arrived of an answer whose end the caller did not want to hear. */
  #partial(details: string): Pick<ErrorDetails, 'partial'> {
    const { toolCalls = [] } = JSON.parse(details) ?? {}
    const partial = { content: this.#content, toolCalls }
    return { partial: this.#reasoning ? { ...partial, reasoning: this.#reasoning } : partial }
  }

  #fail(details: ErrorDetails): void {
    const isOver = this.#cancelled !== undefined || details.clock === 'total'
    const error = this.#errorOf(details)
    // A listener that is still busy is not called again, and whoever ended the call does not wait for it.
    if (!this.#thrown && !(isOver && this.#isBusy)) this.#tell(error, isOver)
    const fail = () => this.#settle(() => this.#reject(this.#thrown ? this.#thrown.value : error))
    if (isOver) fail()
    else this.#endWith(fail)
  }

  #errorOf(details: ErrorDetails): ProviderError {
    const { provider } = this.#setup
    // Whatever else happened meanwhile, the caller did not want to hear the end.
    const told: ErrorDetails =
      this.#cancelled && details.code !== 'aborted'
        ? { ...details, code: 'aborted', message: CANCELLED, retryable: false }
        : details
    const reason = this.#cancelled?.reason
    const of = provider === undefined ? told : { ...told, server: provider }
    return traced(errorOf(of, reason === undefined ? {} : { cause: reason }), this.#trace)
  }

  /** The `error` event. */
  #tell(error: ProviderError, isOver: boolean): void {
    try {
      const event = { type: 'error', message: error.message, code: error.code } as const
      const returned = this.#takesLater ? this.#listener?.(event, 0) : this.#listener?.(event)
      if (!isThenable(returned)) return
      if (isOver) Promise.resolve(returned).catch(() => {})
      else this.#waitFor(returned, 0)
    } catch (thrown) {
      this.#thrown ??= { value: thrown }
    }
  }

  /** Ends the call by `end`, once the listener has taken what it was given. */
  #endWith(end: () => void): void {
    this.#end = end
    if (!this.#blocked || this.#cancelled) end()
  }

  #settle(settle: () => void): void {
    this.#stopListening?.()
    this.#setup.pending.delete(this)
    this.#id = undefined
    this.#end = undefined
    settle()
  }

  /** Answers a question of the engine's with what the caller's code says. */
  async #answer({
    question,
    what,
    value,
  }: {
    question: number
    what: keyof Hooks
    value: never
  }): Promise<void> {
    const call = this.#id
    if (call === undefined) return
    let answer: string | null = null
    try {
      answer = await ask[what](this.#setup.hooks, value)
    } catch (thrown) {
      this.#thrown ??= { value: thrown }
      theOutbox().cancel(call)
    }
    theOutbox().reply(call, question, answer)
  }
}

export const CANCELLED = 'The call was cancelled'

/** How each hook is asked, and its answer written for the engine. */
const ask = {
  async apiKey({ apiKey }: Hooks): Promise<string> {
    const key = await apiKey?.()
    if (typeof key !== 'string') throw wrongReturn('apiKey', 'a string')
    return key
  },
  async requestHeaders({ requestHeaders }: Hooks, headers: Record<string, string>): Promise<string> {
    const changed = await requestHeaders?.(headers)
    if (!isRecord(changed)) throw wrongReturn('requestHeaders', 'the headers, as an object of texts by name')
    return JSON.stringify(changed)
  },
  async requestBody({ requestBody }: Hooks, body: string): Promise<string> {
    const changed = await requestBody?.(JSON.parse(body))
    if (!isRecord(changed)) throw wrongReturn('requestBody', 'the body, as an object')
    return JSON.stringify(changed)
  },
  async validate({ validate }: Hooks, answer: string): Promise<string> {
    return (await validate?.(answer)) ?? ''
  },
}

/** Whether JSON has its fields: of lists, and of others' objects of headers, it does not. */
function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value)
}

function wrongReturn(name: string, expected: string): ConfigurationError {
  return new ConfigurationError({ code: 'configuration', message: `\`${name}\` must return ${expected}` })
}

/** How often the request of an answer was sent. */
function attemptsOf(details: string): number {
  return JSON.parse(details)?.timings?.attempts ?? 1
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  )
}
