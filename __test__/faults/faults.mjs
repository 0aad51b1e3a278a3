import { gzipSync } from 'node:zlib'
import {
  begun,
  body,
  brokenChunks,
  joined,
  noise,
  plainBody,
  raw,
  refusal,
  whole,
  wordByWord,
} from './plays.mjs'
import {
  afterProperEnd,
  afterReset,
  answered,
  brokenOff,
  failed,
  mended,
  repeated,
  replaced,
  toldAt,
} from './right.mjs'

const fine = body(whole, 'lastChunk')
const empty = body('', 'lastChunk')
const GZIP = { 'Content-Encoding': 'gzip' }
const HALF_A_HEAD = 'HTTP/1.1 200 OK\r\nContent-Ty'
const PAGE = '<!doctype html><title>Welcome</title><p>Nothing to see here'
const COMMENTS = ': ping\n\n'.repeat(10)
const ERROR = 'data: {"error":{"message":"The GPU is gone"}}\n\n'
const NAMED_ERROR = 'event: error\ndata: {"message":"The GPU is gone"}\n\n'
const ERROR_WITH_STATUS = 'data: {"error":{"message":"Not now","code":503}}\n\n'

/** How long a clock runs that must end a call, in milliseconds. */
const SHORT = 150

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
  { name: 'nothing', plays: [fine], right: answered },
  { name: 'nothing, word by word', plays: [wordByWord], right: answered },
  { name: 'nothing, on kept connections', door: 'keeping', plays: [fine], right: answered },
  {
    name: 'a kept connection is reset by the next request',
    door: 'keeping',
    plays: [(wire, call) => (call.isReused ? wire.reset() : fine(wire, call))],
    right: replaced,
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
    plays: [raw('', 'reset')],
    right: (call) => repeated(call, 'connection'),
  },
  {
    name: 'reset before the headers, then fine',
    plays: [raw('', 'reset'), fine],
    right: (call) => mended(call, 'connection'),
  },
  {
    name: 'closed before the headers',
    plays: [raw('', 'close')],
    right: (call) => repeated(call, 'connection'),
  },
  {
    name: 'closed in the middle of the headers',
    plays: [raw(HALF_A_HEAD, 'close')],
    right: (call) => repeated(call, 'connection'),
  },
  {
    name: 'another protocol',
    plays: [raw('SSH-2.0-OpenSSH_9.9\r\n', 'close')],
    right: () => failed('connection'),
  },
  { name: 'noise', plays: [raw(noise, 'close')], right: () => failed('connection') },

  // The answer breaks off.
  { name: 'reset after the headers', plays: [body('', 'reset')], right: () => failed('stream') },
  { name: 'reset in the answer', isCut: true, plays: [body(begun, 'reset')], right: afterReset },
  { name: 'closed in the answer', isCut: true, plays: [body(begun, 'close')], right: brokenOff },
  {
    name: 'ended properly in the answer',
    isCut: true,
    plays: [body(begun, 'lastChunk')],
    right: afterProperEnd,
  },
  // The server has said its last word, but goes on listening.
  { name: 'half closed in the answer', plays: [plainBody(begun)], right: brokenOff },
  { name: 'half closed after the answer', plays: [plainBody(whole)], right: answered },

  // Silence.
  {
    name: 'silence before the headers',
    timeout: { firstToken: SHORT },
    plays: [raw('', 'fallSilent')],
    right: () => failed('timeout', { clock: 'firstToken' }),
  },
  {
    name: 'silence in the middle of the headers',
    timeout: { firstToken: SHORT },
    plays: [raw(HALF_A_HEAD, 'fallSilent')],
    right: () => failed('timeout', { clock: 'firstToken' }),
  },
  {
    name: 'silence after the headers',
    timeout: { firstToken: SHORT },
    plays: [body('', 'fallSilent')],
    right: () => failed('timeout', { clock: 'firstToken' }),
  },
  {
    name: 'comments, and never a word',
    timeout: { total: SHORT },
    plays: [body(COMMENTS, 'fallSilent')],
    right: () => failed('timeout', { clock: 'total' }),
  },
  {
    name: 'silence in the answer',
    timeout: { idle: SHORT },
    plays: [body(begun, 'fallSilent')],
    right: (call) => failed('timeout', { told: toldAt(call), clock: 'idle' }),
  },
  {
    name: 'silence after the finish reason',
    plays: [body(({ recording }) => recording.body.subarray(0, recording.doneAt), 'fallSilent')],
    right: answered,
  },
  { name: 'silence after `[DONE]`', plays: [body(whole, 'fallSilent')], right: answered },
  {
    name: 'silence in the words of an error',
    plays: [body('{"error":{"message":"The GPU is', 'fallSilent', { status: 400 })],
    right: () => failed('invalid_request'),
  },

  // Refusals.
  { name: '503, then fine', plays: [refusal(503), fine], right: (call) => mended(call, 'server') },
  { name: '429, then fine', plays: [refusal(429), fine], right: (call) => mended(call, 'rate_limit') },
  { name: '503 each time', plays: [refusal(503)], right: (call) => repeated(call, 'server') },
  { name: '500 each time', plays: [refusal(500)], right: (call) => repeated(call, 'server') },
  { name: '429 each time', plays: [refusal(429)], right: (call) => repeated(call, 'rate_limit') },
  { name: '425 each time', plays: [refusal(425)], right: (call) => repeated(call, 'server') },
  { name: '408 each time', plays: [refusal(408)], right: (call) => repeated(call, 'server') },
  { name: '401', plays: [refusal(401)], right: () => failed('authentication') },
  { name: '400', plays: [refusal(400)], right: () => failed('invalid_request') },
  {
    name: '503 while the model loads, then fine',
    plays: [refusal(503, 'Loading model'), fine],
    right: (call) => answered(call, { requests: 2 }),
  },

  // 200, and no answer.
  {
    name: 'an empty answer, then fine',
    plays: [empty, fine],
    right: (call) => mended(call, 'empty_completion'),
  },
  { name: 'an empty answer each time', plays: [empty], right: (call) => repeated(call, 'empty_completion') },
  {
    name: 'a web page',
    plays: [body(PAGE, 'lastChunk', { headers: { 'Content-Type': 'text/html' } })],
    right: () => failed('protocol'),
  },
  { name: 'noise after the headers', plays: [body(noise, 'lastChunk')], right: () => failed('protocol') },
  {
    name: 'broken JSON in the answer',
    plays: [body(joined(begun, 'data: {"choices": nope}\n\n'), 'lastChunk')],
    right: (call) => failed('protocol', { told: toldAt(call) }),
  },
  { name: 'noise after `[DONE]`', plays: [body(joined(whole, noise), 'close')], right: answered },
  {
    name: 'an error event before the first word',
    plays: [body(ERROR, 'lastChunk')],
    right: () => failed('server'),
  },
  {
    name: 'an error event before the first word, with status 503',
    plays: [body(ERROR_WITH_STATUS, 'lastChunk')],
    right: (call) => repeated(call, 'server'),
  },
  {
    name: 'an error event in the answer',
    plays: [body(joined(begun, ERROR), 'lastChunk')],
    right: (call) => failed('server', { told: toldAt(call) }),
  },
  {
    name: 'an error event in the answer, with status 503',
    plays: [body(joined(begun, ERROR_WITH_STATUS), 'lastChunk')],
    right: (call) => failed('server', { told: toldAt(call) }),
  },
  {
    name: 'an event called `error` in the answer',
    plays: [body(joined(begun, NAMED_ERROR), 'lastChunk')],
    right: (call) => failed('server', { told: toldAt(call) }),
  },

  // Encodings, and lies about them.
  {
    name: 'gzip',
    plays: [body((call) => gzipSync(whole(call)), 'lastChunk', { headers: GZIP })],
    right: answered,
  },
  {
    name: 'gzip that is cut off',
    plays: [body((call) => gzipSync(whole(call)).subarray(0, 200), 'lastChunk', { headers: GZIP })],
    right: (call) => failed('stream', { told: answered(call).told, isExact: false }),
  },
  {
    name: 'said to be gzip, and plain',
    plays: [body(whole, 'lastChunk', { headers: GZIP })],
    right: () => failed('stream'),
  },
  {
    name: '`Content-Length` too long',
    plays: [plainBody(whole, (call) => ({ 'Content-Length': whole(call).length + 100 }))],
    right: answered,
  },
  {
    name: '`Content-Length` too short',
    plays: [plainBody(whole, ({ at }) => ({ 'Content-Length': at }))],
    right: brokenOff,
  },
  {
    name: 'a chunk without a size in the answer',
    plays: [brokenChunks('so long\r\ndata: \r\n')],
    right: brokenOff,
  },
  {
    name: 'a chunk that is shorter than it says',
    plays: [brokenChunks('64\r\n: no hundred bytes')],
    right: brokenOff,
  },
  { name: 'no last chunk after the answer', plays: [body(whole, 'close')], right: answered },
]

export function faultOf(name) {
  return faults.find((fault) => fault.name === name)
}
