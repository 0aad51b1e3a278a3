// What an answer costs beside one a quarter as long.
import { address } from '../address.mjs'
import { threadCpu } from '../cpu.mjs'
import { ask } from './ask.mjs'
import { prepare } from './prepare.mjs'

/** Microseconds, of all repetitions. */
export async function run(job, client) {
  const quarter = { ...job, size: job.size / 4, length: job.length / 4 }
  quarter.address = address(job.server, quarter)
  return { whole: await cost(job, client), quarter: await cost(quarter, client) }
}

async function cost(job, client) {
  const provider = await prepare(job, client)
  const before = threadCpu()
  for (let repetition = 0; repetition < job.repetitions; repetition++) await ask(provider, job.length)
  return threadCpu() - before
}
