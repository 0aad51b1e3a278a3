// No HTTP client at all: what a first token costs before anybody has looked at it.
import { connect } from 'node:net'
import { request } from './by-hand.mjs'

export function open(address, messages) {
  const { host, hostname, port, pathname } = new URL(`${address}/v1/chat/completions`)
  const { method, headers, body } = request(messages)
  const head = Object.entries({ host, 'content-length': Buffer.byteLength(body), ...headers })
  const bytes = `${method} ${pathname} HTTP/1.1\r\n${head.map((pair) => pair.join(': ')).join('\r\n')}\r\n\r\n${body}`
  const socket = connect({ host: hostname, port, noDelay: true })
  return {
    ask(onText) {
      return new Promise((resolve, reject) => {
        socket.once('error', reject)
        socket.on('data', function read(packet) {
          for (const [, text] of packet.toString().matchAll(/"content":"([^"]+)"/g)) onText(text)
          if (!packet.toString().endsWith('\r\n0\r\n\r\n')) return
          socket.off('data', read).off('error', reject)
          resolve()
        })
        socket.write(bytes)
      })
    },
  }
}
