import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { program } from './programs.mjs'

/** Starts the load server; it ends with `stop`, or with this process. */
export async function startLoadServer() {
  const server = spawn(program('load-server'), { stdio: ['pipe', 'pipe', 'inherit'] })
  const [port] = await once(createInterface(server.stdout), 'line')
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.stdin.end()
      await once(server, 'exit')
    },
  }
}
