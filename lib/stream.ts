import type { Call } from './call'
import type { ChatResponse, ChatStream } from './chat'
import { ConfigurationError } from './errors'
import type { ProviderProgressEvent } from './events'

/** The events of a call, for one `for await`. */
export class EventStream implements ChatStream {
  readonly #call: Call<ChatResponse>
  /** Events that nobody has taken yet, each with what it costs. */
  #waiting: { event: ProviderProgressEvent; units: number }[] = []
  #next = 0
  /** How the call ended, once it has. */
  #end: { error?: unknown } | undefined
  /** Who waits for the next event. */
  #wake: (() => void) | undefined
  #state: 'new' | 'iterated' | 'left' | 'dropped' = 'new'

  constructor(
    start: (listener: (event: ProviderProgressEvent, units: number) => void) => Call<ChatResponse>,
  ) {
    this.#call = start((event, units) => this.#keep(event, units))
    this.#call.result.then(
      () => this.#finish({}),
      (error) => this.#finish({ error }),
    )
  }

  response(): Promise<ChatResponse> {
    // A loop may begin in the same turn.
    if (this.#state === 'new') setImmediate(() => this.#drop())
    return this.#call.result
  }

  cancel(reason?: unknown): void {
    this.#call.cancel(reason)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ProviderProgressEvent, void, undefined> {
    if (this.#state !== 'new') {
      const why =
        this.#state !== 'dropped'
          ? 'it can be iterated only once'
          : 'its events were dropped: begin the loop before, or in the same turn as, response()'
      throw new ConfigurationError({
        code: 'configuration',
        message: `This stream has no more events: ${why}`,
      })
    }
    this.#state = 'iterated'
    try {
      while (true) {
        const taken = this.#waiting[this.#next]
        if (taken) {
          this.#next += 1
          this.#call.consume(taken.units)
          yield taken.event
        } else if (this.#end) {
          if ('error' in this.#end) throw this.#end.error
          return
        } else {
          this.#waiting = []
          this.#next = 0
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      // The loop was left, or the call has ended anyway.
      this.#state = 'left'
      this.#waiting = []
      this.#call.cancel()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel()
    await this.#call.result.catch(() => {})
  }

  #keep(event: ProviderProgressEvent, units: number): void {
    if (this.#state === 'dropped' || this.#state === 'left') {
      this.#call.consume(units)
      return
    }
    this.#waiting.push({ event, units })
    this.#wakeUp()
  }

  #drop(): void {
    if (this.#state !== 'new') return
    this.#state = 'dropped'
    for (const { units } of this.#waiting) this.#call.consume(units)
    this.#waiting = []
  }

  #finish(end: { error?: unknown }): void {
    this.#end = end
    this.#wakeUp()
  }

  #wakeUp(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}
