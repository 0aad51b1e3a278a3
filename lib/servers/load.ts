import { describe, mistake } from '../arguments'
import type { CallOptions } from '../config'

/** For loading or fetching a model. There is no `metadata` clock on it: `firstToken` runs, and each progress restarts it. */
export interface LoadOptions extends CallOptions {
  /** In tokens. */
  contextLength?: number | undefined
  /** How long it stays loaded while nobody asks it, in milliseconds. */
  ttl?: number | undefined
  /** Merged into the top level of the request, in the wire's own names. */
  extraBody?: Record<string, unknown> | undefined
  /** How far the server is, in its own words; `done` of `total` in the server's own unit (bytes, percent, …). */
  onProgress?: ((progress: { status: string; done?: number; total?: number }) => void) | undefined
}

/** The options that belong to the command itself, checked. */
export function loadingOf({ contextLength, ttl, extraBody }: LoadOptions): Record<string, unknown> {
  if (contextLength !== undefined && !(Number.isSafeInteger(contextLength) && contextLength > 0))
    throw mistake(
      `\`contextLength\` must be a whole number of tokens, 1 or more, not ${describe(contextLength)}`,
    )
  if (ttl !== undefined && !(typeof ttl === 'number' && ttl >= 0))
    throw mistake(`\`ttl\` must be a number of milliseconds, 0 or more, not ${describe(ttl)}`)
  return { contextLength, ttl, extraBody }
}
