import { describe, expect, it } from 'vitest'
import type { ChatMessage } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { type Answer, json, startScriptedServer } from './support/scripted-server.js'
import { answer, event, refusal } from './support/wire.js'
import { failureOf } from './support/witness.js'

const hello: Answer = { chunks: answer('Hello!') }
const codes = ({ warnings }: { warnings: readonly { code: string }[] }) => warnings.map(({ code }) => code)

async function serverOf(...answers: Answer[]) {
  const server = await startScriptedServer()
  server.answersChats(...answers)
  return server
}

describe('a field that a server refuses', () => {
  it('is changed once for each refusal, and from then on before it is sent', async () => {
    const server = await serverOf(
      json(refusal("Unsupported parameter: 'max_tokens' is not supported.", { param: 'max_tokens' }), 400),
      json('{"detail":"Unexpected fields in the request: {\'top_k\'}"}', 422),
      hello,
    )
    const provider = providerOf(server)
    const request = { ...asking('hello'), maxTokens: 7, topK: 5, temperature: 1 }
    expect(codes(await provider.chat(request))).toEqual(['refused_field', 'refused_field'])
    expect(codes(await provider.chat(request))).toEqual(['refused_field', 'refused_field'])
    expect(server.chats).toHaveLength(4)
    const [, , third, fourth] = server.chats.map((chat) => chat.json)
    expect(third).toEqual(fourth)
    expect(third).toMatchObject({ max_completion_tokens: 7, temperature: 1 })
    expect(third).not.toHaveProperty('top_k')
    expect(third).not.toHaveProperty('max_tokens')
  })

  it('stays another model’s', async () => {
    const server = await serverOf(json(refusal("Unknown parameter: 'top_k'"), 400), hello)
    const provider = providerOf(server)
    await provider.chat({ ...asking('hello'), topK: 5 })
    await provider.chat({ ...asking('hello'), topK: 5, model: 'other' })
    expect(server.chats.map((chat) => chat.json.top_k)).toEqual([5, undefined, 5])
  })

  it('fails the call where it is refused again, without a third request', async () => {
    const server = await serverOf(json(refusal("Unknown parameter: 'top_k'"), 400))
    const error = await failureOf(providerOf(server).chat({ ...asking('hello'), topK: 5 }))
    expect(error).toMatchObject({ code: 'invalid_request', attempts: 2 })
    expect(server.chats).toHaveLength(2)
  })

  it('is the caller’s mistake where the caller alone knows what it is for', async () => {
    const server = await serverOf(
      json(refusal("Unknown parameter: 'documents'", { param: 'documents' }), 400),
    )
    const extraBody = { documents: ['a'] }
    const error = await failureOf(providerOf(server).chat({ ...asking('hello'), extraBody }))
    expect(error).toMatchObject({ code: 'invalid_request', attempts: 1 })
    expect(server.chats).toHaveLength(1)
  })
})

describe('messages that a template refuses', () => {
  const messages: ChatMessage[] = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'one' },
    { role: 'user', content: [{ type: 'text', text: 'two' }] },
  ]
  const alternate = json(
    refusal('\n------------\n...\nError: Jinja Exception: Conversation roles must alternate user/assistant'),
    500,
  )

  it('are sent as they are where nobody refuses them', async () => {
    const server = await serverOf(hello)
    const answered = await providerOf(server).chat({ messages })
    expect(answered.warnings).toEqual([])
    expect(server.chats[0]?.json.messages).toEqual(messages)
  })

  it('are changed by one step for each refusal, and from then on before they are sent', async () => {
    const content = json(refusal('messages.1.content: Input should be a valid string'), 400)
    // LM Studio says 200 before it renders the template.
    const system: Answer = {
      chunks: [
        `event: error\n${event({ error: { message: 'Error rendering prompt with jinja template: "System role not supported".' } })}`,
      ],
    }
    const server = await serverOf(alternate, content, system, hello)
    const provider = providerOf(server)
    const steps = ['merged_messages', 'flattened_content', 'system_as_user']
    expect(codes(await provider.chat({ messages }))).toEqual(steps)
    expect(codes(await provider.chat({ messages })).sort()).toEqual(steps.sort())
    expect(server.chats).toHaveLength(5)
    const sent = server.chats.map((chat) => chat.json.messages as ChatMessage[])
    expect(sent.map((list) => list.length)).toEqual([3, 2, 2, 1, 1])
    expect(sent.at(-1)).toEqual([{ role: 'user', content: 'Be brief.\n\none\n\ntwo' }])
  })

  it('fail the call once no step is left', async () => {
    const server = await serverOf(alternate)
    const error = await failureOf(providerOf(server).chat({ messages }))
    expect(error).toMatchObject({ code: 'invalid_request', retryable: false, attempts: 3 })
    expect(error.message).toContain('roles must alternate')
    expect(server.chats).toHaveLength(3)
  })

  it('are not sent again once anything of an answer has come', async () => {
    const broken: Answer = {
      chunks: [
        ...answer('Hel').slice(0, 2),
        event({ error: { message: 'roles must alternate', code: 400 } }),
      ],
    }
    const server = await serverOf(broken)
    const error = await failureOf(providerOf(server).chat({ messages }))
    expect(error).toMatchObject({ attempts: 1, partial: { content: 'Hel' } })
    expect(server.chats).toHaveLength(1)
  })
})
