import { address } from './address.mjs'
import { checkDescriptors } from './descriptors.mjs'
import { figures } from './figures.mjs'
import { measure } from './measurement.mjs'

const DEFAULTS = { chunks: 1, rate: 0, size: 4, text: 'ascii', streams: 1, repetitions: 1, history: 0 }
const WARM_UP = { ...DEFAULTS, chunks: 20 }

/** Measures a scenario, each round in the other direction, so that no client always follows the same one. */
export async function measureRounds(scenario, { rounds, quick, only, server, progress }) {
  const job = { ...DEFAULTS, ...scenario.job, ...(quick && scenario.quick) }
  checkDescriptors(job.streams)
  const input = {
    ...job,
    server: server.url,
    address: address(server.url, job),
    warmUp: address(server.url, WARM_UP),
    length: job.chunks * job.size,
  }
  // What a row is measured over is needed for every other figure of it.
  const bases = scenario.rows.map(({ over }) => over)
  const names = scenario.clients.filter((name) => !only || [...only, ...bases].includes(name))
  const outcomes = []
  for (let round = 0; round < rounds; round++) {
    progress(`${scenario.title}: round ${round + 1} of ${rounds}:`)
    const outcome = {}
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      progress(` ${name}`)
      outcome[name] = await measure(name, input)
    }
    progress('\n')
    outcomes.push(outcome)
  }
  return scenario.rows.map((row) => ({
    ...row,
    title: scenario.title,
    figures: figures(row, job, names, outcomes),
  }))
}
