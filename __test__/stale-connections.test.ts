import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { OpenAICompatibleProvider } from '../index.js'

const ANSWER = 'data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'

let server: Server | undefined

afterEach(async () => {
  server?.closeAllConnections()
  server?.close()
  if (server) await once(server, 'close')
})

/**
 * Answers the first request of a connection, once `together` requests have come, and treats the later ones as `later`
 * does.
 */
async function startServer(later: (request: IncomingMessage, socket: Socket) => void, together = 1) {
  const known = new WeakSet<Socket>()
  const prompts: string[] = []
  let answerAll = () => {}
  const mayAnswer = new Promise<void>((resolve) => {
    answerAll = resolve
  })
  server = createServer(async (request, response) => {
    const { socket } = request
    const isFirst = !known.has(socket)
    known.add(socket)
    const body: Buffer[] = []
    for await (const piece of request) body.push(piece)
    prompts.push(JSON.parse(Buffer.concat(body).toString()).messages[0].content)
    if (prompts.length === together) answerAll()
    await mayAnswer
    if (isFirst) response.writeHead(200, { 'content-type': 'text/event-stream' }).end(ANSWER)
    else later(request, socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const retry = { baseDelay: 1 }
  return { provider: new OpenAICompatibleProvider({ host: '127.0.0.1', port, model: 'm', retry }), prompts }
}

describe('a connection from the pool that turns out to be closed', () => {
  it('is replaced, and the caller notices nothing', async () => {
    const { provider, prompts } = await startServer((_, socket) => socket.destroy())
    for (let call = 0; call < 10; call++) expect(await provider.query({ prompt: `${call}` })).toBe('Hello')
    for (let call = 0; call < 10; call++) {
      const arrived = prompts.filter((prompt) => prompt === `${call}`).length
      expect(arrived).toBeLessThanOrEqual(2)
    }
    expect(prompts.length).toBeGreaterThan(10)
  })

  it('is replaced once a call, however many of them are closed', async () => {
    const { provider, prompts } = await startServer((_, socket) => socket.destroy(), 8)
    // Each leaves a connection of its own.
    await Promise.all(Array.from({ length: 8 }, () => provider.query({ prompt: 'warm' })))
    await expect(provider.query({ prompt: 'x' })).rejects.toMatchObject({ code: 'connection', attempts: 3 })
    expect(prompts.filter((prompt) => prompt === 'x')).toHaveLength(4)
  })
})

describe('a new connection that is closed without an answer', () => {
  it.each([
    ['once', false, 1],
    ['once and for each retry', { maxRetries: 3, baseDelay: 1 }, 4],
  ] as const)('is an error, and the prompt was sent %s', async (_name, retry, sent) => {
    const prompts: string[] = []
    server = createServer(async (request) => {
      for await (const piece of request) prompts.push(piece.toString())
      request.socket.destroy()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const provider = new OpenAICompatibleProvider({ host: '127.0.0.1', port, model: 'm', retry })
    await expect(provider.query({ prompt: 'x' })).rejects.toMatchObject({
      code: 'connection',
      retryable: true,
      attempts: sent,
    })
    expect(prompts).toHaveLength(sent)
  })
})
