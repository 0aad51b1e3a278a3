import { describe, expect, it } from 'vitest'
import { ConfigurationError, OpenAICompatibleProvider, type ProviderConfig } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { startRawServer } from './support/raw-server.js'
import { type Answer, json, models, startScriptedServer } from './support/scripted-server.js'
import { answer, chunk, refusal, role, text } from './support/wire.js'
import { failureOf, forms, KEY, listener, OTHER_KEY, thrownBy, witness } from './support/witness.js'

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

describe('a key that was copied wrongly', () => {
  it.each([`${KEY}\n`, `${KEY} ${OTHER_KEY}`, `${KEY}ß`, `\u0000${KEY}`])(
    'is refused when the provider is made, and not shown: %j',
    (apiKey) => {
      const error = thrownBy(() => new OpenAICompatibleProvider({ apiKey }))
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error.message).toContain('`apiKey`')
      const byHeader = thrownBy(
        () => new OpenAICompatibleProvider({ headers: { 'X-Api-Key': `${apiKey}\n` } }),
      )
      expect(byHeader).toBeInstanceOf(ConfigurationError)
    },
  )

  it.each([
    `http://user:${KEY}@host:99999`,
    `http://user:${KEY}@[`,
    `user:${KEY}@host:port`,
    `ftp://user:${KEY}@host`,
    `http://host/?key=${KEY}#@`,
  ])('is not shown with its address', (baseURL) => {
    expect(thrownBy(() => new OpenAICompatibleProvider({ baseURL }))).toBeInstanceOf(ConfigurationError)
    expect(thrownBy(() => new OpenAICompatibleProvider({ host: baseURL }))).toBeInstanceOf(ConfigurationError)
  })
})

describe('a provider', () => {
  it('does not show its key', () => {
    const baseURL = `http://user:${OTHER_KEY}@localhost/v1?token=${OTHER_KEY}`
    for (const config of [{ apiKey: KEY }, { apiKey: '', baseURL }, { headers: { Authorization: KEY } }]) {
      const provider = witness(new OpenAICompatibleProvider(config))
      witness([provider.baseURL, provider.capabilities, provider.getAuthenticator()])
    }
  })
})

/** Where a server may repeat what it was sent. */
const echoes: [string, (key: string) => Answer][] = [
  ['in its refusal', (key) => json(refusal(`Wrong key: ${key}`), 401)],
  ['in a text', (key) => ({ status: 500, chunks: [`Authorization: Bearer ${key}`] })],
  ['in a web page', (key) => ({ status: 502, chunks: [`<html><title>No ${key}</title>${key}</html>`] })],
  ['in a text that comes in two pieces', (key) => ({ status: 500, chunks: [key.slice(0, 9), key.slice(9)] })],
  ['where its words are cut', (key) => ({ status: 500, chunks: [`${'-'.repeat(2040)}${key} ${key}`] })],
  ['in the id of the request', (key) => json(refusal('no'), 400, { 'x-request-id': `id ${key}` })],
  [
    'in a redirect',
    (key) => ({ ...json('', 307), headers: { location: `http://127.0.0.1:9/${key}?k=${key}` } }),
  ],
  ['in the middle of its answer', (key) => ({ chunks: [role, `data: ${refusal(`No: ${key}`)}\n\n`] })],
  ['in an event of errors', (key) => ({ chunks: [`event: error\ndata: ${key}\n\n`] })],
  ['in two pieces of an event', (key) => cut(`data: ${refusal(`No: ${key}`)}\n\n`)],
  ['past the protocol', (key) => ({ chunks: [role, `Traceback: the key ${key} is bad\n`] })],
  ['in what is no JSON', (key) => ({ chunks: [`data: {"choices": ${key}}\n\n`] })],
  ['in what is no answer', (key) => json(JSON.stringify({ you: { sent: key } }))],
  ['in an error of many words', (key) => json({ detail: [{ loc: ['header', key], msg: key }] }, 422)],
  [
    'in a refused field',
    (key) => json(refusal(`Unknown: ${key}`, { param: key, code: key, type: key }), 400),
  ],
]

function cut(body: string): Answer {
  const middle = body.length - 20
  return { chunks: [body.slice(0, middle), body.slice(middle)] }
}

describe('a hostile server that repeats the key', () => {
  const everywhere = Object.entries(forms).flatMap(([how, form]) =>
    echoes.map(([where, echo]): [string, string, Answer] => [how, where, echo(form(KEY))]),
  )

  // The search that ends each test file finds what is shown.
  it.each(everywhere)('%s, %s: it is not shown', async (_how, _where, echo) => {
    const server = await startScriptedServer()
    server.answersChats(echo).answersQuestions(echo)
    const provider = providerOf(server, { retry: false } as ProviderConfig)
    const { events, onProgress } = listener()
    const error = await failureOf(provider.query({ prompt: 'hello', onProgress }))
    expect(JSON.stringify([error, error.message, error.body])).toContain('***')
    expect(events.at(-1)?.type).toBe('error')
    witness(JSON.parse(JSON.stringify(await provider.getStatus())))
    await failureOf(provider.listModels({ throwOnError: true }))
  })

  it('in its status line: it is not shown', async () => {
    const server = await startRawServer((socket) =>
      socket.end(`HTTP/1.1 500 ${KEY}\r\nServer: ${KEY}\r\nContent-Length: 0\r\n\r\n`),
    )
    const provider = providerOf(server, { retry: false } as ProviderConfig)
    expect((await failureOf(provider.query({ prompt: 'hello' }))).status).toBe(500)
  })

  it('as the names of its models: no error shows it', async () => {
    const server = await startScriptedServer()
    server.answersChats(json(refusal("model 'm' not found"), 404)).answersQuestions(models(KEY, `x-${KEY}`))
    const error = await failureOf(providerOf(server).query({ prompt: 'hello' }))
    expect(error).toMatchObject({ code: 'model_not_found', availableModels: ['***', 'x-***'] })
  })

  it('as the reason why its answer ends: no warning shows it', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [text('Hello'), chunk({}, KEY)] })
    const { events, onProgress } = listener()
    const response = await providerOf(server).chat({ ...asking('hello'), onProgress })
    expect(witness(response.warnings)[0]?.message).toContain('***')
    expect(events.map(({ type }) => type)).toEqual(['message', 'warning', 'completion'])
  })

  it('as its answer: that is the model’s, and goes on as it is', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer(KEY) })
    expect(await providerOf(server).query({ prompt: 'hello' })).toBe(KEY)
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
