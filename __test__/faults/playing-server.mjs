import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('server.mjs', import.meta.url))

/** The process that plays the faults, from this side. */
export class PlayingServer {
  #child
  /** By door. */
  #ports

  /** At a free port, or at the one that a server before it had. */
  static async start(port = 0) {
    const server = new PlayingServer()
    server.#child = fork(program, [String(port)])
    ;[server.#ports] = await once(server.#child, 'message')
    return server
  }

  get port() {
    return this.#ports.closing
  }

  baseURL(door) {
    return `http://127.0.0.1:${this.#ports[door]}/v1`
  }

  /** By the number of the call: for each request that arrived, whether its connection had been used before. */
  async requests() {
    return new Map(await this.#ask('requests'))
  }

  /** How many connections are open. */
  open() {
    return this.#ask('open')
  }

  /** Kills it, as a crash does. */
  async kill() {
    const gone = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await gone
  }

  async #ask(question) {
    const answered = once(this.#child, 'message')
    this.#child.send(question)
    const [answer] = await answered
    return answer
  }
}
