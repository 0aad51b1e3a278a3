import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { answered, brokenOff, failed, mended, repeated } from './right.mjs'
import { CHUNKED } from './wire.mjs'

/**
 * All that is done to a call. Each has
 *
 * - `name`
 * - `plays`: how the server plays it, for the first request, the second, …; the last is repeated
 * - `right`: how the call must end
 * - `door`: where it happens, if not at a server that closes its connections: see `server.mjs`
 * - `timeout`: the call's clocks, where one of them must end it
 * - `isCut`: it is played at every tenth byte of each recording, otherwise a few times
 */
export const faults = [
  { name: 'none', plays: [whole], right: answered },
  { name: 'none, on kept connections', door: 'keeping', plays: [whole], right: answered },
  { name: 'none, word by word', plays: [wordByWord], right: answered },
  {
    name: 'a kept connection is reset by the next request',
    door: 'keeping',
    plays: [(wire, call) => (call.isReused ? wire.reset() : whole(wire, call))],
    // What replaces it may be another kept one.
    right: (call) => ({ ...answered(call), ends: ['answer', 'connection'], isExact: false }),
  },

  // No answer begins.
  { name: 'connection refused', door: 'closed', plays: [], right: () => failed('connection') },
  {
    name: 'reset as soon as connected',
    door: 'slammed',
    plays: [],
    right: (call) => repeated(call, 'connection'),
  },
  {
    name: 'reset before the headers',
    plays: [(wire) => wire.reset()],
    right: (call) => repeated(call, 'connection'),
  },
  {
    name: 'reset before the headers, then fine',
    plays: [(wire) => wire.reset(), whole],
    right: (call) => mended(call, 'connection'),
  },
  {
    name: 'closed before the headers',
    plays: [(wire) => wire.close()],
    right: (call) => repeated(call, 'connection'),
  },
  {
    name: 'closed in the middle of the headers',
    plays: [
      async (wire) => {
        await wire.write('HTTP/1.1 200 OK\r\nContent-Ty')
        await wire.close()
      },
    ],
    right: (call) => repeated(call, 'connection'),
  },
  {
    name: 'not HTTP',
    plays: [
      async (wire) => {
        await wire.write('SSH-2.0-OpenSSH_9.9\r\n')
        await wire.close()
      },
    ],
    right: () => failed('connection'),
  },
  {
    name: 'noise instead of HTTP',
    plays: [
      async (wire, { random }) => {
        await wire.write(noise(random, 400))
        await wire.close()
      },
    ],
    right: () => failed('connection'),
  },

  // The answer breaks off.
  {
    name: 'reset after the headers',
    plays: [
      async (wire) => {
        await wire.head()
        await wire.reset()
      },
    ],
    right: () => failed('stream'),
  },
  {
    name: 'closed in the answer',
    isCut: true,
    plays: [
      async (wire, { recording, at }) => {
        await wire.head()
        await wire.chunk(recording.body.subarray(0, at))
        await wire.close()
      },
    ],
    right: brokenOff,
  },
  {
    name: 'reset in the answer',
    isCut: true,
    plays: [
      async (wire, { recording, at }) => {
        await wire.head()
        await wire.chunk(recording.body.subarray(0, at))
        await wire.reset()
      },
    ],
    right: afterReset,
  },
  {
    name: 'ended properly in the answer',
    isCut: true,
    plays: [
      async (wire, { recording, at }) => {
        await wire.head()
        await wire.chunk(recording.body.subarray(0, at))
        await wire.lastChunk()
      },
    ],
    right: afterProperEnd,
  },

  // Silence.
  {
    name: 'silence before the headers',
    timeout: { firstToken: 150 },
    plays: [(wire) => wire.fallSilent()],
    right: () => failed('timeout', { clock: 'firstToken' }),
  },
  {
    name: 'silence in the middle of the headers',
    timeout: { firstToken: 150 },
    plays: [
      async (wire) => {
        await wire.write('HTTP/1.1 200 OK\r\nContent-Ty')
        await wire.fallSilent()
      },
    ],
    right: () => failed('timeout', { clock: 'firstToken' }),
  },
  {
    name: 'silence after the headers',
    timeout: { firstToken: 150 },
    plays: [
      async (wire) => {
        await wire.head()
        await wire.fallSilent()
      },
    ],
    right: () => failed('timeout', { clock: 'firstToken' }),
  },
  {
    name: 'comments, and never a word',
    timeout: { total: 150 },
    plays: [
      async (wire) => {
        await wire.head()
        for (let comments = 0; comments < 10; comments++) await wire.chunk(Buffer.from(': ping\n\n'))
        await wire.fallSilent()
      },
    ],
    right: () => failed('timeout', { clock: 'total' }),
  },
  {
    name: 'silence in the answer',
    timeout: { idle: 150 },
    plays: [
      async (wire, call) => {
        await begin(wire, call)
        await wire.fallSilent()
      },
    ],
    right: (call) => failed('timeout', { told: toldSoFar(call), clock: 'idle' }),
  },
  {
    name: 'silence after the finish reason',
    plays: [
      async (wire, { recording }) => {
        await wire.head()
        await wire.chunk(recording.body.subarray(0, recording.body.indexOf('data: [DONE]')))
        await wire.fallSilent()
      },
    ],
    right: answered,
  },
  {
    name: 'silence after [DONE]',
    plays: [
      async (wire, { recording }) => {
        await wire.head()
        await wire.chunk(recording.body)
        await wire.fallSilent()
      },
    ],
    right: answered,
  },
  {
    name: 'silence in the words of an error',
    plays: [
      async (wire) => {
        await wire.head(500)
        await wire.chunk(Buffer.from('{"error":{"message":"The GPU is'))
        await wire.fallSilent()
      },
    ],
    right: (call) => repeated(call, 'server'),
  },

  // Refusals.
  { name: '503, then fine', plays: [refusal(503), whole], right: (call) => mended(call, 'server') },
  { name: '429, then fine', plays: [refusal(429), whole], right: (call) => mended(call, 'rate_limit') },
  { name: '503 each time', plays: [refusal(503)], right: (call) => repeated(call, 'server') },
  { name: '500 each time', plays: [refusal(500)], right: (call) => repeated(call, 'server') },
  { name: '408 each time', plays: [refusal(408)], right: (call) => repeated(call, 'server') },
  { name: '429 each time', plays: [refusal(429)], right: (call) => repeated(call, 'rate_limit') },
  { name: '400', plays: [refusal(400)], right: () => failed('invalid_request') },
  { name: '401', plays: [refusal(401)], right: () => failed('authentication') },
  {
    name: '503 while the model loads, then fine',
    plays: [refusal(503, 'Loading model'), whole],
    right: (call) => answered(call, { requests: 2 }),
  },
  {
    name: 'an empty answer, then fine',
    plays: [empty, whole],
    right: (call) => mended(call, 'empty_completion'),
  },
  { name: 'an empty answer each time', plays: [empty], right: (call) => repeated(call, 'empty_completion') },

  // Garbage.
  { name: 'a web page', plays: [page], right: () => failed('protocol') },
  {
    name: 'noise after the headers',
    plays: [
      async (wire, { random }) => {
        await wire.head()
        await wire.chunk(noise(random, 400))
        await wire.lastChunk()
      },
    ],
    right: () => failed('protocol'),
  },
  {
    name: 'broken JSON in the answer',
    plays: [
      async (wire, call) => {
        await begin(wire, call)
        await wire.chunk(Buffer.from('data: {"choices": nope}\n\n'))
        await wire.lastChunk()
      },
    ],
    right: (call) => failed('protocol', { told: toldSoFar(call) }),
  },
  {
    name: 'noise after [DONE]',
    plays: [
      async (wire, { recording, random }) => {
        await wire.head()
        await wire.chunk(recording.body)
        await wire.chunk(noise(random, 400))
        await wire.close()
      },
    ],
    right: answered,
  },

  // Half-closed sockets: the server has said its last word, but goes on listening.
  {
    name: 'half closed after the answer',
    plays: [
      async (wire, { recording }) => {
        await wire.head(200, {})
        await wire.write(recording.body)
        await wire.close()
      },
    ],
    right: answered,
  },
  {
    name: 'half closed in the answer',
    plays: [
      async (wire, { recording, at }) => {
        await wire.head(200, {})
        await wire.write(recording.body.subarray(0, at))
        await wire.close()
      },
    ],
    right: brokenOff,
  },

  // Errors inside a stream that began with 200.
  {
    name: 'an error event before the first word',
    plays: [errorEvent({ message: 'The GPU is gone' })],
    right: () => failed('server'),
  },
  {
    name: 'an error event with status 503 before the first word',
    plays: [errorEvent({ message: 'Not now', code: 503 })],
    right: (call) => repeated(call, 'server'),
  },
  ...[
    'data: {"error":{"message":"The GPU is gone"}}',
    'event: error\ndata: {"message":"The GPU is gone"}',
  ].map((event) => ({
    name: `an error event in the answer (\`${event.split('{')[0].replace('\n', ' ').trim()}\`)`,
    plays: [
      async (wire, call) => {
        await begin(wire, call)
        await wire.chunk(Buffer.from(`${event}\n\n`))
        await wire.lastChunk()
      },
    ],
    right: (call) => failed('server', { told: toldSoFar(call) }),
  })),

  // Encodings, and lies about them.
  {
    name: 'gzip',
    plays: [
      async (wire, { recording }) => {
        await wire.head(200, { ...CHUNKED, 'Content-Encoding': 'gzip' })
        await wire.chunk(gzipSync(recording.body))
        await wire.lastChunk()
      },
    ],
    right: answered,
  },
  {
    name: 'said to be gzip, and plain',
    plays: [
      async (wire, { recording }) => {
        await wire.head(200, { ...CHUNKED, 'Content-Encoding': 'gzip' })
        await wire.chunk(recording.body)
        await wire.lastChunk()
      },
    ],
    right: () => failed('stream'),
  },
  {
    name: 'gzip that is cut off',
    plays: [
      async (wire, { recording }) => {
        await wire.head(200, { ...CHUNKED, 'Content-Encoding': 'gzip' })
        await wire.chunk(gzipSync(recording.body).subarray(0, 200))
        await wire.lastChunk()
      },
    ],
    right: ({ recording }) =>
      failed('stream', { told: recording.told(recording.body.length), isExact: false }),
  },
  {
    name: 'Content-Length too long, the answer whole',
    plays: [
      async (wire, { recording }) => {
        await wire.head(200, { 'Content-Length': recording.body.length + 100 })
        await wire.write(recording.body)
        await wire.close()
      },
    ],
    right: answered,
  },
  {
    name: 'Content-Length too short',
    plays: [
      async (wire, { recording, at }) => {
        await wire.head(200, { 'Content-Length': at })
        await wire.write(recording.body)
        await wire.close()
      },
    ],
    right: brokenOff,
  },
  {
    name: 'a chunk of no size in the answer',
    plays: [
      async (wire, call) => {
        await begin(wire, call)
        await wire.write('so long\r\ndata: \r\n')
        await wire.close()
      },
    ],
    right: brokenOff,
  },
  {
    name: 'a chunk that is shorter than it says',
    plays: [
      async (wire, { recording, at }) => {
        await wire.head()
        await wire.write(`${(at + 100).toString(16)}\r\n`)
        await wire.write(recording.body.subarray(0, at))
        await wire.close()
      },
    ],
    right: brokenOff,
  },
  {
    name: 'chunks without the last one, the answer whole',
    plays: [
      async (wire, { recording }) => {
        await wire.head()
        await wire.chunk(recording.body)
        await wire.close()
      },
    ],
    right: answered,
  },
]

