import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** How a program ended. */
export interface End {
  code: number | null
  signal: NodeJS.Signals | null
  stderr: string
}

/** A program of `fixtures/`, in a process of its own that does not outlive the test. */
export class Program {
  readonly ended: Promise<End>
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(child: ChildProcess, lines: Interface) {
    this.#child = child
    this.#lines = lines[Symbol.asyncIterator]()
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    this.ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }))
  }

  /** The next line that it writes. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next()
    if (done) throw new Error(`It ended without another line: ${(await this.ended).stderr}`)
    return value
  }

  /** Sends it a message. */
  tell(message: string): void {
    this.#child.send(message)
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }
}

export function startProgram(
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Program {
  const file = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const program = new Program(child, createInterface({ input: child.stdout as Readable }))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await program.ended
  })
  return program
}
