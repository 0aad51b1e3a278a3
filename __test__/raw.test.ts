import { expect, it } from 'vitest'
import { OllamaProvider } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { json, startScriptedServer } from './support/scripted-server.js'
import { answer, chunk, done, event, text } from './support/wire.js'
import { KEY } from './support/witness.js'

it('what went over the wire is told to who asks for it, and to nobody else', async () => {
  const server = await startScriptedServer()
  const last = { id: 'c1', choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } }
  server.answersChats({ chunks: [text('Hello!'), chunk({}, 'stop'), event(last), done] })
  const provider = providerOf(server, { query: { version: '1' } })
  const { raw } = await provider.chat({ ...asking('hello'), includeRaw: true })
  expect(raw).toEqual({
    url: `${server.baseURL}/chat/completions`,
    requestBody: server.chats[0]?.body,
    lastFrame: JSON.stringify(last),
  })
  expect(server.chats[0]?.path).toContain('?version=1')
  for (const includeRaw of [undefined, false])
    expect(await provider.chat({ ...asking('hello'), includeRaw })).not.toHaveProperty('raw')
})

it('shows no key', async () => {
  const server = await startScriptedServer()
  server.answersChats({ chunks: answer('Hello!') })
  const { raw } = await providerOf(server).chat({ ...asking(`My key is ${KEY}.`), includeRaw: true })
  expect(raw?.requestBody).toContain('My key is ***.')
  expect(JSON.stringify(raw)).not.toContain(KEY)
})

it('of an answer that is one document, it is all', async () => {
  const server = await startScriptedServer()
  const whole = JSON.stringify({ choices: [{ message: { content: 'Hello!' }, finish_reason: 'stop' }] })
  server.answersChats(json(whole))
  const { raw } = await providerOf(server).chat({ ...asking('hello'), includeRaw: true })
  expect(raw?.lastFrame).toBe(whole)
})

it('of Ollama’s own protocol, it is the last line', async () => {
  const server = await startScriptedServer()
  const lines = [
    { model: 'm', message: { role: 'assistant', content: 'Hello!' }, done: false },
    { model: 'm', message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' },
  ].map((line) => JSON.stringify(line))
  server.answersChats({ chunks: lines.map((line) => `${line}\n`) })
  const provider = new OllamaProvider({ baseURL: server.baseURL, model: 'm' })
  const { raw } = await provider.chat({ ...asking('hello'), includeRaw: true })
  expect(raw?.lastFrame).toBe(lines[1])
  expect(raw?.url).toMatch(/\/api\/chat$/)
})

it('is of the request that was answered, as a subclass left it', async () => {
  const server = await startScriptedServer()
  server.answersChats(json('{"error":{"message":"Unknown parameter: \'top_k\'"}}', 400), {
    chunks: answer('Hello!'),
  })
  const { raw } = await providerOf(server).chat({ ...asking('hello'), topK: 5, includeRaw: true })
  expect(raw?.requestBody).toBe(server.chats[1]?.body)
})
