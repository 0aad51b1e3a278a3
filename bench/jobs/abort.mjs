// From the abort of an answer in its middle to the end of its connection, as the server sees it.
import { get } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { median } from '../median.mjs'
import { prepare } from './prepare.mjs'

const REST = 5
/** A server that has seen nothing by then is asked again. */
const PAUSE = 50

/** Microseconds. */
export async function run(job, client) {
  const provider = await prepare(job, client)
  const times = []
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    const controller = new AbortController()
    await firstText(provider, controller.signal)
    await setTimeout(REST)
    const aborted = performance.now()
    controller.abort()
    times.push(((await left(job.server)) - aborted) * 1000)
  }
  return { abort: median(times) }
}

function firstText(provider, signal) {
  return new Promise((resolve, reject) => {
    // After the abort it does not matter any more how a client ends.
    provider
      .ask(resolve, { signal })
      .then(() => reject(new Error('the answer ended before it was aborted')), reject)
  })
}

/** When the server saw the client leave, by this process's clock, give or take half of an exchange with the server. */
async function left(server) {
  for (;;) {
    await setTimeout(PAUSE)
    const asked = performance.now()
    const ago = await microsecondsAgo(`${server}/leaving`)
    const answered = performance.now()
    if (ago !== null) return (asked + answered) / 2 - ago / 1000
  }
}

function microsecondsAgo(url) {
  return new Promise((resolve, reject) => {
    get(url, (response) => json(response).then(({ ago }) => resolve(ago), reject)).on('error', reject)
  })
}
