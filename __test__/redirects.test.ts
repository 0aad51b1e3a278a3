import { describe, expect, it } from 'vitest'
import { providerOf } from './support/provider.js'
import { type Answer, models, startScriptedServer } from './support/scripted-server.js'
import { answer } from './support/wire.js'
import { failureOf, KEY } from './support/witness.js'

const hello = { chunks: answer('Hello') }

function redirect(status: number, location: string): Answer {
  return { status, headers: { Location: location } }
}

describe('a redirect within the origin', () => {
  it.each([301, 302, 307, 308])('of status %i keeps method, body and key', async (status) => {
    const server = await startScriptedServer()
    server.answersChats(redirect(status, '/other/completions?a=b'), hello)
    expect(await providerOf(server).query({ prompt: 'hello' })).toBe('Hello')
    const [first, second] = server.chats
    expect(second).toMatchObject({ method: 'POST', path: '/other/completions?a=b', body: first?.body })
    expect(second?.headers.authorization).toBe(`Bearer ${KEY}`)
  })

  it.each([301, 302, 303, 307, 308])('of status %i is followed by a question', async (status) => {
    const server = await startScriptedServer()
    server.answersQuestions(redirect(status, `${server.url}/v1/models/`), models('one'))
    expect((await providerOf(server).listModels()).map(({ name }) => name)).toEqual(['one'])
    expect(server.questions.map(({ path }) => path)).toEqual(['/v1/models', '/v1/models/'])
  })

  it('is followed five times', async () => {
    const server = await startScriptedServer()
    server.answersChats(...Array.from({ length: 5 }, () => redirect(307, 'next')), hello)
    expect(await providerOf(server).query({ prompt: 'hello' })).toBe('Hello')
    expect(server.chats).toHaveLength(6)
  })

  it('is followed no sixth time', async () => {
    const server = await startScriptedServer()
    server.answersChats(redirect(307, '/v1/chat/completions'))
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(error).toMatchObject({
      code: 'protocol',
      status: 307,
      message: expect.stringContaining('more than 5'),
    })
    expect(server.chats).toHaveLength(6)
  })

  it('is not followed by a chat where it means a GET', async () => {
    const server = await startScriptedServer()
    server.answersChats(redirect(303, '/v1/result'))
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(error).toMatchObject({ code: 'protocol', status: 303, hint: expect.stringContaining('POST') })
    expect(server.chats).toHaveLength(1)
    expect(server.questions).toEqual([])
  })
})

describe('a redirect to another origin', () => {
  it.each([
    ['port', (port: number) => `http://127.0.0.1:${port}/v1/chat/completions`],
    ['name', (port: number) => `http://localhost:${port}/v1/chat/completions`],
    ['name, without a scheme', (port: number) => `//localhost:${port}/v1/chat/completions`],
    ['scheme', (port: number) => `https://127.0.0.1:${port}/v1/chat/completions`],
  ])('(%s) is not followed, and the error names it without what may be secret', async (_name, at) => {
    const [server, other] = [await startScriptedServer(), await startScriptedServer()]
    other.answersChats(hello)
    server.answersChats(redirect(308, `${at(other.port).replace('//', `//me:${KEY}@`)}?key=${KEY}`))
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    const target = at(other.port).replace(/^\/\//, 'http://')
    expect(error).toMatchObject({
      code: 'protocol',
      status: 308,
      message: `The server redirects to ${target}, which is not followed`,
      hint: expect.stringContaining('`baseURL`'),
    })
    expect(other.chats).toEqual([])
  })
})

it.each([
  ['to nowhere', { status: 302 }],
  ['that is none', { status: 304 }],
  ['to no web address', redirect(307, 'mailto:me')],
])('a redirect %s is told', async (_name, given) => {
  const server = await startScriptedServer()
  server.answersChats(given)
  const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
  expect(error).toMatchObject({
    code: 'protocol',
    status: given.status,
    message: expect.stringContaining('redirects to'),
  })
})
