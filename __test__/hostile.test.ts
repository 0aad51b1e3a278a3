import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ProviderConfig } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { CHUNKED, chunked, drip, STREAM, startRawServer, writeForever } from './support/raw-server.js'
import { json, startScriptedServer } from './support/scripted-server.js'
import { answer, chunk, event, finish, role, text } from './support/wire.js'
import { failureOf } from './support/witness.js'

/** All calls are over by then, in milliseconds. */
const TOTAL = 5_000
const LIMIT = 200

const guarded = {
  timeout: { connect: LIMIT, firstToken: LIMIT, idle: LIMIT, metadata: LIMIT, total: TOTAL },
  // What is asked of the server once shall be answered once.
  retry: false,
} as ProviderConfig

async function failureWith(serve: (socket: Socket) => unknown, config: ProviderConfig = {}) {
  const server = await startRawServer(serve)
  const begun = performance.now()
  const error = await failureOf(providerOf(server, { ...guarded, ...config }).query({ prompt: 'hello' }))
  expect(performance.now() - begun).toBeLessThan(TOTAL)
  return error
}

type Attack = [name: string, serve: (socket: Socket) => unknown, error: object, words?: RegExp]

const heads: Attack[] = [
  [
    'endless headers',
    async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      await writeForever(socket, `X-Filler: ${'x'.repeat(1000)}\r\n`)
    },
    { code: 'protocol' },
    /400 KiB.*100 headers/,
  ],
  [
    'one endless header',
    async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Filler: ')
      await writeForever(socket, 'x')
    },
    { code: 'protocol' },
    /400 KiB/,
  ],
  [
    'more than 100 headers',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\n${'X-Filler: x\r\n'.repeat(101)}\r\n`),
    { code: 'protocol' },
    /100 headers/,
  ],
  [
    'an endless reason in the status line',
    async (socket) => {
      socket.write('HTTP/1.1 200 ')
      await writeForever(socket, 'O')
    },
    { code: 'protocol' },
  ],
  ['a head of one byte at a time', (socket) => drip(socket, `${STREAM}`, 10), { clock: 'firstToken' }],
  [
    'endless announcements of an answer',
    (socket) => writeForever(socket, 'HTTP/1.1 100 Continue\r\n\r\n'),
    { clock: 'firstToken' },
  ],
  ['what is no HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'), { code: 'connection' }],
  ['a text without a head', (socket) => socket.end(answer('Hello').join('')), { code: 'connection' }],
  ['HTTP/2', (socket) => socket.end('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), { code: 'connection' }],
  ['a status that is none', (socket) => socket.end('HTTP/1.1 42 What\r\n\r\n'), { code: 'connection' }],
  [
    'a status beyond all',
    (socket) => socket.end('HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n'),
    { code: 'server' },
  ],
  [
    'another protocol, unasked',
    (socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    {},
  ],
  [
    'two lengths',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nHello'),
    { code: 'connection' },
  ],
  [
    'a length that is none',
    (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'),
    { code: 'connection' },
  ],
  ['nothing behind its head', (socket) => socket.end(STREAM), { code: 'empty_completion' }],
  ['no content', (socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'), { code: 'empty_completion' }],
]

const hello = text('Hello')
const partial = { content: 'Hello' }

const bodies: Attack[] = [
  [
    'a length that is too long',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n${hello}`),
    { code: 'stream', partial },
  ],
  [
    'a length that is too short',
    (socket) =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${hello.length}\r\n\r\n${hello}${text('!')}${finish}`),
    { code: 'stream', partial },
  ],
  [
    'a chunk whose length is none',
    (socket) => socket.end(`${CHUNKED}${chunked(hello)}xyz\r\n`),
    { code: 'stream', partial },
  ],
  [
    'a chunk whose length no number holds',
    (socket) => socket.end(`${CHUNKED}${chunked(hello)}${'f'.repeat(17)}\r\n`),
    { code: 'stream', partial },
  ],
  [
    'a chunk that is longer than it says',
    (socket) => socket.end(`${CHUNKED}${chunked(hello)}1\r\nabc\r\n`),
    { code: 'stream', partial },
  ],
  [
    'an endless chunk extension',
    async (socket) => {
      socket.write(`${CHUNKED}${chunked(hello)}1;`)
      await writeForever(socket, 'x')
    },
    { code: 'stream', partial },
  ],
  [
    'endless trailers',
    async (socket) => {
      socket.write(`${CHUNKED}${chunked(hello)}0\r\n`)
      await writeForever(socket, 'X-Trailer: x\r\n')
    },
    { code: 'stream', partial },
  ],
  [
    'plain text that is said to be compressed',
    (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n${hello}`),
    { code: 'stream' },
  ],
  [
    'compressed text that breaks off',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n')
      socket.end(gzipSync(hello).subarray(0, -12))
    },
    { code: 'stream' },
  ],
  [
    'endless comments',
    async (socket) => {
      socket.write(STREAM)
      await writeForever(socket, ': still here\n')
    },
    { clock: 'firstToken' },
  ],
  [
    'endless events that say nothing',
    async (socket) => {
      socket.write(STREAM)
      await writeForever(socket, `data: {}\n\n${chunk({ content: '' })}data: null\n\n`)
    },
    { clock: 'firstToken' },
  ],
  [
    'endless white space',
    async (socket) => {
      socket.write(STREAM)
      await writeForever(socket, ' \r\n\t')
    },
    { clock: 'firstToken' },
  ],
  [
    'one byte of an event at a time',
    (socket) => {
      socket.write(STREAM)
      drip(socket, hello, 10)
    },
    { clock: 'firstToken' },
  ],
  [
    'deeply nested JSON',
    (socket) => socket.end(`${STREAM}${hello}data: {"choices":${'['.repeat(100_000)}\n\n`),
    { code: 'protocol', partial },
  ],
  [
    'deeply nested text',
    (socket) =>
      socket.end(`${STREAM}${hello}data: {"choices":[{"delta":{"content":${'{"text":'.repeat(100_000)}\n\n`),
    { code: 'protocol', partial },
    /deeper than 128 levels/,
  ],
  [
    'a number that none can hold',
    (socket) => socket.end(`${STREAM}${hello}data: {"choices":[{"index":1e400}]}\n\n`),
    { code: 'stream', partial },
  ],
  [
    'an error that is deeply nested',
    (socket) =>
      socket.end(`${STREAM}${hello}data: {"error":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n\n`),
    { code: 'server', partial },
  ],
  [
    'a JSON document that is deeply nested',
    (socket) => socket.end(`${STREAM}${'['.repeat(100_000)}`),
    { code: 'protocol' },
  ],
  [
    'a refusal that never ends',
    async (socket) => {
      socket.write('HTTP/1.1 500 Oops\r\n\r\n')
      await writeForever(socket, 'Oops ')
    },
    { code: 'server', status: 500 },
    /^Oops Oops.*…$/,
  ],
  [
    'a wish to be asked again in a million years',
    (socket) =>
      socket.end('HTTP/1.1 429 No\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n'),
    { code: 'rate_limit' },
  ],
]

