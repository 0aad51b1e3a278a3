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
  ToolCall: 10,
  Numbers: 11,
} as const

/** What takes the records of one call. Neither method throws. */
export interface Receiver {
  /** Takes one record. Returns whether it was the call's last. */
  take(kind: number, text: string): boolean
  /** Takes up to `count` messages of the run that `batch` is at; perhaps none. */
  takeMessages(batch: Batch, count: number): void
  takeNumbers(numbers: Float32Array): void
}

/** One delivery, and how far it has been handed on. */
export interface Batch {
  text: string
  /** Records of one call and kind in a row: call, kind, how many, and the length of each in UTF-16 units. */
  runs: Uint32Array
  /** Of each record of numbers, in order; absent where there is none. */
  numbers: Float32Array[] | null
  /** Where the last run ends. */
  end: number
  /** Of the run that has begun: whose it is, what it tells, how many are left. */
  call: number
  kind: number
  left: number
  /** Where the next length stands, or the next run. */
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

/** As long as what `src/outbox.rs` calls few. */
const spare = new Uint32Array(32)

/** Keeps the process alive while a call is pending: the addon's own handle never does. */
const keepAlive = setInterval(() => {}, 2 ** 30)
keepAlive.unref()

/** The outbox of this thread. */
export function theOutbox(): Outbox {
  outbox ??= new (native().Outbox)((text, given, numbers) => {
    // One kind of list: the loop over it is compiled for one.
    const runs = Array.isArray(given) ? copied(given) : given
    backlog.push({ text, runs, numbers, end: given.length, call: 0, kind: 0, left: 0, next: 0, at: 0 })
    // What came before must be handed on first.
    if (!resuming) handOn()
  })
  return outbox
}

/** Few numbers, in a list that is there already as long as nothing waits: to make one delays a first token. */
function copied(numbers: number[]): Uint32Array {
  const list =
    backlog.length === 0 && numbers.length <= spare.length ? spare : new Uint32Array(numbers.length)
  for (let index = 0; index < numbers.length; index++) list[index] = numbers[index] as number
  return list
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
    if (batch.next === batch.end) backlog.shift()
    if (pace.isOver() && backlog.length > 0) {
      resuming = true
      setImmediate(handOn)
      return
    }
  }
}

/** At most so many records: a short loop is optimized once, a long one twice, and each costs more than a stream. */
function handOnSome(batch: Batch, count: number): void {
  const { text, runs } = batch
  let some = count
  while (some > 0 && batch.next < batch.end) {
    if (batch.left === 0) beginRun(batch)
    const receiver = receivers.get(batch.call)
    const { left } = batch
    if (batch.kind === Kind.Message) receiver?.takeMessages(batch, Math.min(some, left))
    if (batch.left === left) {
      const { at } = batch
      batch.at = at + (runs[batch.next] as number)
      batch.next += 1
      batch.left -= 1
      if (batch.kind === Kind.Numbers) receiver?.takeNumbers(batch.numbers?.shift() as Float32Array)
      else if (receiver?.take(batch.kind, piece(text, at, batch.at))) forget(batch.call)
    }
    some -= left - batch.left
  }
}

/** A small piece of much text is copied: as a slice it would keep all of it, which other calls may have filled. */
function piece(text: string, from: number, to: number): string {
  const slice = text.slice(from, to)
  return text.length - slice.length > MUCH ? ` ${slice}`.slice(1) : slice
}

/** In UTF-16 units. */
const MUCH = 64 * 1024

function beginRun(batch: Batch): void {
  const { runs, next } = batch
  batch.call = runs[next] as number
  batch.kind = runs[next + 1] as number
  batch.left = runs[next + 2] as number
  batch.next = next + 3
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
