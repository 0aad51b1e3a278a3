import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { document } from './document.mjs'
import { startLoadServer } from './load-server.mjs'
import { details, summary } from './report.mjs'
import { measureRounds } from './rounds.mjs'
import { scenarios } from './scenarios.mjs'
import { unfit } from './verdict.mjs'

const page = new URL('../docs/benchmarks.md', import.meta.url)

/** `load` is the load average before anything was built; `rows` and `clients` are all where they are not given. */
export async function run({ rows: wanted, clients: only, rounds, quick, write, load }) {
  const isWanted = ({ row }) => !wanted || wanted.includes(row)
  const chosen = scenarios
    .map((scenario) => ({ ...scenario, rows: scenario.rows.filter(isWanted) }))
    .filter((scenario) => scenario.rows.length > 0)
  if (chosen.length === 0) throw new Error(`no such row: ${wanted.join(', ')}`)
  const progress = (text) => process.stderr.write(text)
  const rows = []
  const server = await startLoadServer()
  try {
    for (const scenario of chosen) {
      const measured = await measureRounds(scenario, { rounds, quick, only, server, progress })
      console.log(`${measured.map(details).join('\n\n')}\n`)
      rows.push(...measured)
    }
  } finally {
    await server.stop()
  }
  const loadAfter = loadavg()[0]
  console.log(summary(rows, unfit({ load, rounds, quick })))
  console.log(`\nLoad average ${load.toFixed(2)} before, ${loadAfter.toFixed(2)} after.`)
  if (write) writeFileSync(page, document(rows, { rounds, quick, load, loadAfter }))
}
