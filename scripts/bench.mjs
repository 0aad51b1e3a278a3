// Side by side with what users would pick instead: `npm run bench -- --rows 1,9 --rounds 3 --quick` for a part of it.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { prepare } from './steps/prepare.mjs'
import { main } from './steps/run.mjs'

const load = loadavg()[0]
const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    clients: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const rows = values.rows?.split(',')
const clients = values.clients?.split(',')
const whole = !(rows || clients || values.rounds || values.quick)

await main(async () => {
  await prepare()
  const bench = new URL('../bench/', import.meta.url)
  if (!existsSync(new URL('node_modules', bench))) {
    execFileSync('npm', ['install', '--no-save'], { cwd: bench, stdio: 'inherit' })
  }
  const { buildPrograms } = await import('../bench/programs.mjs')
  buildPrograms()

  const { run } = await import('../bench/run.mjs')
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 5))
  await run({ rows, clients, rounds, quick: values.quick, write: values.write || whole, load })
})
