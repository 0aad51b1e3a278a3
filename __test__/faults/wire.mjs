import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { below } from './random.mjs'

/** The server's end of one request: what is written to its socket, byte for byte. */
export class Wire {
  #socket
  #random
  /** Whether the connection is kept after the answer. */
  #keeps

  constructor(socket, { random, keeps }) {
    this.#socket = socket
    this.#random = random
    this.#keeps = keeps
  }

  /** Bytes as they are, in as many writes as chance says. */
  async write(bytes) {
    const rest = Buffer.from(bytes)
    const cuts = Array.from({ length: below(this.#random, 3) }, () => below(this.#random, rest.length + 1))
    const ends = [...cuts.sort((a, b) => a - b), rest.length]
    let from = 0
    for (const end of ends) {
      await this.#flush(rest.subarray(from, end))
      from = end
    }
  }

  /** Status line and headers. */
  head(status, headers) {
    const all = {
      'Content-Type': 'text/event-stream',
      ...headers,
      ...(this.#keeps ? {} : { Connection: 'close' }),
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
    return this.write(`HTTP/1.1 ${status} As said\r\n${lines.join('')}\r\n`)
  }

  /** A part of the body in chunked coding. */
  async chunk(bytes) {
    if (bytes.length === 0) return
    await this.write(`${bytes.length.toString(16)}\r\n`)
    await this.write(bytes)
    await this.write('\r\n')
  }

  /** The proper end of a body in chunked coding. */
  lastChunk() {
    return this.write('0\r\n\r\n')
  }

  /** Says that nothing more comes, and goes on listening until the client closes. */
  async close() {
    this.#socket.end()
    if (!this.#socket.destroyed) await once(this.#socket, 'close')
  }

  /** Breaks the connection. What has been written most likely arrives before: it gets the time. */
  async reset() {
    await sleep(1 + below(this.#random, 4))
    this.#socket.resetAndDestroy()
  }

  /** Says nothing more, until the client closes. */
  async fallSilent() {
    if (!this.#socket.destroyed) await once(this.#socket, 'close')
  }

  async #flush(bytes) {
    if (bytes.length === 0 || this.#socket.destroyed) return
    await new Promise((resolve) => this.#socket.write(bytes, resolve))
  }
}
