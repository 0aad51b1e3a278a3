import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

/** A server that accepts no connection, and whose backlog is full: to connect to it takes forever. */
export async function startDeafServer(): Promise<{ baseURL: string }> {
  const worker = new Worker(new URL('../fixtures/deaf-server.mjs', import.meta.url))
  const sockets: Socket[] = []
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await worker.terminate()
  })
  const [port] = await once(worker, 'message')
  let connected = true
  while (connected) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    sockets.push(socket)
    connected = await Promise.race([once(socket, 'connect').then(() => true), sleep(100, false)])
  }
  return { baseURL: `http://127.0.0.1:${port}/v1` }
}
