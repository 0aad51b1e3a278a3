import type { Socket } from 'node:net'
import { createGzip } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { OpenAICompatibleProvider, type ProviderConfig } from '../index.js'
import { startProgram } from './support/program.js'
import { providerOf } from './support/provider.js'
import { STREAM, startRawServer, writeForever } from './support/raw-server.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer, chunk, finish, text } from './support/wire.js'
import { failureOf, thrownBy } from './support/witness.js'

const MEGABYTE = 1 << 20

/** How a call of a process of its own ends, and by how many bytes that process has grown meanwhile. */
async function outcomeOf(
  serve: (socket: Socket) => unknown,
  config: ProviderConfig = {},
  what: 'chat' | 'models' = 'chat',
) {
  const server = await startRawServer(serve)
  const calm = await startScriptedServer()
  calm.answersChats({ chunks: answer('Hello') })
  const args = [server.baseURL, calm.baseURL, what, JSON.stringify(config)]
  return JSON.parse(await startProgram('bounded.mjs', args).line())
}

async function endlessly(socket: Socket, start: string, piece: string): Promise<void> {
  socket.write(STREAM + start)
  await writeForever(socket, piece)
}

describe('an event', () => {
  it.each([
    ['that never ends', 'data: ', 'x'.repeat(1024)],
    ['of lines that never end', '', `data: ${'x'.repeat(1024)}\n`],
    ['with comments that never end', 'data: x\n', `: ${'x'.repeat(1024)}\n`],
    ['of lines that are no fields', '', `${'x'.repeat(1024)}\n`],
    ['that is a JSON document', '{"choices": "', 'x'.repeat(1024)],
  ])('%s is refused at its limit', async (_name, start, piece) => {
    const limits = { maxEventBytes: 4 * MEGABYTE }
    const begins = start.startsWith('{') ? '' : text('Hello')
    const outcome = await outcomeOf((socket) => endlessly(socket, begins + start, piece), { limits })
    expect(outcome).toMatchObject({ code: 'protocol', partial: begins && 'Hello' })
    expect(outcome.message).toContain('4194304 bytes (limits.maxEventBytes)')
    expect(outcome.hint).toContain('limits.maxEventBytes')
    expect(outcome.grown).toBeLessThan(40 * MEGABYTE)
  })

  it('may have 64 MiB', async () => {
    const outcome = await outcomeOf((socket) => endlessly(socket, 'data: ', 'x'.repeat(MEGABYTE)))
    expect(outcome.message).toContain(`${64 * MEGABYTE} bytes`)
    expect(outcome.grown).toBeLessThan(300 * MEGABYTE)
  })
})

describe('an answer', () => {
  const limits = { maxResponseBytes: 32 * MEGABYTE }

  it.each([
    ['comments', `: ${'x'.repeat(1024)}\n`],
    ['events without a text', 'data: {}\n\n'],
    ['white space', '\n'],
    [
      'tool calls',
      chunk({ tool_calls: [{ index: 4_294_967_295, function: { name: 'f', arguments: 'x' } }] }),
    ],
  ])('of endless %s is refused at its limit', async (_name, piece) => {
    const outcome = await outcomeOf((socket) => endlessly(socket, '', piece), { limits })
    expect(outcome.code).toBe('protocol')
    expect(outcome.message).toContain('33554432 bytes (limits.maxResponseBytes)')
    expect(outcome.hint).toContain('limits.maxResponseBytes')
    expect(outcome.grown).toBeLessThan(20 * MEGABYTE)
  })

  it('is measured after it was decompressed', async () => {
    const outcome = await outcomeOf(
      (socket) => {
        socket.write(STREAM.replace('\r\n\r\n', '\r\nContent-Encoding: gzip\r\n\r\n'))
        const bomb = createGzip({ level: 9 })
        bomb.pipe(socket)
        socket.once('close', () => bomb.destroy())
        const comments = Buffer.from(`: ${'x'.repeat(1021)}\n`.repeat(1024))
        const go = () => {
          while (!bomb.destroyed && bomb.write(comments));
        }
        bomb.on('drain', go).on('error', () => {})
        go()
      },
      { limits },
    )
    expect(outcome.message).toContain('limits.maxResponseBytes')
    expect(outcome.grown).toBeLessThan(20 * MEGABYTE)
  })

  it('keeps what had arrived', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [text('Hello'), ...Array(100).fill(`: ${'x'.repeat(1000)}\n`)] })
    const provider = providerOf(server, { limits: { maxResponseBytes: 10_000 } })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      code: 'protocol',
      partial: { content: 'Hello' },
    })
  })
})

