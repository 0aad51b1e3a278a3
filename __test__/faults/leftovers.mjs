import { getEventListeners } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'

// Of the addon itself: the package has no such question.
const { aliveTasks } = createRequire(import.meta.url)('../../native.js')

/** One task closes connections that nobody used for some seconds; it lives as long as the process. */
const LASTING_TASKS = 1

/** The engine keeps a connection for 4 s in case it is used again, and looks every 4 s. */
const WITHIN = 12_000

/** What keeps this process from ending. */
export function resources() {
  return process.getActiveResourcesInfo().sort().join(', ')
}

/** What the calls left behind, in words. `before`: the resources then. */
export async function leftovers({ server, signal, before }) {
  const left = async () => ({
    'open sockets at the server': await server.open(),
    'tasks of the engine': Math.max(0, aliveTasks() - LASTING_TASKS),
    'listeners of the signal': getEventListeners(signal, 'abort').length,
  })
  const deadline = performance.now() + WITHIN
  let counts = await left()
  while (Object.values(counts).some((count) => count > 0) && performance.now() < deadline) {
    await sleep(50)
    counts = await left()
  }
  const kept = Object.entries(counts).filter(([, count]) => count > 0)
  const words = kept.map(([what, count]) => `${what}: ${count}`)
  const now = resources()
  return now === before ? words : [...words, `resources: ${now}; before: ${before}`]
}
