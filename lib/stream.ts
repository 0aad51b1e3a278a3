import { mistake } from './arguments'
import type { Call } from './call'
import type { ChatResponse, ChatStream } from './chat'
import type { AbortSignalLike } from './config'
import { AbortError, errorOf, TimeoutError } from './errors'
import type { ProviderProgressEvent } from './events'
import { onAbort } from './signals'

/** What a stream needs of a call. */
export type StreamedCall<T = unknown> = Pick<Call<ChatResponse<T>>, 'result' | 'cancel' | 'consume'>

/** The events of a call, for one `for await`. */
export class EventStream<T = unknown> implements ChatStream<T> {
  readonly #call: StreamedCall<T>
  /** Events that nobody has taken yet, each with what it costs. */
  #waiting: { event: ProviderProgressEvent; units: number }[] = []
  #next = 0
  /** How the call ended, once it has; an error until the loop has thrown it. */
  #end: End | undefined
  #heardEnd = false
  readonly #over: () => void
  /** What `response()` gives where nobody wanted to hear the end: it always rejects. */
  #abandoned: Promise<never> | undefined
  #takers: Taker[] = []
  #state: 'new' | 'iterated' | 'left' | 'dropped' = 'new'

  /** `onOver` is called once nobody can hear more of it. */
  constructor(
    start: (listener: (event: ProviderProgressEvent, units: number) => void) => StreamedCall<T>,
    signal: AbortSignalLike | undefined,
    onOver: (stream: EventStream<T>) => void,
  ) {
    this.#call = start((event, units) => this.#keep(event, units))
    const stopListening = signal && onAbort(signal, () => this.cancel(signal.reason))
    this.#over = () => {
      stopListening?.()
      onOver(this)
    }
    this.#call.result.then(
      () => this.#finish({}),
      (thrown) => this.#finish({ error: { thrown } }),
    )
  }

  response(): Promise<ChatResponse<T>> {
    // A loop may begin in the same turn.
    if (this.#state === 'new') setImmediate(() => this.#drop())
    if (this.#abandoned !== undefined) return this.#abandoned
    const heard = () => this.#hearEnd()
    this.#call.result.then(heard, heard)
    return this.#call.result
  }

  cancel(reason?: unknown): void {
    this.#abandon(reason)
    this.#forget()
    this.#call.cancel(reason)
    this.#over()
  }

  async *textStream(): AsyncGenerator<string, void, undefined> {
    for await (const event of this) {
      if (event.type === 'message') yield event.content
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<ProviderProgressEvent, undefined> {
    if (this.#state !== 'new') {
      const why =
        this.#state === 'dropped'
          ? 'its events were dropped: begin the loop before, or in the same turn as, response()'
          : 'it can be iterated only once'
      throw mistake(`This stream has no more events: ${why}`)
    }
    this.#state = 'iterated'
    return { next: () => this.#take(), return: () => this.#leave() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    await this.#call.result.catch(() => {})
  }

  #keep(event: ProviderProgressEvent, units: number): void {
    const taker = this.#takers.shift()
    if (taker) {
      taker.resolve(this.#given(event, units))
    } else if (this.#state === 'new' || this.#state === 'iterated') {
      this.#waiting.push({ event, units })
    } else {
      this.#call.consume(units)
    }
  }

  #take(): Promise<IteratorResult<ProviderProgressEvent, undefined>> {
    const taken = this.#waiting[this.#next]
    if (taken) {
      this.#next += 1
      if (this.#next === this.#waiting.length) this.#forget()
      return Promise.resolve(this.#given(taken.event, taken.units))
    }
    if (!this.#end) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
    const { error } = this.#end
    this.#end = {}
    if (error) {
      this.#over()
      return Promise.reject(error.thrown)
    }
    return this.#heardEnd || this.#abandoned === undefined ? Promise.resolve(DONE) : this.#abandoned
  }

  #hearEnd(): void {
    this.#heardEnd = true
    this.#over()
  }

  #given(event: ProviderProgressEvent, units: number): IteratorYieldResult<ProviderProgressEvent> {
    if (event.type === 'completion') this.#hearEnd()
    this.#call.consume(units)
    return { value: event, done: false }
  }

  /** The caller does not want to hear the rest, which may be here already. */
  #abandon(reason: unknown): void {
    if (this.#heardEnd || this.#abandoned !== undefined) return
    this.#abandoned = this.#call.result.then(({ content, reasoning, toolCalls, timings }) => {
      const arrived = { content, toolCalls }
      const partial = reasoning === undefined ? arrived : { ...arrived, reasoning }
      throw errorOf(
        {
          code: 'aborted',
          message: 'The stream was left before its end',
          attempts: timings.attempts,
          partial,
        },
        reason === undefined ? {} : { cause: reason },
      )
    })
    this.#abandoned.catch(() => {})
  }

  /** The loop was left. */
  #leave(): Promise<IteratorResult<ProviderProgressEvent, undefined>> {
    this.#abandon(undefined)
    this.#state = 'left'
    this.#over()
    this.#forget()
    this.#end = {}
    for (const taker of this.#takers.splice(0)) taker.resolve(DONE)
    this.#call.cancel()
    return Promise.resolve(DONE)
  }

  #drop(): void {
    if (this.#state !== 'new') return
    this.#state = 'dropped'
    for (const { units } of this.#waiting) this.#call.consume(units)
    this.#forget()
  }

  #forget(): void {
    this.#waiting = []
    this.#next = 0
  }

  #finish(end: End): void {
    if (this.#state === 'left') return
    // Who cancelled does not want to hear what had come before; it is in `partial`.
    const { thrown } = end.error ?? {}
    const isOver =
      thrown instanceof AbortError || (thrown instanceof TimeoutError && thrown.clock === 'total')
    if (isOver) this.#waiting = this.#waiting.slice(this.#next).filter(({ event }) => event.type === 'error')
    if (isOver) this.#next = 0
    const [first, ...others] = this.#takers.splice(0)
    for (const taker of others) taker.resolve(DONE)
    if (first) {
      this.#end = {}
      if (end.error) {
        this.#over()
        first.reject(end.error.thrown)
      } else first.resolve(DONE)
    } else {
      this.#end = end
    }
  }
}

/** How a call ended. */
interface End {
  error?: { thrown: unknown }
}

const DONE = { value: undefined, done: true } as const

/** Who waits for the next event. */
interface Taker {
  resolve(result: IteratorResult<ProviderProgressEvent, undefined>): void
  reject(error: unknown): void
}
