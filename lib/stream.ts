import { mistake } from './arguments'
import type { Call } from './call'
import type { ChatResponse, ChatStream } from './chat'
import type { ProviderProgressEvent } from './events'

/** The events of a call, for one `for await`. */
export class EventStream implements ChatStream {
  readonly #call: Call<ChatResponse>
  /** Events that nobody has taken yet, each with what it costs. */
  #waiting: { event: ProviderProgressEvent; units: number }[] = []
  #next = 0
  /** How the call ended, once it has; an error until the loop has thrown it. */
  #end: { error?: { thrown: unknown } } | undefined
  #takers: Taker[] = []
  #state: 'new' | 'iterated' | 'left' | 'dropped' = 'new'

  constructor(
    start: (listener: (event: ProviderProgressEvent, units: number) => void) => Call<ChatResponse>,
  ) {
    this.#call = start((event, units) => this.#keep(event, units))
    this.#call.result.then(
      () => this.#finish({}),
      (thrown) => this.#finish({ error: { thrown } }),
    )
  }

  response(): Promise<ChatResponse> {
    // A loop may begin in the same turn.
    if (this.#state === 'new') setImmediate(() => this.#drop())
    return this.#call.result
  }

  cancel(reason?: unknown): void {
    this.#forget()
    this.#call.cancel(reason)
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
      this.#call.consume(units)
      taker.resolve({ value: event, done: false })
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
      this.#call.consume(taken.units)
      return Promise.resolve({ value: taken.event, done: false })
    }
    if (!this.#end) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
    const { error } = this.#end
    this.#end = {}
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error.thrown)
  }

  /** The loop was left. */
  #leave(): Promise<IteratorResult<ProviderProgressEvent, undefined>> {
    this.#state = 'left'
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

  #finish(end: { error?: { thrown: unknown } }): void {
    if (this.#state === 'left') return
    const [first, ...others] = this.#takers.splice(0)
    for (const taker of others) taker.resolve(DONE)
    if (first) {
      this.#end = {}
      if (end.error) first.reject(end.error.thrown)
      else first.resolve(DONE)
    } else {
      this.#end = end
    }
  }
}

const DONE = { value: undefined, done: true } as const

/** Who waits for the next event. */
interface Taker {
  resolve(result: IteratorResult<ProviderProgressEvent, undefined>): void
  reject(error: unknown): void
}
