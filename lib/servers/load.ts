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

/** The options that belong to the command itself. */
export function loadingOf({ contextLength, ttl, extraBody }: LoadOptions): Record<string, unknown> {
  return { contextLength, ttl, extraBody }
}
