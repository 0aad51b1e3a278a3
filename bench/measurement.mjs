import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Failure } from '../scripts/steps/run.mjs'
import { clients } from './clients.mjs'
import { program } from './programs.mjs'

const LIMIT = 180_000
const script = fileURLToPath(new URL('measure.mjs', import.meta.url))

/** Runs a job of one client in a fresh process, and gives its outcome. Nothing of the environment changes a client. */
export async function measure(clientName, job) {
  const client = clients[clientName]
  const input = JSON.stringify({ ...job, client: clientName })
  const [file, ...args] = client.program
    ? [program(client.program), input]
    : [process.execPath, script, input]
  const options = {
    env: { PATH: process.env.PATH },
    timeout: LIMIT,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 24,
  }
  try {
    const { stdout } = await promisify(execFile)(file, args, options)
    // Some clients have their own to say before it.
    return JSON.parse(stdout.trim().split('\n').at(-1))
  } catch (error) {
    const reason = error.killed ? `no outcome after ${LIMIT / 1000} s` : error.stderr || error.message
    throw new Failure(`${client.title} failed: ${reason}`)
  }
}
