import { inspect } from 'node:util'
import type { ProviderError, ProviderProgressEvent } from '../../index.js'

/** The keys that tests use: none of them may ever be shown. */
export const KEY = 'sk-witness-0123456789'
export const OTHER_KEY = 'other-witness-9876543210'

const seen: unknown[] = []

/** Keeps `value` for the search that ends each test file. */
export function witness<T>(value: T): T {
  seen.push(value)
  return value
}

/** Where a key is shown in what was kept. */
export function shownKeys(): string[] {
  return seen.flatMap(everythingIn).filter((text) => [KEY, OTHER_KEY].some((key) => text.includes(key)))
}

/** For the test of the search itself. */
export function forget(value: unknown): void {
  seen.splice(seen.indexOf(value), 1)
}

function everythingIn(value: unknown): string[] {
  const texts = [
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
    String(value),
    JSON.stringify(value) ?? '',
  ]
  return value instanceof Error ? [...texts, value.stack ?? '', ...everythingIn({ ...value })] : texts
}

/** What `promise` rejects with. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<ProviderError> {
  const failure = await promise.then(
    (value) => ({ value }),
    (error) => ({ error: witness(error) }),
  )
  if ('error' in failure) return failure.error
  throw new Error(`It did not fail: ${inspect(failure.value)}`)
}

/** What `action` throws. */
export function thrownBy(action: () => unknown): ProviderError {
  let value: unknown
  try {
    value = action()
  } catch (error) {
    return witness(error as ProviderError)
  }
  throw new Error(`It did not throw: ${inspect(value)}`)
}

/** A listener, and the events that it has heard. */
export function listener(): {
  events: ProviderProgressEvent[]
  onProgress: (event: ProviderProgressEvent) => void
} {
  const events: ProviderProgressEvent[] = []
  return { events, onProgress: (event) => void events.push(witness(event)) }
}

/** All events of a loop, to its end. */
export async function eventsOf(
  stream: AsyncIterable<ProviderProgressEvent>,
): Promise<ProviderProgressEvent[]> {
  const events: ProviderProgressEvent[] = []
  for await (const event of stream) events.push(witness(event))
  return events
}

/** The text that events hold. */
export function textOf(events: readonly ProviderProgressEvent[]): string {
  return events.map((event) => (event.type === 'message' ? event.content : '')).join('')
}
