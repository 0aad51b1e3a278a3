import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startProgram } from './support/program.js'
import { type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { answer, role, text } from './support/wire.js'

describe('a process', () => {
  it('ends by itself where a provider is idle', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const program = startProgram('alive.mjs', [server.baseURL])
    expect(await program.line()).toBe('Hello')
    expect(await program.line()).toBe('nothing left to do')
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
  })

  it('stays alive while an answer is waited for', async () => {
    const server = await startScriptedServer()
    const program = startProgram('alive.mjs', [server.baseURL])
    const chat = await server.nextChat()
    await chat.send(role)
    // Long enough for it to end, had it nothing to do.
    expect(await Promise.race([program.ended, sleep(300, 'alive')])).toBe('alive')
    await chat.end(...answer('Hello'))
    expect(await program.line()).toBe('Hello')
    expect(await program.line()).toBe('nothing left to do')
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
  })
})

/** Answers every chat with text that never ends, until the client has gone. */
async function babbles(server: ScriptedServer): Promise<void> {
  for (;;) {
    const { response } = await server.nextChat()
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const babble = () => {
      if (response.destroyed) return
      response.write(text('bla '.repeat(50)))
      setImmediate(babble)
    }
    babble()
  }
}

describe('a process with answers pending', () => {
  it.each(['at once', 'in mid-stream', 'from a listener', 'in an uncaught exception'])(
    'exits cleanly: %s',
    async (way) => {
      const server = await startScriptedServer()
      void babbles(server)
      const program = startProgram('pending.mjs', [server.baseURL, way])
      expect(await program.ended).toEqual({ code: 7, signal: null, stderr: '' })
    },
  )

  it.each<[string, number | null, NodeJS.Signals | null]>([
    ['by a signal', null, 'SIGTERM'],
    ['by a signal that it handles', 7, null],
  ])('ends cleanly %s', async (way, code, signal) => {
    const server = await startScriptedServer()
    void babbles(server)
    const program = startProgram('pending.mjs', [server.baseURL, way])
    expect(await program.line()).toBe('begun')
    program.kill('SIGTERM')
    expect(await program.ended).toEqual({ code, signal, stderr: '' })
  })
})
