import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server on this machine that is bound to no protocol. It ends with the test. */
export interface RawServer {
  readonly baseURL: string
  readonly port: number
  /** What came over each connection so far. */
  readonly heard: string[]
}

/** `serve` is called for each request, as far as one can be told: whenever something arrives that looks like a head. */
export async function startRawServer(serve: (socket: Socket) => unknown): Promise<RawServer> {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const index = heard.push('') - 1
    sockets.add(socket)
    // Clients leave in the middle of everything here.
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard[index] += bytes.toString('latin1')
      if (/^(GET|POST) /.test(bytes.toString('latin1'))) serve(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { baseURL: `http://127.0.0.1:${port}/v1`, port, heard }
}

/** Writes `piece` again and again, as fast as it is taken, until the other side has left. */
export async function writeForever(socket: Socket, piece: string): Promise<void> {
  const many = Buffer.from(piece)
  const block = Buffer.concat(Array(Math.ceil(65_536 / many.length)).fill(many))
  while (!socket.destroyed) {
    if (socket.write(block)) await new Promise(setImmediate)
    else await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve))
  }
}

/** Writes `text` byte by byte, over and over, one byte every `everyMs`. */
export function drip(socket: Socket, text: string, everyMs: number): void {
  let at = 0
  const timer = setInterval(() => {
    socket.write(text[at % text.length] as string)
    at += 1
  }, everyMs)
  socket.once('close', () => clearInterval(timer))
}

/** The head of an answer that has a stream for its body, which ends with the connection. */
export const STREAM = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n'
/** The same, in chunked coding. */
export const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

export function chunked(...pieces: string[]): string {
  return pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('')
}