export function faultOf(name) {
  return faults.find((fault) => fault.name === name)
}

async function whole(wire, { recording }) {
  await wire.head()
  await wire.chunk(recording.body)
  await wire.lastChunk()
}

/** As a model writes. */
async function wordByWord(wire, { recording }) {
  await wire.head()
  for (const event of recording.body.toString().split(/(?<=\n\n)/)) {
    await sleep(5)
    await wire.chunk(Buffer.from(event))
  }
  await wire.lastChunk()
}

/** The first part of an answer, in chunked coding. */
async function begin(wire, { recording, at }) {
  await wire.head()
  await wire.chunk(recording.body.subarray(0, at))
}

function toldSoFar({ recording, at }) {
  return recording.told(at)
}

function refusal(status, message = 'Not now') {
  return async (wire) => {
    await wire.head(status, { ...CHUNKED, 'Content-Type': 'application/json' })
    await wire.chunk(Buffer.from(JSON.stringify({ error: { message } })))
    await wire.lastChunk()
  }
}

/** A stream of nothing but an error. */
function errorEvent(error) {
  return async (wire) => {
    await wire.head()
    await wire.chunk(Buffer.from(`data: ${JSON.stringify({ error })}\n\n`))
    await wire.lastChunk()
  }
}

async function empty(wire) {
  await wire.head()
  await wire.lastChunk()
}

async function page(wire) {
  await wire.head(200, { ...CHUNKED, 'Content-Type': 'text/html' })
  await wire.chunk(Buffer.from('<!doctype html><title>Welcome</title><p>Nothing to see here'))
  await wire.lastChunk()
}

/** Bytes that are neither HTTP nor JSON nor text. */
function noise(random, length) {
  return Buffer.from(Array.from({ length }, () => 128 + Math.floor(random() * 128)))
}

/** A reset may overtake what was sent before it, the headers too. */
function afterReset(call) {
  const { ends, told } = brokenOff(call)
  return {
    ends: [...new Set([...ends, 'stream', 'connection'])],
    told,
    isExact: false,
    requests: call.retry ? 3 : 1,
  }
}

/** As if that had been all: an answer in which nothing came is an empty one. */
function afterProperEnd(call) {
  const { content, reasoning, isComplete } = toldSoFar(call)
  return content || reasoning || isComplete ? brokenOff(call) : repeated(call, 'empty_completion')
}
