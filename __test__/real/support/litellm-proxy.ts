import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PythonEnvironment } from '../../../scripts/steps/python-environment.mjs'
import { until } from '../../support/until.js'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** Some 750 MB: it is no part of the default run. */
const environment = new PythonEnvironment(path('../../../.venv-litellm'), path('litellm-requirements.txt'))

export interface LiteLLMProxy {
  baseURL: string
  stop(): Promise<void>
}

/** LiteLLM's proxy in front of several servers that have the same model, named `tiny`. */
export async function startLiteLLM(servers: readonly string[], key: string): Promise<LiteLLMProxy> {
  const python = await environment.python()
  const folder = await mkdtemp(join(tmpdir(), 'litellm-'))
  const port = await freePort()
  // YAML reads JSON.
  const config = {
    model_list: servers.map((baseURL) => ({
      model_name: 'tiny',
      litellm_params: { model: 'openai/tiny', api_base: baseURL, api_key: 'none' },
    })),
    router_settings: { num_retries: 3, retry_after: 0, cooldown_time: 5 },
    general_settings: { master_key: key },
  }
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))
  const start = 'from litellm.proxy.proxy_cli import run_server; run_server()'
  const args = [
    '-c',
    start,
    '--config',
    join(folder, 'config.yaml'),
    '--host',
    '127.0.0.1',
    '--port',
    `${port}`,
  ]
  const child = spawn(python, [...args, '--telemetry', 'False'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // It would fetch a list of prices at each start.
    env: { ...process.env, LITELLM_LOCAL_MODEL_COST_MAP: 'True', DO_NOT_TRACK: '1' },
  })
  let log = ''
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-4000)
    })
  }
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  const answers = () =>
    fetch(`${url}/health/liveliness`).then(
      ({ ok }) => ok,
      () => false,
    )
  try {
    const isReady = until('LiteLLM answers', answers, 120_000)
    await Promise.race([isReady, ended.then(() => Promise.reject(new Error('LiteLLM ended')))])
  } catch (error) {
    await stop()
    throw new Error(`LiteLLM does not start:\n${log}`, { cause: error })
  }
  return { baseURL: `${url}/v1`, stop }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
