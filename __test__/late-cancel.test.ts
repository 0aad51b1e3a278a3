import { describe, expect, it } from 'vitest'
import { AbortError } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { eventsOf, failureOf } from './support/witness.js'

const WORDS = Array.from({ length: 10 }, (_, word) => `w${word} `)

/** A server whose whole answer arrives at once, so that its end is here before a listener heard the beginning. */
async function quickServer() {
  const server = await startScriptedServer()
  server.answersChats({ chunks: [answer(...WORDS).join('')] })
  return server
}

describe('a call whose whole answer is here already', () => {
  it('is cancelled by its signal all the same, and its listener hears no more', async () => {
    const controller = new AbortController()
    const heard: string[] = []
    const onProgress = (event: { type: string }) => {
      heard.push(event.type)
      controller.abort('enough')
    }
    const request = { ...asking('hello'), signal: controller.signal, onProgress }
    const error = await failureOf(providerOf(await quickServer()).chat(request))
    expect(error).toBeInstanceOf(AbortError)
    expect(error.cause).toBe('enough')
    expect(error.partial?.content).toBe(WORDS.join(''))
    expect(heard).toEqual(['message', 'error'])
  })

  it('does not wait for a listener that never returns, neither aborted nor closed', async () => {
    for (const end of ['abort', 'close'] as const) {
      const controller = new AbortController()
      const provider = providerOf(await quickServer())
      let called!: () => void
      const wasCalled = new Promise<void>((resolve) => {
        called = resolve
      })
      const onProgress = () => {
        called()
        return new Promise<void>(() => {})
      }
      const result = failureOf(provider.chat({ ...asking('hello'), signal: controller.signal, onProgress }))
      await wasCalled
      // The end of the answer is delivered in the same turn or the next.
      await new Promise(setImmediate)
      if (end === 'abort') controller.abort()
      else await provider.close()
      expect((await result).code).toBe('aborted')
    }
  })

  it('rejects response() with what had arrived once the loop was left', async () => {
    const stream = providerOf(await quickServer()).stream(asking('hello'))
    for await (const event of stream) {
      expect(event.type).toBe('message')
      break
    }
    const error = await failureOf(stream.response())
    expect(error).toBeInstanceOf(AbortError)
    expect(error.partial?.content).toContain('w0')
  })

  it('gives no event to a loop that begins after cancel()', async () => {
    const stream = providerOf(await quickServer()).stream(asking('hello'))
    stream.cancel('enough')
    expect((await failureOf(eventsOf(stream))).code).toBe('aborted')
  })
})

describe('a listener', () => {
  it('that returns a thenable which resolves at once is given each event once', async () => {
    const heard: string[] = []
    const onProgress = (event: { type: string; content?: string }) => {
      if (event.content) heard.push(event.content)
      // biome-ignore lint/suspicious/noThenProperty: what is tested
      return { then: (resolve: () => void) => resolve() } as Promise<void>
    }
    await providerOf(await quickServer()).chat({ ...asking('hello'), onProgress })
    expect(heard).toEqual(WORDS)
  })

  it('is called with the event alone', async () => {
    const given: unknown[][] = []
    const onProgress = (...all: unknown[]) => void given.push(all)
    await providerOf(await quickServer()).chat({ ...asking('hello'), onProgress })
    expect(given.map((all) => all.length)).toEqual(Array(WORDS.length + 1).fill(1))
  })
})

describe('textStream', () => {
  it('gives only the text', async () => {
    const pieces: string[] = []
    const stream = providerOf(await quickServer()).stream(asking('hello'))
    for await (const piece of stream.textStream()) pieces.push(piece)
    expect(pieces).toEqual(WORDS)
  })
})