/** `piece`, again and again, to this length. */
const filled = (piece: string) => piece.repeat(Math.floor((8 * MEGABYTE) / piece.length))

describe('memory stays in proportion to what was sent', () => {
  const error = { code: expect.any(String) }

  it.each([
    ['choices', `data: {"choices":[${filled('{},')}{}]}\n\n`, { length: 5 }],
    ['tool calls', `data: {"choices":[{"delta":{"tool_calls":[${filled('{},')}{}]}}]}\n\n`, { length: 5 }],
    ['parts', `data: {"choices":[{"delta":{"content":[${filled('"",')}""]}}]}\n\n`, { length: 5 }],
    ['values that nobody reads', `data: {"x":[${filled('0,')}0]}\n\n`, { length: 5 }],
    ['an error', `data: {"error":[${filled('0,')}0]}\n\n`, error],
    ['what must be repaired', `data: {"x":NaN,"x":[${filled('0,')}0]}\n\n`, { length: 5 }],
    ['what cannot be repaired', `data: {"id":1,"id":[${filled('0,')}0]}\n\n`, error],
  ])('an event of %s', async (_name, sent, expected) => {
    const outcome = await outcomeOf((socket) => socket.end(STREAM + text('Hello') + sent + finish))
    expect(outcome).toMatchObject(expected)
    expect(outcome.grown).toBeLessThan(100 * MEGABYTE)
  })

  it.each([
    ['values', `[${filled('0,')}0]`],
    ['objects', filled('{}')],
    ['objects, one a line', filled('{"choices":[]}\n')],
  ])('a document of %s', async (_name, sent) => {
    const outcome = await outcomeOf((socket) => socket.end(STREAM + sent))
    expect(outcome).toMatchObject(error)
    expect(outcome.grown).toBeLessThan(100 * MEGABYTE)
  })

  it('a refusal, of which little is kept', async () => {
    const outcome = await outcomeOf((socket) => {
      socket.write('HTTP/1.1 400 No\r\n\r\n')
      return writeForever(socket, 'No. ')
    })
    expect(outcome).toMatchObject({ code: 'invalid_request', bodyLength: 4096 })
    expect(outcome.grown).toBeLessThan(40 * MEGABYTE)
  })

  it('a model list', async () => {
    const endless = await outcomeOf((socket) => endlessly(socket, '{"data":[', '{"id":"m"},'), {}, 'models')
    expect(endless).toMatchObject({ code: 'protocol', message: expect.stringContaining('4194304 bytes') })
    expect(endless.grown).toBeLessThan(40 * MEGABYTE)
    const tree = `{"data":[${'0,'.repeat(2 * MEGABYTE - 100)}0]}`
    const wide = await outcomeOf((socket) => socket.end(STREAM + tree), {}, 'models')
    expect(wide.grown).toBeLessThan(400 * MEGABYTE)
  })
})

describe('the limits of a configuration', () => {
  it.each([
    [{ maxEventBytes: 0 }, '`limits.maxEventBytes`'],
    [{ maxEventBytes: -1 }, '`limits.maxEventBytes`'],
    [{ maxResponseBytes: 1.5 }, '`limits.maxResponseBytes`'],
    [{ maxResponseBytes: Number.POSITIVE_INFINITY }, '`limits.maxResponseBytes`'],
    [{ maxResponseBytes: '1' }, '`limits.maxResponseBytes`'],
    [{ maxResponseBytes: null }, '`limits.maxResponseBytes`'],
    [5, '`limits`'],
  ])('must be whole numbers: %j', (limits, named) => {
    const error = thrownBy(() => new OpenAICompatibleProvider({ limits } as object))
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringContaining(named) })
  })

  it('may be left out one by one, and be large', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    for (const limits of [
      undefined,
      {},
      { maxEventBytes: undefined },
      { maxEventBytes: Number.MAX_SAFE_INTEGER, maxResponseBytes: Number.MAX_SAFE_INTEGER },
    ]) {
      expect(await providerOf(server, { limits }).query({ prompt: 'hello' })).toBe('Hello')
    }
  })
})
