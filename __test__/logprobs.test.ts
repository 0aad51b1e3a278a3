import { expect, it } from 'vitest'
import { ConfigurationError, OllamaProvider } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { json, startScriptedServer } from './support/scripted-server.js'
import { answer, chunk, done, refusal, text } from './support/wire.js'
import { failureOf } from './support/witness.js'

const told = (token: string, logprob: number, ...top: string[]) => ({
  token,
  logprob,
  bytes: [...Buffer.from(token)],
  top_logprobs: top.map((other, index) => ({ token: other, logprob: 0 - index, bytes: [] })),
})
const probable = (...content: object[]) => {
  const { id, choices } = { id: 'c1', choices: [{ index: 0, delta: {}, logprobs: { content } }] }
  return `data: ${JSON.stringify({ id, choices })}\n\n`
}
const hello = {
  chunks: [
    text('Hel'),
    probable(told('Hel', -0.5, 'Hel', 'The', 'In')),
    text('lo!'),
    probable(told('lo', -0.25, 'lo'), told('!', -9, '?', '.')),
    chunk({}, 'stop'),
    done,
  ],
}

it('log probabilities are put together over the stream, with as many alternatives as were asked for', async () => {
  const server = await startScriptedServer()
  server.answersChats(hello)
  const { logprobs } = await providerOf(server).chat({ ...asking('hello'), logprobs: 2 })
  expect(logprobs).toEqual([
    {
      token: 'Hel',
      logprob: -0.5,
      top: [
        { token: 'Hel', logprob: 0 },
        { token: 'The', logprob: -1 },
      ],
    },
    { token: 'lo', logprob: -0.25, top: [{ token: 'lo', logprob: 0 }] },
    {
      token: '!',
      logprob: -9,
      top: [
        { token: '?', logprob: 0 },
        { token: '.', logprob: -1 },
      ],
    },
  ])
  expect(server.chats[0]?.json).toMatchObject({ logprobs: true, top_logprobs: 2 })
})

it('`true` asks for no alternatives, and the call’s word counts before the provider’s', async () => {
  const server = await startScriptedServer()
  server.answersChats(hello)
  const provider = providerOf(server, { defaults: { logprobs: 5 } })
  const { logprobs } = await provider.chat({ ...asking('hello'), logprobs: true })
  expect(logprobs?.map(({ token, top }) => [token, top])).toEqual([
    ['Hel', []],
    ['lo', []],
    ['!', []],
  ])
  expect(await provider.chat({ ...asking('hello'), logprobs: false })).not.toHaveProperty('logprobs')
  await provider.chat(asking('hello'))
  const sent = server.chats.map((chat) => [chat.json.logprobs, chat.json.top_logprobs])
  expect(sent).toEqual([
    [true, undefined],
    [undefined, undefined],
    [true, 5],
  ])
})

it('log probabilities are absent where the server tells none, and where nobody asked', async () => {
  const server = await startScriptedServer()
  server.answersChats({ chunks: answer('Hello!') }, hello)
  const provider = providerOf(server)
  expect(await provider.chat({ ...asking('hello'), logprobs: 1 })).not.toHaveProperty('logprobs')
  expect(await provider.chat(asking('hello'))).not.toHaveProperty('logprobs')
})

it('Ollama has fields of its own for log probabilities', async () => {
  const server = await startScriptedServer()
  const line = (more: object) => `${JSON.stringify({ model: 'm', done: false, ...more })}\n`
  const message = { role: 'assistant', content: 'Hello' }
  server.answersChats({
    chunks: [
      line({ message, logprobs: [told('Hello', -0.5, 'Hello', 'Hi')] }),
      line({ message: { ...message, content: '' }, done: true, done_reason: 'stop' }),
    ],
  })
  const provider = new OllamaProvider({ baseURL: server.baseURL, model: 'm' })
  const { logprobs } = await provider.chat({ ...asking('hello'), logprobs: 1 })
  expect(logprobs).toEqual([{ token: 'Hello', logprob: -0.5, top: [{ token: 'Hello', logprob: 0 }] }])
  expect(server.chats[0]?.json).toMatchObject({ logprobs: true, top_logprobs: 1 })
})

it('log probabilities that a model refuses are left out with their number', async () => {
  const server = await startScriptedServer()
  const words = "Unsupported parameter: 'logprobs' is not supported with this model."
  server.answersChats(json(refusal(words, { param: 'logprobs' }), 400), { chunks: answer('Hello!') })
  const { warnings } = await providerOf(server).chat({ ...asking('hello'), logprobs: 3 })
  expect(warnings.map(({ code }) => code)).toEqual(['refused_field'])
  expect(server.chats[1]?.json).not.toHaveProperty('top_logprobs')
  expect(server.chats).toHaveLength(2)
})

it.each([-1, 1.5, 'three'])('%o is no number of alternatives', async (logprobs) => {
  const server = await startScriptedServer()
  const request = { ...asking('hello'), logprobs: logprobs as number }
  expect(await failureOf(providerOf(server).chat(request))).toBeInstanceOf(ConfigurationError)
  expect(server.chats).toEqual([])
})
