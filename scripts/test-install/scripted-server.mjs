import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

const PIECES = ['Hello', ' from', ' the', ' wire.']
const MISSING = { error: { message: 'The model `missing` does not exist', code: 'model_not_found' } }

/** A server that has one model and says one sentence. It is no llama.cpp, so the check needs neither Python nor a model. */
export async function startScriptedServer() {
  const server = createServer(async (request, response) => {
    if (request.method === 'GET' && request.url === '/v1/models') {
      return send(response, 200, { object: 'list', data: [{ id: 'scripted', object: 'model' }] })
    }
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') return send(response, 404, {})
    const body = await json(request)
    if (body.model === 'missing') return send(response, 404, MISSING)
    if (body.stream !== true) return send(response, 400, { error: { message: 'not streamed' } })
    answer(response, body.model)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  return { baseURL: `http://127.0.0.1:${server.address().port}/v1`, stop }
}

function send(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

function answer(response, model) {
  const event = (delta, finish = null) => {
    const choices = [{ index: 0, delta, finish_reason: finish }]
    response.write(
      `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', model, choices })}\n\n`,
    )
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  event({ role: 'assistant', content: '' })
  for (const content of PIECES) event({ content })
  event({}, 'stop')
  response.end('data: [DONE]\n\n')
}
