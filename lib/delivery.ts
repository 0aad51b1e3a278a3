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
} as const

/** What takes the records of one call. Neither method throws. */
export interface Receiver {
  /** Returns whether this was the call's last record. */
  take(kind: number, text: string): boolean
}

/** One delivery, and how far it has been handed on. */
interface Batch {
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
  let { next, at } = batch
  const stop = Math.min(records.length, next + 3 * count)
  let known = -1
  let receiver: Receiver | undefined
  while (next < stop) {
    const call = records[next] as number
    const end = at + (records[next + 2] as number)
    if (call !== known) {
      known = call
      receiver = receivers.get(call)
    }
    const isLast = receiver?.take(records[next + 1] as number, text.slice(at, end))
    next += 3
    at = end
    if (isLast) {
      known = -1
      forget(call)
    }
  }
  batch.next = next
  batch.at = at
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
