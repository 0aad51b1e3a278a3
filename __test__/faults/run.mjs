// Does to thousands of calls what servers and networks do, and says how each ended: `npm run test:faults -- --seed 7`.
import { setMaxListeners } from 'node:events'
import { parseArgs } from 'node:util'
import { casesOf, nameOf } from './cases.mjs'
import { closedPort } from './closed-port.mjs'
import { faults } from './faults.mjs'
import { killed } from './killed.mjs'
import { leftovers, resources } from './leftovers.mjs'
import { writeOutcomes } from './page.mjs'
import { play } from './play.mjs'
import { PlayingServer } from './playing-server.mjs'
import { randomOf } from './random.mjs'
import { restarts } from './restarts.mjs'
import { tableOf } from './table.mjs'

/** What went wrong is shown for so many calls. */
const SHOWN = 20

/** With nothing left to do, this process ends by itself; it gets so many milliseconds for that. */
const ENDS_WITHIN = 5_000

const { values } = parseArgs({
  options: { seed: { type: 'string' }, quick: { type: 'boolean', default: false } },
})
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
if (!Number.isSafeInteger(seed)) throw new Error('--seed takes a whole number')
const extent = values.quick ? { step: 500, each: 1, rounds: 1 } : { step: 10, each: 3, rounds: 5 }
const began = performance.now()
const seconds = () => ((performance.now() - began) / 1000).toFixed(1)
const say = (text) => console.log(`${seconds().padStart(6)} s  ${text}`)

const { signal } = new AbortController()
setMaxListeners(0, signal)
const cases = casesOf(seed, extent)
say(`Seed ${seed}: ${cases.length} calls, and something is done to each`)
const server = await PlayingServer.start()
const before = resources()
const played = await play(cases, { server, closedPort: await closedPort(), signal })

const random = randomOf(seed)
for (const { name, start, request } of killed) {
  say(`A server, ${name}`)
  played.push(...(await restarts({ name, start, request, rounds: extent.rounds, random, signal })))
}

say('What is left: sockets, tasks, listeners')
const left = await leftovers({ server, signal, before })
await server.kill()

const table = tableOf(
  played,
  [...faults, ...killed].map(({ name }) => name),
)
const wrong = played.filter((one) => one.wrong.length > 0)
const ended = [
  `${played.length} calls in ${seconds()} s with seed ${seed}:`,
  `${wrong.length} went wrong; left behind: ${left.join(', ') || 'nothing'}.`,
].join(' ')
console.log(`\n${table}\n`)
for (const one of wrong.slice(0, SHOWN)) console.log(`${nameOf(one)}\n  ${one.wrong.join('\n  ')}`)
say(ended)
if (!values.quick)
  writeOutcomes(`Node ${process.versions.node}, ${process.platform} ${process.arch}. ${ended}\n\n${table}`)
process.exitCode = wrong.length > 0 || left.length > 0 ? 1 : 0
setTimeout(() => {
  say(`It does not end by itself: ${resources()}`)
  process.exit(1)
}, ENDS_WITHIN).unref()
