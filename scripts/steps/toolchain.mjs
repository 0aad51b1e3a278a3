import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, root } from './run.mjs'

// What @napi-rs/cli asks for; the package itself runs on any Node from 20.0 on.
const NODE_MINORS = { 20: 17, 22: 13 }
const PYTHON = '3.10'

/** Throws a Failure unless this Node can build and test the project. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major >= 24 || minor >= NODE_MINORS[major]) return
  throw new Failure(
    `Node 20.17, 22.13, 24 or later is needed; this is ${process.versions.node}. Get it from https://nodejs.org.`,
  )
}

/** Throws a Failure unless cargo and rustc are there and new enough. */
export function checkRust() {
  const needed = /^rust-version = "(.+)"$/m.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))[1]
  const advice = `Rust ${needed} or later is needed to build the addon. Get it from https://rustup.rs`
  for (const tool of ['rustc', 'cargo']) {
    const found = versionOf(tool)
    if (!found) throw new Failure(`${tool} was not found. ${advice}.`)
    if (!isAtLeast(found, needed))
      throw new Failure(`${tool} ${found} was found. ${advice} or with \`rustup update\`.`)
  }
}

/** The command of a Python that can run the test server; throws a Failure if there is none. */
export function findPython() {
  const found = ['python3', 'python'].map((command) => ({ command, version: versionOf(command) }))
  const usable = found.find(({ version }) => version && isAtLeast(version, PYTHON))
  if (usable) return usable.command
  const seen = found
    .filter(({ version }) => version)
    .map(({ command, version }) => `${command} is ${version}`)
  throw new Failure(
    `Python ${PYTHON} or later is needed to run llama.cpp's server; ${seen.join(', ') || 'none was found'}. Get it from https://www.python.org.`,
  )
}

/** 'rustc 1.88.0 (6b00bc388)' → '1.88.0'; undefined where the command is missing or does not work. */
function versionOf(command) {
  try {
    const line = execFileSync(command, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return /\d+\.\d+(\.\d+)?/.exec(line)?.[0]
  } catch {
    return undefined
  }
}

function isAtLeast(found, needed) {
  return found.localeCompare(needed, 'en', { numeric: true }) >= 0
}
