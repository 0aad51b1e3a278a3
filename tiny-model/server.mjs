import { spawn } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createGunzip } from 'node:zlib'
import { environment } from './python.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))
const packed = path('tiny-chat.gguf.gz')
const model = path('../.cache/tiny-chat.gguf')

/** To answer /health, from the start of its process; it takes 0.3 s where nothing else runs. */
const READY_WITHIN = 60_000
const STOP_WITHIN = 5_000
const LOG_KEPT = 4_000

/** @type {typeof import('./server.mjs').startLlamaServer} */
export async function startLlamaServer(options = {}) {
  await unpack()
  const args = [path('serve.py'), model, '--until-stdin-closes', '--port', String(options.port ?? 0)]
  for (const name of ['slots', 'context', 'key', 'alias', 'ping', 'template']) {
    if (options[name] !== undefined) args.push(`--${name}`, String(options[name]))
  }
  if (options.embeddings) args.push('--embeddings')

  const child = spawn(await environment.python(), args, { stdio: 'pipe' })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-LOG_KEPT)
  })
  // Closing its stdin is how it is told to end, and that may find it gone already.
  child.stdin.on('error', () => {})

  const stop = async () => {
    child.stdin.end()
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN)
    await ended
    clearTimeout(timer)
  }
  try {
    const url = await ready(child, ended)
    // From here on the server alone keeps nobody waiting: a program that forgets `stop()` still ends, and takes it along.
    for (const handle of [child, child.stdin, child.stdout, child.stderr]) handle.unref()
    return { url, port: Number(new URL(url).port), pid: child.pid, stop }
  } catch (error) {
    await stop()
    throw new Error(`llama.cpp's server: ${error.message}\n${log.trim()}`)
  }
}

/** Its address, once /health says that the model is loaded. */
async function ready(child, ended) {
  const deadline = AbortSignal.timeout(READY_WITHIN)
  const failed = Promise.race([
    new Promise((_, reject) => child.once('error', reject)),
    ended.then((code) => Promise.reject(new Error(`ended with exit code ${code} before it was ready`))),
    new Promise((_, reject) =>
      deadline.addEventListener('abort', () => reject(new Error(`not ready after ${READY_WITHIN / 1000} s`))),
    ),
  ])
  failed.catch(() => {})
  const lines = createInterface({ input: child.stdout })
  const url = await Promise.race([new Promise((resolve) => lines.once('line', resolve)), failed])
  const healthy = async () => {
    const answer = await fetch(`${url}/health`, { signal: deadline }).catch(() => undefined)
    return answer?.ok
  }
  while (!(await Promise.race([healthy(), failed]))) await sleep(20)
  return url
}

/** The model as a file. A server may have the old one open, and another process may unpack it too: hence the rename. */
async function unpack() {
  const [source, target] = await Promise.all([stat(packed), stat(model).catch(() => undefined)])
  if (target && target.mtimeMs >= source.mtimeMs) return
  const fresh = `${model}.${process.pid}`
  try {
    await mkdir(path('../.cache'), { recursive: true })
    await pipeline(createReadStream(packed), createGunzip(), createWriteStream(fresh))
    await rename(fresh, model)
  } finally {
    await rm(fresh, { force: true })
  }
}
