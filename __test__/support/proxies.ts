import { once } from 'node:events'
import { createServer as createHttpServer, request, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Certified } from './certificates.js'

/** One request to a proxy. */
export interface Asked {
  /** `CONNECT`, `POST`, …, or `SOCKS`. */
  method: string
  /** `host:port`, or the whole URL. */
  target: string
  /** `user:password`, where it was told. */
  user: string | undefined
}

export interface StartedProxy {
  /** Without a user name: `127.0.0.1:3128`. */
  readonly address: string
  readonly asked: Asked[]
}

export interface ProxyOptions {
  /** What it refuses all with; `silent`: it never answers. */
  refuses?: number | 'silent'
  /** The only `user:password` that it serves. */
  user?: string
  /** Spoken to by TLS. */
  tls?: Certified
}

/** A proxy for HTTP and CONNECT that connects to this machine, whatever name it is asked for. */
export async function startProxy(options: ProxyOptions = {}): Promise<StartedProxy> {
  const { refuses, user, tls } = options
  const asked: Asked[] = []
  const refusal = (method: string, target: string, authorization: string | undefined) => {
    const told = authorization && Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()
    asked.push({ method, target, user: told })
    return user !== undefined && told !== user ? 407 : refuses
  }
  const server = tls ? createHttpsServer(tls) : createHttpServer()
  server.on('request', (incoming, response: ServerResponse) => {
    const target = incoming.url ?? ''
    const refused = refusal(incoming.method ?? '', target, incoming.headers['proxy-authorization'])
    if (refused === 'silent') return
    if (refused !== undefined) return void response.writeHead(refused).end('refused by the proxy')
    const { port, pathname, search } = new URL(target)
    const { 'proxy-authorization': _, ...headers } = incoming.headers
    const onward = {
      host: '127.0.0.1',
      port,
      path: pathname + search,
      method: incoming.method,
      headers,
      agent: false,
    } as const
    const outgoing = request(onward, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(outgoing)
    outgoing.on('error', () => response.destroy())
    response.on('close', () => outgoing.destroy())
  })
  server.on('connect', (incoming, socket: Socket) => {
    const target = incoming.url ?? ''
    const refused = refusal('CONNECT', target, incoming.headers['proxy-authorization'])
    if (refused === 'silent') return
    if (refused !== undefined) return void socket.end(`HTTP/1.1 ${refused} No\r\n\r\n`)
    const port = Number(target.slice(target.lastIndexOf(':') + 1))
    join(socket, port, () => socket.write('HTTP/1.1 200 Connected\r\n\r\n'))
  })
  return { address: await listening(server), asked }
}

/** A SOCKS5 proxy (RFC 1928, 1929) that connects to this machine, whatever name it is asked for. */
export async function startSocks(options: Omit<ProxyOptions, 'tls'> = {}): Promise<StartedProxy> {
  const asked: Asked[] = []
  const server = createServer((socket) => {
    serveSocks(socket, options, asked).catch(() => socket.destroy())
  })
  return { address: await listening(server), asked }
}

async function serveSocks(socket: Socket, { refuses, user }: ProxyOptions, asked: Asked[]): Promise<void> {
  const read = reader(socket)
  const [, methods = 0] = await read(2)
  const offered = await read(methods)
  const method = user === undefined ? 0 : 2
  if (!offered.includes(method)) return void socket.end(Buffer.of(5, 0xff))
  socket.write(Buffer.of(5, method))
  let told: string | undefined
  if (method === 2) {
    const [, nameLength = 0] = await read(2)
    const name = await read(nameLength)
    const [passwordLength = 0] = await read(1)
    told = `${name}:${await read(passwordLength)}`
    socket.write(Buffer.of(1, told === user ? 0 : 1))
  }
  const [, , , kind] = await read(4)
  const host =
    kind === 3
      ? (await read((await read(1))[0] ?? 0)).toString()
      : (await read(kind === 1 ? 4 : 16)).join(kind === 1 ? '.' : ':')
  const port = (await read(2)).readUInt16BE()
  asked.push({ method: 'SOCKS', target: `${host}:${port}`, user: told })
  const reply = (status: number) => socket.write(Buffer.of(5, status, 0, 1, 0, 0, 0, 0, 0, 0))
  if (refuses === 'silent') return
  if (refuses !== undefined) return void reply(refuses)
  join(socket, port, () => reply(0))
}

/** Reads as many bytes as are asked for, and no more. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    if (length === 0) return Buffer.alloc(0)
    for (;;) {
      const bytes: Buffer | null = socket.read(length)
      if (bytes) return bytes
      await once(socket, 'readable')
    }
  }
}

function join(socket: Socket, port: number, connected: () => void): void {
  const onward = connect(port, '127.0.0.1', () => {
    connected()
    socket.pipe(onward).pipe(socket)
  })
  // Each ends the other, so that a cancelled call reaches the server.
  onward.on('error', () => socket.destroy()).on('close', () => socket.destroy())
  socket.on('error', () => onward.destroy()).on('close', () => onward.destroy())
}

async function listening(server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
