import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'

const PACKAGES = ['openai', 'ai', '@ai-sdk/openai-compatible', 'ollama', 'undici']

export function machine() {
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus()[0].model}, ${availableParallelism()} cores, ${memory} GiB, ${type()} ${release()}`
}

export function versions() {
  const packages = PACKAGES.map((name) => `${name} ${packageVersion(`node_modules/${name}/package.json`)}`)
  const rust = execFileSync('rustc', ['--version'], { encoding: 'utf8' }).split(' ')[1]
  const ours = packageVersion('../package.json')
  return [`local-llm-provider ${ours}`, ...packages, `Node ${process.versions.node}`, `Rust ${rust}`].join(
    ', ',
  )
}

function packageVersion(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version
}
