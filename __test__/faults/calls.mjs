import { setTimeout as sleep } from 'node:timers/promises'

/** No clock but those that a fault is about may end a call. */
export const TIMEOUT = { connect: 10_000, firstToken: 10_000, idle: 10_000, total: 20_000 }

/** How much later than its clock a call may end on a machine with other work. */
export const GRACE = 2_000

/** The ways to ask for an answer. Each gives what it learns, and tells `hear` each event. */
export const ways = {
  async query(provider, options, hear) {
    const content = await provider.query({ ...options, onProgress: hear })
    return { content, isTextOnly: true }
  },

  async chat(provider, { prompt, ...options }, hear) {
    return await provider.chat({ ...options, messages: messagesOf(prompt), onProgress: hear })
  },

  async stream(provider, { prompt, ...options }, hear) {
    const stream = provider.stream({ ...options, messages: messagesOf(prompt) })
    const [looped, responded] = await Promise.allSettled([heardBy(hear, stream), stream.response()])
    if (looped.reason !== responded.reason) throw new Error('The loop and response() ended differently')
    if (responded.status === 'rejected') throw responded.reason
    return responded.value
  },
}

function messagesOf(prompt) {
  return [{ role: 'user', content: prompt }]
}

async function heardBy(hear, stream) {
  for await (const event of stream) hear(event)
}

/** Asks, and gives what became of it: `{ events, elapsed }` and `answer`, `error` or `hangs`. */
export async function outcomeOf(way, provider, options) {
  const events = []
  const began = performance.now()
  const timeout = { ...TIMEOUT, ...options.timeout }
  const asked = ways[way](provider, { ...options, timeout }, (event) => void events.push(event)).then(
    (answer) => ({ answer }),
    (error) => ({ error }),
  )
  const given = new AbortController()
  const late = sleep(timeout.total + GRACE, { hangs: true }, { signal: given.signal }).catch(() => {})
  const end = await Promise.race([asked, late])
  given.abort()
  return { ...end, events: [...events], elapsed: performance.now() - began }
}

/** Does `work` with each of `items`, `width` at a time. */
export async function eachOf(items, width, work) {
  const rest = items.values()
  const worker = async () => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
