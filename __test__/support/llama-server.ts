import { afterAll, beforeAll, expect } from 'vitest'
import {
  type LlamaServerOptions,
  type LlamaServer as Process,
  startLlamaServer,
} from '../../tiny-model/server.mjs'
import { until } from './until.js'

interface Slot {
  is_processing: boolean
  next_token: [{ has_next_token: boolean }]
}

/** llama.cpp's own server, for one test file. */
export class LlamaServer {
  #process: Process | undefined

  constructor(options: LlamaServerOptions = {}) {
    beforeAll(async () => {
      this.#process = await startLlamaServer(options)
    })
    afterAll(() => this.#process?.stop())
  }

  get url(): string {
    if (!this.#process) throw new Error('The server is started before the first test')
    return this.#process.url
  }

  get baseURL(): string {
    return `${this.url}/v1`
  }

  async slots(): Promise<Slot[]> {
    const answer = await fetch(`${this.url}/slots`)
    return (await answer.json()) as Slot[]
  }

  /** Resolves once an answer is being generated. */
  async generates(): Promise<void> {
    await until('the server generates', async () => (await this.slots()).some((slot) => slot.is_processing))
  }

  /** Resolves once nothing is generated any more, and checks that what was generated last did not come to its end. */
  async stopsEarly(): Promise<void> {
    await until(
      'the server stops generating',
      async () => (await this.slots()).every((slot) => !slot.is_processing),
      2_000,
    )
    const slots = await this.slots()
    expect(slots.map((slot) => slot.next_token[0].has_next_token)).toContain(true)
  }
}
