// From the call to the first text, one after the other, each from rest.
import { setTimeout } from 'node:timers/promises'
import { median } from '../median.mjs'
import { ask } from './ask.mjs'
import { prepare } from './prepare.mjs'

const REST = 5

/** Microseconds. */
export async function run(job, client) {
  const provider = await prepare(job, client)
  const times = []
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    await setTimeout(REST)
    let first = 0
    const start = performance.now()
    await ask(provider, job.length, () => {
      first ||= performance.now()
    })
    times.push((first - start) * 1000)
  }
  return { firstToken: median(times) }
}
