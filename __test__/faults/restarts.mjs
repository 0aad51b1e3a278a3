import { setTimeout as sleep } from 'node:timers/promises'
import { OpenAICompatibleProvider } from '../../index.js'
import { outcomeOf, ways } from './calls.mjs'
import { endOf, inconsistencies } from './judge.mjs'
import { RETRIES } from './play.mjs'

/** So many ask at the same time, without a pause, each in its own way. */
const ASKING = 12

/**
 * Kills a server and starts it again, `rounds` times, while calls go on. `start` gives it for a port; `request` gives
 * a call's options and the answer that is right.
 */
export async function restarts({ name, start, rounds, random, signal, request }) {
  let server = await start(0)
  const { port } = server
  const played = []
  let isOver = false
  const asking = async (_, index) => {
    const way = Object.keys(ways)[index % 3]
    const retry = index % 2 === 0
    const provider = new OpenAICompatibleProvider({
      host: '127.0.0.1',
      port,
      model: 'm',
      retry: retry ? RETRIES : false,
    })
    while (!isOver) {
      const { right, ...options } = request()
      const outcome = await outcomeOf(way, provider, { ...options, signal })
      played.push({ fault: { name }, way, retry, outcome, wrong: wrongWith(outcome, right) })
      // Nobody answers yet: no need to ask a thousand times.
      if (outcome.error) await sleep(10)
    }
  }
  const asked = Array.from({ length: ASKING }, asking)
  for (let round = 0; round < rounds; round++) {
    await answersOf(played)
    await sleep(50 * random())
    await server.kill()
    await sleep(50 * random())
    server = await start(port)
  }
  await answersOf(played)
  isOver = true
  await Promise.all(asked)
  await server.kill()
  return played
}

/** Resolves when more calls have been answered: the server is up, and under load. */
async function answersOf(played) {
  const before = played.length
  const isAnswered = () => played.slice(before).filter(({ outcome }) => outcome.answer).length >= 2 * ASKING
  const deadline = performance.now() + 30_000
  while (!isAnswered()) {
    if (performance.now() > deadline) throw new Error('The server that was started again answers nothing')
    await sleep(5)
  }
}

/** The whole answer, or an error that holds the beginning of it. */
function wrongWith(outcome, right) {
  const wrong = inconsistencies(outcome)
  const text = outcome.events.map(({ type, content }) => (type === 'message' ? content : '')).join('')
  if (outcome.answer ? text !== right : !right.startsWith(text)) wrong.push(`it told ${JSON.stringify(text)}`)
  if (!['answer', 'connection', 'stream'].includes(endOf(outcome)))
    wrong.push(`it ended with ${endOf(outcome)}`)
  return wrong
}
