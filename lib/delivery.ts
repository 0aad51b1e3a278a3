import { native, type Outbox } from './native'

/** What a record of the outbox tells. `src/outbox.rs` has the same list. */
export const Kind = {
  Message: 0,
  Reasoning: 1,
  Progress: 2,
  Warning: 3,
  Ask: 4,
  Content: 5,
  WholeReasoning: 6,
  Done: 7,
  Failed: 8,
  Retry: 9,
} as const

/** What takes the records of one call. Neither method throws. */
export interface Receiver {
  /** Takes one record. Returns whether it was the call's last. */
  take(kind: number, text: string): boolean
  /** Takes the messages of its call at the front of `batch`, up to the record `stop`; perhaps none. */
  takeMessages(batch: Batch, stop: number): void
}

/** One delivery, and how far it has been handed on. */
export interface Batch {
  text: string
  records: Uint32Array
  /** The next record. */
  next: number
  /** Where its text begins. */
  at: number
}

/** So long may one turn of the event loop be ours, in milliseconds; the listeners' own time is in it. */
export const TURN = 8

const receivers = new Map<number, Receiver>()
const backlog: Batch[] = []
let outbox: Outbox | undefined
let resuming = false

/** Keeps the process alive while a call is pending: the addon's own handle never does. */
const keepAlive = setInterval(() => {}, 2 ** 30)
keepAlive.unref()

/** The outbox of this thread. */
export function theOutbox(): Outbox {
  outbox ??= new native.Outbox((text, records) => {
    backlog.push({ text, records, next: 0, at: 0 })
    // What came before must be handed on first.
    if (!resuming) handOn()
  })
  return outbox
}

/** From now on, `receiver` takes the records of `call`, until its last. */
export function receive(call: number, receiver: Receiver): void {
  if (receivers.size === 0) keepAlive.ref()
  receivers.set(call, receiver)
}

function handOn(): void {
  resuming = false
  const pace = new Pace(TURN)
  for (let batch = backlog[0]; batch; batch = backlog[0]) {
    handOnSome(batch, pace.stride)
    if (batch.next === batch.records.length) backlog.shift()
    if (pace.isOver() && backlog.length > 0) {
      resuming = true
      setImmediate(handOn)
      return
    }
  }
}

/** At most so many records: a short loop is optimized once, a long one twice, and each costs more than a stream. */
function handOnSome(batch: Batch, count: number): void {
  const { text, records } = batch
  const stop = Math.min(records.length, batch.next + 3 * count)
  while (batch.next < stop) {
    const { next, at } = batch
    const call = records[next] as number
    const kind = records[next + 1] as number
    const receiver = receivers.get(call)
    if (kind === Kind.Message) receiver?.takeMessages(batch, stop)
    if (batch.next > next) continue
    batch.next = next + 3
    batch.at = at + (records[next + 2] as number)
    if (receiver?.take(kind, text.slice(at, batch.at))) forget(call)
  }
}

function forget(call: number): void {
  receivers.delete(call)
  if (receivers.size === 0) keepAlive.unref()
}

/** Watches the time of a turn, without asking for it after every cheap event. */
export class Pace {
  /** How many events may be handed on before it is asked again: dear ones are timed one by one. */
  stride = 1
  readonly #end: number
  #asked: number

  constructor(milliseconds: number) {
    this.#asked = performance.now()
    this.#end = this.#asked + milliseconds
  }

  isOver(): boolean {
    const now = performance.now()
    this.stride = now - this.#asked < 0.25 ? Math.min(this.stride * 2, 256) : 1
    this.#asked = now
    return now >= this.#end
  }
}
