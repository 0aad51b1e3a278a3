import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'

/** What is played for one request. */
export interface Answer {
  status?: number
  headers?: Record<string, string>
  chunks?: readonly (string | Uint8Array)[]
  gzip?: boolean
  /** How long the connection stays open after the last chunk. */
  holdMs?: number
  /** `open`: the answer never ends. `destroy`: the connection breaks off. `hangUp`: it does so before the answer. */
  end?: 'properly' | 'open' | 'destroy' | 'hangUp'
}

/** One request, and the means to answer it. */
export class Exchange {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The client's: one for each connection. */
  readonly port: number | undefined
  /** Resolves when the client has closed the connection before the answer was ended. */
  readonly leftByClient: Promise<void>
  readonly response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse, body: string) {
    this.method = request.method ?? ''
    this.path = request.url ?? ''
    this.headers = request.headers
    this.body = body
    this.port = request.socket.remotePort
    this.response = response
    this.leftByClient = new Promise((resolve) => {
      response.once('close', () => {
        if (!response.writableEnded) resolve()
      })
    })
  }

  get json(): Record<string, unknown> {
    return JSON.parse(this.body)
  }

  /** Sends the head, where it is not sent yet, and `pieces`, each in a write of its own. */
  async send(...pieces: (string | Uint8Array)[]): Promise<void> {
    if (!this.response.headersSent) {
      this.response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      this.response.flushHeaders()
    }
    for (const piece of pieces) await new Promise((resolve) => this.response.write(piece, resolve))
  }

  end(...pieces: (string | Uint8Array)[]): Promise<void> {
    const ended = this.send(...pieces)
    return ended.then(() => void this.response.end())
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.response.destroy()
  }

  async play(answer: Answer): Promise<void> {
    const { status = 200, headers = {}, chunks = [], gzip = false, holdMs = 0, end = 'properly' } = answer
    if (end === 'hangUp') return this.destroy()
    this.response.writeHead(status, { 'Content-Type': 'text/event-stream', ...headers })
    this.response.flushHeaders()
    const pieces = gzip ? [gzipSync(Buffer.concat(chunks.map((piece) => Buffer.from(piece))))] : chunks
    await this.send(...pieces)
    if (holdMs > 0) await sleep(holdMs, undefined, { ref: false })
    if (end === 'properly') this.response.end()
    if (end === 'destroy') this.destroy()
  }
}

/** A server on this machine that does what a test says. It ends with the test. */
export class ScriptedServer {
  /** Without '/v1'. */
  readonly url: string
  readonly port: number
  /** All chats so far. */
  readonly chats: Exchange[] = []
  /** All questions so far. */
  readonly questions: Exchange[] = []
  readonly #arrivals = new EventEmitter().setMaxListeners(0)
  readonly #taken = { chat: 0, question: 0 }
  /** Default: all. */
  #paths: string[] | undefined
  /** By `GET /props`. */
  readonly #scripts = new Map<string, Answer[]>()
  #chatScript: Answer[] = []
  #questionScript: Answer[] = [models('m')]

  constructor(url: string) {
    this.url = url
    this.port = Number(new URL(url).port)
  }

  get baseURL(): string {
    return `${this.url}/v1`
  }

  /** What chats are answered with, in order; the last answer is repeated. Without it, the test plays the server. */
  answersChats(...answers: Answer[]): this {
    this.#chatScript = answers
    return this
  }

  /** What `GET` is answered with, in order; the last answer is repeated. Default: a list of one model, `m`. */
  answersQuestions(...answers: Answer[]): this {
    this.#questionScript = answers
    return this
  }

  /** What one question, such as `GET /props`, is answered with, in order; the last answer is repeated. */
  answersTo(question: string, ...answers: Answer[]): this {
    this.#scripts.set(question, answers)
    return this
  }

  /** Has its two endpoints right below `path`; all else is answered with 404. */
  onlyBelow(path: string): this {
    this.#paths = [`${path}/chat/completions`, `${path}/models`]
    return this
  }

  /** The next chat that the test has not taken yet, once it has arrived. */
  nextChat(): Promise<Exchange> {
    return this.#next('chat', this.chats)
  }

  nextQuestion(): Promise<Exchange> {
    return this.#next('question', this.questions)
  }

  async #next(kind: 'chat' | 'question', arrived: readonly Exchange[]): Promise<Exchange> {
    const index = this.#taken[kind]
    this.#taken[kind] += 1
    while (arrived.length <= index) await once(this.#arrivals, kind)
    return arrived[index] as Exchange
  }

  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = new Exchange(request, response, await text(request))
    if (this.#paths?.includes(exchange.path) === false) {
      return exchange.play(json({ error: { message: 'Not here' } }, 404))
    }
    const own = this.#scripts.get(`${exchange.method} ${exchange.path}`)
    const isChat = !own && request.method === 'POST'
    const script = own ?? (isChat ? this.#chatScript : this.#questionScript)
    ;(isChat ? this.chats : this.questions).push(exchange)
    this.#arrivals.emit(isChat ? 'chat' : 'question')
    const answer = script.length > 1 ? script.shift() : script[0]
    if (answer) await exchange.play(answer)
  }
}

/** A model list, as an answer. */
export function models(...names: string[]): Answer {
  return json({ object: 'list', data: names.map((id) => ({ id, object: 'model' })) })
}

/** JSON, as an answer. */
export function json(body: object | string, status = 200, headers: Record<string, string> = {}): Answer {
  const chunks = [typeof body === 'string' ? body : JSON.stringify(body)]
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, chunks }
}

export async function startScriptedServer(host = '127.0.0.1', port = 0): Promise<ScriptedServer> {
  return await start({ host, port })
}

/** The same, spoken to by TLS. */
export async function startSecureServer(tls: ServerOptions, host = '127.0.0.1'): Promise<ScriptedServer> {
  return await start({ host, port: 0 }, tls)
}

/** The same, at a unix socket; its `url` names nobody. */
export async function startServerAt(path: string): Promise<ScriptedServer> {
  return await start({ path })
}

async function start(
  where: { host: string; port: number } | { path: string },
  tls?: ServerOptions,
): Promise<ScriptedServer> {
  let scripted: ScriptedServer | undefined
  const take = (request: IncomingMessage, response: ServerResponse) => {
    // A client that leaves in mid-request is one of the things that are tested.
    scripted?.take(request, response).catch(() => response.destroy())
  }
  const server = tls ? createSecureServer(tls, take) : createServer(take)
  server.listen(where)
  await once(server, 'listening')
  scripted = new ScriptedServer(
    'path' in where ? 'http://nobody.invalid' : urlOf(server.address() as AddressInfo, tls),
  )
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return scripted
}

function urlOf({ address, port }: AddressInfo, tls: ServerOptions | undefined): string {
  return `${tls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`
}
