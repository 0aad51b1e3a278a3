// The measured process: one client, one job, once. Takes the job and prints the outcome, both as JSON.
import { clients } from './clients.mjs'

const job = JSON.parse(process.argv[2])
const { run } = await import(`./jobs/${job.name}.mjs`)
const outcome = await run(job, clients[job.client])
// Connections that are kept alive would hold some clients here for seconds.
process.stdout.write(`\n${JSON.stringify(outcome)}\n`, () => process.exit())
