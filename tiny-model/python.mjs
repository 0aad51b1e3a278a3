import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Failure } from '../scripts/steps/run.mjs'
import { findPython } from '../scripts/steps/toolchain.mjs'

const execute = promisify(execFile)
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

const requirements = path('requirements.txt')
const environment = path('../.venv')
const interpreter = (folder) =>
  join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))

/** True if `.venv` holds what requirements.txt asks for. */
export async function isInstalled() {
  // The copy is written last, so an environment that has it is complete.
  const installed = await readFile(join(environment, 'requirements.txt'), 'utf8').catch(() => undefined)
  return installed === (await readFile(requirements, 'utf8'))
}

/** The Python of `.venv`, which has llama.cpp's server; creates the environment where it is missing or outdated. */
export async function python() {
  if (!(await isInstalled())) await create()
  return interpreter(environment)
}

async function create() {
  const command = findPython()
  // Several processes may do this at once: each builds its own, and the first rename wins.
  const fresh = path(`../.cache/venv-${process.pid}`)
  try {
    await mkdir(path('../.cache'), { recursive: true })
    await must(
      command,
      ['-m', 'venv', fresh],
      'python3 -m venv failed. On Debian and Ubuntu it needs: apt install python3-venv',
    )
    await must(
      interpreter(fresh),
      ['-m', 'pip', 'install', '--quiet', '-r', requirements],
      'pip could not install llama.cpp’s server',
    )
    await copyFile(requirements, join(fresh, 'requirements.txt'))
    await rename(fresh, environment).catch(async (error) => {
      if (await isInstalled()) return
      if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) throw error
      await rm(environment, { recursive: true, force: true })
      await rename(fresh, environment)
    })
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

async function must(command, args, complaint) {
  try {
    await execute(command, args)
  } catch (error) {
    throw new Failure(`${complaint}\n${error.stdout}${error.stderr}`.trim())
  }
}
