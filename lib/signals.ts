import type { AbortSignalLike } from './config'

/** One listener a signal, however many calls share it: Node warns at the eleventh. */
const subscribers = new WeakMap<AbortSignalLike, Set<() => void>>()

/** Calls `callback` once the signal aborts. Returns what ends the subscription. */
export function onAbort(signal: AbortSignalLike, callback: () => void): () => void {
  const known = subscribers.get(signal)
  const callbacks = known ?? new Set<() => void>()
  const listener = () => {
    for (const each of [...callbacks]) each()
  }
  if (!known) {
    subscribers.set(signal, callbacks)
    signal.addEventListener('abort', listener, { once: true })
    removers.set(callbacks, () => signal.removeEventListener('abort', listener))
  }
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0 || subscribers.get(signal) !== callbacks) return
    subscribers.delete(signal)
    removers.get(callbacks)?.()
  }
}

const removers = new WeakMap<Set<() => void>, () => void>()
