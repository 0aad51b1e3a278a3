import { execFile } from 'node:child_process'
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Failure } from './run.mjs'
import { findPython } from './toolchain.mjs'

const execute = promisify(execFile)
const cache = fileURLToPath(new URL('../../.cache', import.meta.url))

/** A virtual environment of Python in `folder`, with what a file of requirements asks for. */
export class PythonEnvironment {
  #folder
  #requirements

  constructor(folder, requirements) {
    this.#folder = folder
    this.#requirements = requirements
  }

  /** True if it holds what it should. */
  async isInstalled() {
    // The copy is written last, so an environment that has it is complete.
    const installed = await readFile(join(this.#folder, 'requirements.txt'), 'utf8').catch(() => undefined)
    return installed === (await readFile(this.#requirements, 'utf8'))
  }

  /** Its Python; creates it where it is missing or outdated. (Other programs in it name the folder it was built in.) */
  async python() {
    if (!(await this.isInstalled())) await this.#create()
    return interpreter(this.#folder)
  }

  async #create() {
    // Several processes may do this at once: each builds its own, and the first rename wins.
    const fresh = join(cache, `venv-${process.pid}`)
    try {
      await mkdir(cache, { recursive: true })
      await must(
        findPython(),
        ['-m', 'venv', fresh],
        'python3 -m venv failed. On Debian and Ubuntu it needs: apt install python3-venv',
      )
      await must(
        interpreter(fresh),
        ['-m', 'pip', 'install', '--quiet', '-r', this.#requirements],
        `pip could not install what ${this.#requirements} asks for`,
      )
      await copyFile(this.#requirements, join(fresh, 'requirements.txt'))
      await rename(fresh, this.#folder).catch(async (error) => {
        if (await this.isInstalled()) return
        if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) throw error
        await rm(this.#folder, { recursive: true, force: true })
        await rename(fresh, this.#folder)
      })
    } finally {
      await rm(fresh, { recursive: true, force: true })
    }
  }
}

function interpreter(folder) {
  return join(folder, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']))
}

async function must(command, args, complaint) {
  try {
    await execute(command, args)
  } catch (error) {
    throw new Failure(`${complaint}\n${error.stdout}${error.stderr}`.trim())
  }
}
