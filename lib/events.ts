import type { ErrorCode } from './errors'
import type { ToolCall } from './tools'

/**
 * What happens while an answer arrives. A plain answer gives `message`s and one `completion`; each of the others comes
 * only when what it tells happens. The union may grow in a minor version.
 */
export type ProviderProgressEvent =
  /** A piece of the answer's text; never empty. */
  | { type: 'message'; content: string }
  /** A piece of the reasoning; never empty. */
  | { type: 'reasoning'; content: string }
  /** A whole call, as soon as nothing more of it can come. */
  | { type: 'tool_call'; toolCall: ToolCall }
  /**
   * A tool is about to be executed: in the order of the calls, those of one answer side by side. A call that is not
   * executed (it is `invalid`, of no tool, or made for the third time) has neither this event nor the next.
   */
  | { type: 'tool_start'; toolName: string; callId: string; input: Record<string, unknown> }
  /**
   * It has returned `result`, or thrown, or given an image or a sound that cannot be read: `error` says why. After its
   * `tool_start`, before the next answer.
   */
  | { type: 'tool_end'; toolName: string; callId: string; result?: unknown; error?: string }
  /** Only where the server tells: it is loading its model, or reading the prompt (`done` of `total` tokens). */
  | { type: 'progress'; phase: 'loading' | 'prompt'; done?: number; total?: number }
  /**
   * The request failed and will be sent again: it was sent `attempt` times so far (1 at first), and `delay`
   * milliseconds are waited now. `error` and `errorType` are what the last attempt failed with, as an error's
   * `message` and `code`.
   */
  | { type: 'retry'; attempt: number; delay: number; error: string; errorType: ErrorCode }
  /** A deviation of the server was repaired, or something was changed or left out. Each once a call. */
  | { type: 'warning'; code: string; message: string }
  /** Once, just before the promise rejects or the loop throws, with the same code; not for what the listener threw. */
  | { type: 'error'; message: string; code: ErrorCode }
  /** Once, at the end of the (last) answer, also of one that its limit cut off. */
  | { type: 'completion' }

/**
 * Called in order, one at a time: if it returns a promise, the next event waits for it (so never await the call
 * itself inside it), and the server is not read faster than its events are taken. What it throws, or rejects with,
 * cancels the request and rejects the call with that same value. What else it returns does not matter.
 *
 * (The method form lets a host pass a callback that knows fewer events.)
 */
// biome-ignore lint/suspicious/noExplicitAny: where a host wants `void | Promise<void>`, it fits, too, unlike `unknown`
export type ProgressCallback = { on(event: ProviderProgressEvent): any }['on']
