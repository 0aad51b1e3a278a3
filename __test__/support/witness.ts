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

/** How a server can write a key without writing it as it is. */
export const forms: Record<string, (key: string) => string> = {
  plainly: (key) => key,
  'in base64': (key) => Buffer.from(key).toString('base64'),
  'in base64, with its scheme': (key) => Buffer.from(`Bearer ${key}`).toString('base64'),
  'as a URL does': (key) => key.replaceAll(/./g, (character) => `%${code(character, 2).toUpperCase()}`),
  'as a URL does, in small letters': (key) => key.replaceAll('-', `%${code('-', 2)}`),
  'as JSON does': (key) => key.replaceAll(/./g, (character) => `\\u${code(character, 4)}`),
}

function code(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0')
}

/** Enough of each form to be sure of: what stands around a key changes the last characters of its base64. */
const traces = [KEY, OTHER_KEY].flatMap((key) =>
  Object.values(forms).map((form) => form(key).replace(/.{0,3}=*$/, '')),
)

/** Where a key is shown in what was kept. */
export function shownKeys(): string[] {
  // What is shown of an object has its backslashes doubled.
  const shown = (text: string) => [text, text.replaceAll('\\\\', '\\')]
  const texts = seen.flatMap(everythingIn).flatMap(shown)
  return texts.filter((text) => traces.some((trace) => text.includes(trace)))
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
