import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bold, cyan, dim, red } from './terminal.mjs'

export const root = fileURLToPath(new URL('../../', import.meta.url))

const path = join(root, 'node_modules', '.bin') + delimiter + process.env.PATH
const started = performance.now()
const elapsed = () => `[${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s]`

/** Something that the person at the terminal can mend: shown without a stack. */
export class Failure extends Error {}

/** Says what is being done, with the time since the start. */
export function heading(text) {
  console.log(`${cyan(elapsed())} ${bold(text)}`)
}

/** Runs a command of the system or of node_modules in the project's root; its output goes straight to the terminal. */
export async function run(command, args) {
  const line = [command, ...args].join(' ')
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, PATH: path },
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  // In a terminal the tools draw their own progress; in a log, silence looks like a hang.
  const heartbeat = setInterval(() => console.log(dim(`${elapsed()} … ${line}`)), 30_000)
  if (process.stdout.isTTY) clearInterval(heartbeat)
  try {
    await new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new Failure(`${command} could not be started: ${error.message}`)))
      child.on('close', (code, signal) => {
        if (code === 0) resolve()
        else reject(new Failure(`${line}: ${signal ? `ended by ${signal}` : `exit code ${code}`}`))
      })
    })
  } finally {
    clearInterval(heartbeat)
  }
}

/** Runs all of them, whatever becomes of the others: one run then shows everything there is to mend. */
export async function runAll(commands) {
  const failed = []
  for (const [title, [command, args]] of Object.entries(commands)) {
    heading(title)
    await run(command, args).catch((error) => failed.push(error.message))
  }
  if (failed.length > 0) throw new Failure(failed.join('\n'))
}

/** The body of a script: its exit code is 1 if `work` throws. */
export async function main(work) {
  process.chdir(root)
  try {
    await work()
  } catch (error) {
    console.error(error instanceof Failure ? `\n${red('Failed:')} ${error.message}` : error)
    process.exitCode = 1
  }
}
