// From the abort of an answer in its middle to the end of its connection, as the server sees it.
import { setTimeout } from 'node:timers/promises'
import { lastLeaving } from '../leaving.mjs'
import { median } from '../median.mjs'
import { prepare } from './prepare.mjs'

const REST = 5
/** A server that has seen nothing by then is asked again. */
const PAUSE = 50

/** Microseconds. */
export async function run(job, client) {
  const provider = await prepare(job, client)
  const times = []
  let leaving = await lastLeaving(job.server)
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    const controller = new AbortController()
    await firstText(provider, controller.signal)
    await setTimeout(REST)
    const aborted = performance.now()
    controller.abort()
    const { left } = leaving
    while (leaving.left === left) {
      await setTimeout(PAUSE)
      leaving = await lastLeaving(job.server)
    }
    times.push((leaving.at - aborted) * 1000)
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