describe('a server that sends', () => {
  it.each([...heads, ...bodies])('%s: is an error, in time', async (_name, serve, expected, words) => {
    const error = await failureWith(serve)
    expect(error).toMatchObject(expected)
    if (words) expect(error.message).toMatch(words)
  })

  it('one byte at a time in the middle of its answer is ended by `total`', async () => {
    const total = LIMIT * 2
    const error = await failureWith(
      (socket) => {
        socket.write(STREAM + hello)
        drip(socket, ': ', 10)
      },
      { timeout: { idle: LIMIT, total } },
    )
    expect(error).toMatchObject({ clock: 'total', partial })
  })

  it('a byte that is no UTF-8 is read, and the caller is told', async () => {
    const server = await startScriptedServer()
    const [start, end] = text('|').split('|') as [string, string]
    const broken = Buffer.concat([Buffer.from(start), Buffer.from([0xff, 0xc3]), Buffer.from(end)])
    server.answersChats({ chunks: [role, broken, finish] })
    const response = await providerOf(server, guarded).chat(asking('hello'))
    expect(response.content).toMatch(/^\uFFFD+$/)
    expect(response.warnings.map(({ code }) => code)).toEqual(['json'])
  })

  it('absurd numbers is read', async () => {
    const server = await startScriptedServer()
    const choices = [{ index: 4_294_967_295, delta: { content: 'no' } }, { index: -1 }, { index: 'x' }]
    const odd = [
      event({ choices, usage: { prompt_tokens: -5, completion_tokens: 1e308, total_tokens: 1e-308 } }),
      chunk({ tool_calls: [{ index: 4_294_967_295, id: 'a', function: { name: 'f', arguments: '{}' } }] }),
      chunk({ tool_calls: [{ index: -1 }, { index: 1e300 }] }),
      event({ choices: [], prompt_progress: { processed: 1e300, total: -1 } }),
    ]
    server.answersChats({ chunks: [text('Hello'), ...odd, finish] })
    const response = await providerOf(server, guarded).chat(asking('hello'))
    expect(response).toMatchObject({ content: 'Hello', finishReason: 'tool_calls' })
  })

  it('an answer that nobody asked for: it is not taken for the next one', async () => {
    const whole = (content: string) => {
      const body = answer(content).join('')
      return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    let asked = 0
    const server = await startRawServer((socket) => {
      asked += 1
      socket.write(whole(`answer ${asked}`) + whole('smuggled'))
    })
    const provider = providerOf(server, guarded)
    expect(await provider.query({ prompt: 'hello' })).toBe('answer 1')
    expect(await provider.query({ prompt: 'hello' })).toBe('answer 2')
  })
})

describe('a question about the server is over in time where it sends', () => {
  it.each<[string, (socket: Socket) => unknown, object, RegExp]>([
    [
      'an endless list',
      async (socket) => {
        socket.write(`${STREAM}{"data":[`)
        await writeForever(socket, '{"id":"m"},')
      },
      { code: 'protocol' },
      /longer than 4194304 bytes/,
    ],
    [
      'a list that is deeply nested',
      (socket) => socket.end(`${STREAM}{"data":${'['.repeat(100_000)}`),
      { code: 'protocol' },
      /no model list/,
    ],
    [
      'a list of one byte at a time',
      (socket) => {
        socket.write(`${STREAM}{"data":[`)
        drip(socket, ' ', 10)
      },
      { clock: 'metadata' },
      /timeout\.metadata/,
    ],
    [
      'a refusal that never ends',
      async (socket) => {
        socket.write('HTTP/1.1 500 Oops\r\n\r\n')
        await writeForever(socket, 'Oops ')
      },
      { code: 'server' },
      /Oops/,
    ],
  ])('%s', async (_name, serve, expected, words) => {
    const server = await startRawServer(serve)
    const provider = providerOf(server, { ...guarded, timeout: { metadata: TOTAL / 5 } })
    const error = await failureOf(provider.listModels({ throwOnError: true }))
    expect(error).toMatchObject(expected)
    expect(error.message).toMatch(words)
    expect(await provider.validateConfiguration()).toBe(false)
  })
})

describe('a redirect', () => {
  it('in a circle is an error', async () => {
    const server = await startScriptedServer()
    const location = `${server.baseURL}/chat/completions`
    server.answersChats({ ...json('', 307), headers: { location } })
    const error = await failureOf(providerOf(server, guarded).query({ prompt: 'hello' }))
    expect(error).toMatchObject({ code: 'protocol', status: 307 })
    expect(server.chats.length).toBeLessThan(10)
  })

  it.each([301, 302, 303, 307, 308])('to another server is not followed: %d', async (status) => {
    const other = await startScriptedServer()
    const server = await startScriptedServer()
    const location = `${other.baseURL}/chat/completions`
    server.answersChats({ ...json('', status), headers: { location } })
    server.answersQuestions({ ...json('', status), headers: { location: `${other.baseURL}/models` } })
    const provider = providerOf(server, guarded)
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({ code: 'protocol', status })
    expect(await provider.listModels()).toEqual([])
    expect([other.chats, other.questions]).toEqual([[], []])
  })
})
