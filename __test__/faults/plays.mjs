import { setTimeout as sleep } from 'node:timers/promises'
import { below } from './random.mjs'

/**
 * How a server plays its part in one request. A play takes the wire and the call; `bytes` are a text, or a function that
 * makes them from the call; `end` is how it stops: 'lastChunk', 'close', 'reset' or 'fallSilent'.
 */

const CHUNKED = { 'Transfer-Encoding': 'chunked' }

/** Writes `bytes` and nothing else. */
export function raw(bytes, end) {
  return async (wire, call) => {
    await wire.write(bytesOf(bytes, call))
    await wire[end]()
  }
}

/** Status line, headers, and a body in chunked coding. */
export function body(bytes, end, { status = 200, headers = {} } = {}) {
  return async (wire, call) => {
    await wire.head(status, { ...CHUNKED, ...headers })
    await wire.chunk(bytesOf(bytes, call))
    await wire[end]()
  }
}

/** A body that goes on until the connection is closed, or as long as its headers say. */
export function plainBody(bytes, headers = () => ({})) {
  return async (wire, call) => {
    await wire.head(200, headers(call))
    await wire.write(bytesOf(bytes, call))
    await wire.close()
  }
}

/** A part of an answer, and then what is no chunk of the coding. */
export function brokenChunks(rest) {
  return async (wire, call) => {
    await wire.head(200, CHUNKED)
    await wire.chunk(begun(call))
    await wire.write(rest)
    await wire.close()
  }
}

/** As a model writes: one event after the other. */
export async function wordByWord(wire, { recording }) {
  await wire.head(200, CHUNKED)
  for (const event of recording.body.toString().split(/(?<=\n\n)/)) {
    await sleep(5)
    await wire.chunk(Buffer.from(event))
  }
  await wire.lastChunk()
}

/** The recorded answer. */
export function whole({ recording }) {
  return recording.body
}

/** The recorded answer up to the place where the fault strikes. */
export function begun({ recording, at }) {
  return recording.body.subarray(0, at)
}

/** Several of these `bytes`. */
export function joined(...parts) {
  return (call) => Buffer.concat(parts.map((part) => bytesOf(part, call)))
}

/** Bytes that are neither HTTP nor JSON nor text. */
export function noise({ random }) {
  return Buffer.from(Array.from({ length: 400 }, () => 128 + below(random, 128)))
}

export function refusal(status, message = 'Not now') {
  const headers = { 'Content-Type': 'application/json' }
  return body(JSON.stringify({ error: { message } }), 'lastChunk', { status, headers })
}

function bytesOf(bytes, call) {
  return Buffer.from(typeof bytes === 'function' ? bytes(call) : bytes)
}
