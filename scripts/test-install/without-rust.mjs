import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { Failure } from '../steps/run.mjs'

const find = (command, folders) =>
  folders.map((folder) => join(folder, command)).find((path) => existsSync(path) || existsSync(`${path}.exe`))

/** Gives a function that runs a command where there is no Rust, and resolves with what it printed. */
export async function withoutRust(folder) {
  const everything = process.env.PATH.split(delimiter)
  const folders = everything.filter((path) => !(find('cargo', [path]) || find('rustc', [path])))
  // Where Rust lives in the same folder as Node, that folder is gone too.
  const links = join(folder, 'bin')
  mkdirSync(links)
  for (const command of ['node', 'npm'].filter((name) => !find(name, folders))) {
    symlinkSync(realpathSync(find(command, everything)), join(links, command))
  }
  const env = { ...process.env, PATH: [links, ...folders].join(delimiter) }
  // It would make the loader take another binary than the installed one.
  delete env.NAPI_RS_NATIVE_LIBRARY_PATH

  const execute = async (command, args, cwd) => {
    const shell = process.platform === 'win32' && command === 'npm'
    try {
      return (await promisify(execFile)(command, args, { cwd, env, shell })).stdout
    } catch (error) {
      const output = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim()
      throw new Failure(`${command} ${args.join(' ')}\n${output || error.message}`)
    }
  }
  for (const tool of ['cargo', 'rustc']) await assert.rejects(execute(tool, ['--version'], folder), /ENOENT/)
  return execute
}
