import { describe, expect, it } from 'vitest'
import { ConfigurationError, OpenAICompatibleProvider } from '../index.js'
import { providerOf } from './support/provider.js'
import { json, startScriptedServer } from './support/scripted-server.js'
import { answer, refusal } from './support/wire.js'
import { failureOf, KEY, OTHER_KEY } from './support/witness.js'

const loading = json(refusal('Loading model'), 503)
const hello = { chunks: answer('Hello') }

async function sentWith(config: ConstructorParameters<typeof OpenAICompatibleProvider>[0]) {
  const server = await startScriptedServer()
  server.answersChats(hello)
  await providerOf(server, config as object).query({ prompt: 'hello' })
  return server.chats[0]?.headers.authorization
}

describe('the key', () => {
  it('is sent as a bearer token', async () => {
    expect(await sentWith({ apiKey: KEY })).toBe(`Bearer ${KEY}`)
  })

  it('is a placeholder where there is none', async () => {
    expect(await sentWith({ apiKey: undefined })).toBe('Bearer not-needed')
  })

  it('is not sent where it is empty', async () => {
    expect(await sentWith({ apiKey: '' })).toBeUndefined()
  })

  it('may come from a function', async () => {
    expect(await sentWith({ apiKey: () => KEY })).toBe(`Bearer ${KEY}`)
  })

  it('may come from an async function', async () => {
    const apiKey = async () => {
      await new Promise(setImmediate)
      return KEY
    }
    expect(await sentWith({ apiKey })).toBe(`Bearer ${KEY}`)
  })

  it('is not sent where the function gives an empty one', async () => {
    expect(await sentWith({ apiKey: () => '' })).toBeUndefined()
  })

  it('leaves the header alone that the caller has set', async () => {
    expect(await sentWith({ apiKey: undefined, headers: { Authorization: `Token ${OTHER_KEY}` } })).toBe(
      `Token ${OTHER_KEY}`,
    )
  })

  it('is asked for before each attempt', async () => {
    const server = await startScriptedServer()
    server.answersChats(loading, loading, hello)
    let asked = 0
    const apiKey = () => {
      asked += 1
      return `${KEY}-${asked}`
    }
    const provider = providerOf(server, { apiKey })
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    await provider.getStatus()
    const sent = [...server.chats, ...server.questions].map((exchange) => exchange.headers.authorization)
    expect(sent).toEqual([1, 2, 3, 4].map((number) => `Bearer ${KEY}-${number}`))
  })

  it.each([new Error('the keychain is locked'), 'a text', undefined, null, 0])(
    'that cannot be had rejects with what the function threw: %s',
    async (thrown) => {
      const server = await startScriptedServer()
      const sync = providerOf(server, {
        apiKey: () => {
          throw thrown
        },
      })
      const rejecting = providerOf(server, { apiKey: () => Promise.reject(thrown) })
      expect(await failureOf(sync.query({ prompt: 'hello' }))).toBe(thrown)
      expect(await failureOf(rejecting.query({ prompt: 'hello' }))).toBe(thrown)
      expect(
        await failureOf(sync.stream({ messages: [{ role: 'user', content: 'hello' }] }).response()),
      ).toBe(thrown)
      expect(server.chats).toEqual([])
    },
  )

  it.each([[`${KEY}\n`], [`${KEY} ${OTHER_KEY}`], [`${KEY}ß`]])(
    'that no header can hold is refused, and not shown',
    async (key) => {
      const server = await startScriptedServer()
      const error = await failureOf(providerOf(server, { apiKey: () => key }).query({ prompt: 'hello' }))
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error.hint).toContain('how the key was copied')
    },
  )

  it('that is no text is refused', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server, { apiKey: (() => 42) as unknown as () => string })
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('apiKey'),
    })
  })

  it('is told by the authenticator, but not shown', () => {
    const configured = (apiKey: string | (() => string) | undefined) => {
      const authenticator = new OpenAICompatibleProvider({ apiKey }).getAuthenticator()
      return [authenticator.isConfigured(), authenticator.getCredentialType()]
    }
    expect(configured(KEY)).toEqual([true, 'api_key'])
    expect(configured(() => KEY)).toEqual([true, 'api_key'])
    expect(configured('')).toEqual([true, 'none'])
    expect(configured(undefined)).toEqual([true, 'none'])
  })

  it('has an authenticator that configures nothing and checks the key', async () => {
    const server = await startScriptedServer()
    const authenticator = providerOf(server).getAuthenticator()
    expect(await authenticator.configure()).toBeUndefined()
    expect(await authenticator.validateCredentials()).toBe(true)
    server.answersQuestions(json(refusal('Invalid key'), 401))
    expect(await authenticator.validateCredentials()).toBe(false)
  })
})

describe('a name and a password in the address', () => {
  it('are sent as a header, and shown nowhere', async () => {
    const server = await startScriptedServer()
    server.answersChats(json(refusal(`no: ${KEY}`), 400))
    const baseURL = server.baseURL.replace('http://', `http://user:${KEY}@`)
    const provider = providerOf({ baseURL }, { apiKey: undefined })
    expect(provider.baseURL).toBe(server.baseURL)
    const error = await failureOf(provider.query({ prompt: 'hello' }))
    expect(error.message).toBe('no: ***')
    const basic = Buffer.from(`user:${KEY}`).toString('base64')
    expect(server.chats[0]?.headers.authorization).toBe(`Basic ${basic}`)
  })
})

describe('a server that repeats the key', () => {
  it.each([
    ['in its refusal', json(refusal(`Incorrect API key provided: ${KEY}`), 401)],
    ['in a text', { status: 500, chunks: [`Authorization: Bearer ${KEY}`] }],
    ['in a header', json(refusal('no'), 400, { 'x-request-id': `req-${KEY}` })],
    ['in the middle of its answer', { chunks: [`data: ${refusal(`key ${KEY} has expired`)}\n\n`] }],
  ])('%s: it is not shown', async (_name, refused) => {
    const server = await startScriptedServer()
    server.answersChats(refused).answersQuestions(refused)
    const fixed = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(`${fixed.message}${fixed.body}${fixed.requestId}`).toContain('***')
    const asked = await failureOf(providerOf(server, { apiKey: () => KEY }).query({ prompt: 'hello' }))
    expect(`${asked.message}${asked.body}${asked.requestId}`).toContain('***')
    const status = await providerOf(server, { apiKey: () => KEY }).getStatus()
    expect(JSON.stringify(status)).not.toContain(KEY)
  })

  it('that stands in a header of the caller: it is not shown', async () => {
    const server = await startScriptedServer()
    server.answersChats(json(refusal(`You sent ${OTHER_KEY}`), 401))
    const provider = providerOf(server, { apiKey: '', headers: { 'X-Api-Key': OTHER_KEY } })
    expect((await failureOf(provider.query({ prompt: 'hello' }))).message).toBe('You sent ***')
  })
})
