import { afterAll, beforeAll, expect } from 'vitest'

/** The errors that nobody handles while a file's tests run. At their end there must be none. */
export function unhandledErrors(): readonly unknown[] {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  beforeAll(() => {
    process.on('uncaughtException', note).on('unhandledRejection', note)
  })
  afterAll(async () => {
    // Rejections without a handler are told after the microtasks.
    await new Promise(setImmediate)
    process.off('uncaughtException', note).off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
  return unhandled
}
