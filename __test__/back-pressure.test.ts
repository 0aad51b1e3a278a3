import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startProgram } from './support/program.js'
import { type Exchange, startScriptedServer } from './support/scripted-server.js'
import { finish, text } from './support/wire.js'

const PIECE = text('x'.repeat(64 * 1024))
const MEGABYTE = 1 << 20

/** Longer than the consumer's `idle` clock, which must stand meanwhile. */
const SILENCE = 900

/** Writes until nobody takes more, and returns how much was taken. */
async function writeUntilBlocked(chat: Exchange, most: number): Promise<number> {
  let taken = 0
  while (taken < most) {
    const written = chat.send(PIECE).then(() => true)
    if (!(await Promise.race([written, sleep(SILENCE, false)]))) return taken
    taken += 64 * 1024
  }
  return taken
}

describe('a consumer that sleeps', () => {
  it.each(['loop', 'loop with a quick listener', 'listener'])(
    'holds the server back without growing, and goes on: %s',
    async (way) => {
      const server = await startScriptedServer()
      const program = startProgram('slow-consumer.mjs', [server.baseURL, way])
      const chat = await server.nextChat()
      await chat.send(text('Once'))
      const before = Number(await program.line())
      const taken = await writeUntilBlocked(chat, 200 * MEGABYTE)
      expect(taken).toBeLessThan(64 * MEGABYTE)
      expect(chat.response.writableNeedDrain).toBe(true)
      program.tell('go on')
      const after = Number(await program.line())
      expect(after - before).toBeLessThan(60 * MEGABYTE)
      // The piece that was held back is sent by now, or will be.
      await chat.end(PIECE, finish)
      const pieces = taken / (64 * 1024) + 2
      expect(await program.line()).toBe(String('Once'.length + pieces * 64 * 1024))
      expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
    },
  )

  it('can leave instead', async () => {
    const server = await startScriptedServer()
    const program = startProgram('slow-consumer.mjs', [server.baseURL, 'loop'])
    const chat = await server.nextChat()
    await chat.send(text('Once'))
    await program.line()
    expect(await writeUntilBlocked(chat, 200 * MEGABYTE)).toBeLessThan(64 * MEGABYTE)
    program.tell('leave')
    await program.line()
    await chat.leftByClient
    expect(await program.line()).toBe('left')
    expect(await program.ended).toEqual({ code: 0, signal: null, stderr: '' })
  })
})
