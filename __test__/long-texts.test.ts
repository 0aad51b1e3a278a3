import { expect, it } from 'vitest'
import type { ChatMessage } from '../index.js'
import { providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'

it('sends texts of every length and script as they are, each in its message', async () => {
  const server = await startScriptedServer()
  server.answersChats({ chunks: answer('ok') })
  const texts = [
    'short',
    'plain \\ "quoted"\n\u0001'.repeat(100),
    'größer 🙂'.repeat(50),
    '',
    'x'.repeat(255),
    'y'.repeat(256),
  ]
  const messages: ChatMessage[] = [
    { role: 'system', content: texts[1] as string },
    ...texts.map((content, index): ChatMessage => ({ role: index % 2 ? 'assistant' : 'user', content })),
    { role: 'assistant', content: null },
    { role: 'user', content: '🙂'.repeat(200_000), name: 'ada' },
  ]
  const kept = structuredClone(messages)
  await providerOf(server).chat({ messages })
  expect(messages, 'the caller’s own messages').toEqual(kept)
  expect(server.chats[0]?.json.messages).toEqual(kept)
})

it('leaves a message alone that says itself how it is written', async () => {
  const server = await startScriptedServer()
  server.answersChats({ chunks: answer('ok') })
  const message = {
    role: 'user',
    content: 'x'.repeat(1000),
    toJSON: () => ({ role: 'user', content: 'mine' }),
  }
  await providerOf(server).chat({ messages: [message as ChatMessage] })
  expect(server.chats[0]?.json.messages).toEqual([{ role: 'user', content: 'mine' }])
})

it('sends U+FFFD for the half of a character, in a short text and in a long one', async () => {
  const server = await startScriptedServer()
  server.answersChats({ chunks: answer('ok') })
  const cut = (text: string) => text.slice(0, -1)
  await providerOf(server).query({
    prompt: cut(`${'a'.repeat(500)}🙂`),
    history: [{ role: 'user', content: cut('\\ud83d 🙂') }],
  })
  const messages = server.chats[0]?.json.messages as ChatMessage[]
  expect(messages[0]?.content).toBe('\\ud83d \ufffd')
  expect(messages[1]?.content).toBe(`${'a'.repeat(500)}\ufffd`)
})
