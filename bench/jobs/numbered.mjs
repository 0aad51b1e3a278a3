// `streams` answers side by side. Each is asked for a number of its own, and each of its chunks says that number and
// its place in the answer: what got lost, doubled, out of order or into another stream shows.
import { eventLoopDelay } from '../event-loop-delay.mjs'
import { prepare } from './prepare.mjs'

/** Microseconds. */
export async function run(job, client) {
  const provider = await prepare(job, client)
  const delay = eventLoopDelay()
  delay.enable()
  const texts = await Promise.all(Array.from({ length: job.streams }, (_, number) => ask(provider, number)))
  await delay.settled()
  const delayP99 = delay.p99()
  for (const [number, text] of texts.entries()) check(text, number, job.chunks)
  return { delayP99 }
}

async function ask(provider, number) {
  let text = ''
  const onText = (piece) => {
    text += piece
  }
  await provider.ask(onText, { messages: [{ role: 'user', content: String(number) }] })
  return text
}

function check(text, number, chunks) {
  const expected = Array.from({ length: chunks }, (_, place) => `${number}.${place} `).join('')
  if (text !== expected) throw new Error(`stream ${number} said '${text}', not '${expected}'`)
}
