// A server that does to each request what its prompt asks for, in a process of its own.
import { createServer } from 'node:net'
import { faultOf } from './faults.mjs'
import { randomOf } from './random.mjs'
import { recordingOf } from './recordings.mjs'
import { Wire } from './wire.mjs'

/** What arrived, by the call's number: for each request whether its connection had been used before. */
const requests = new Map()
const open = new Set()

/** Plays the requests of a connection; the client sends one at a time. */
function serve(socket, keeps) {
  let bytes = Buffer.alloc(0)
  let isReused = false
  socket.on('data', async (piece) => {
    bytes = Buffer.concat([bytes, piece])
    const request = requestIn(bytes)
    if (!request) return
    bytes = Buffer.alloc(0)
    const playing = request.method === 'POST' ? play : notFound
    const call = { ...request.call, isReused, keeps }
    isReused = true
    await playing(socket, call)
    if (!keeps) socket.end()
  })
}

async function play(socket, call) {
  const before = requests.get(call.number) ?? []
  requests.set(call.number, [...before, call.isReused])
  const { plays } = faultOf(call.fault)
  const random = randomOf(call.seed + before.length)
  const wire = new Wire(socket, { random, keeps: call.keeps })
  const recording = recordingOf(call.recording)
  await plays[Math.min(before.length, plays.length - 1)](wire, { ...call, recording, random })
}

async function notFound(socket, { keeps }) {
  const wire = new Wire(socket, { random: randomOf(0), keeps })
  await wire.head(404, { 'Content-Length': 0 })
}

/** The request that `bytes` are, once it is whole. A chat's prompt says what shall be done to it. */
function requestIn(bytes) {
  const head = bytes.indexOf('\r\n\r\n') + 4
  if (head < 4) return undefined
  const text = bytes.subarray(0, head).toString()
  const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0)
  if (bytes.length < head + length) return undefined
  const method = text.slice(0, text.indexOf(' '))
  if (length === 0) return { method }
  const { messages } = JSON.parse(bytes.subarray(head).toString())
  return { method, call: JSON.parse(messages.at(-1).content) }
}

/** One address: its connections are kept, or closed after the first answer. */
function listen(port, take) {
  // The server may say its last word, and go on listening.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => {}).once('close', () => open.delete(socket))
    socket.once('end', () => socket.end())
    take(socket)
  })
  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server.address().port)))
}

const asked = {
  requests: () => [...requests],
  open: () => open.size,
}

const wanted = Number(process.argv[2] ?? 0)
const ports = {
  closing: await listen(wanted, (socket) => serve(socket, false)),
  keeping: await listen(0, (socket) => serve(socket, true)),
  slammed: await listen(0, (socket) => socket.resetAndDestroy()),
}
process.on('message', (question) => process.send(asked[question]()))
process.on('disconnect', () => process.exit())
process.send(ports)
