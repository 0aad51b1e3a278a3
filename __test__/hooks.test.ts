import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError, OpenAICompatibleProvider, type ProviderConfig } from '../index.js'
import { asking } from './support/provider.js'
import { json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { answer, refusal } from './support/wire.js'
import { failureOf, KEY } from './support/witness.js'

const hello = { chunks: answer('Hello') }
const loading = json(refusal('Loading model'), 503)

/** Notes what its hooks are shown, and changes it. */
class Changing extends OpenAICompatibleProvider {
  readonly shownHeaders: Record<string, string>[] = []
  readonly shownBodies: Record<string, unknown>[] = []
  readonly order: string[] = []

  protected override requestHeaders(headers: Record<string, string>): Record<string, string> {
    this.shownHeaders.push(headers)
    this.order.push('headers')
    return { ...headers, 'x-added': 'by the hook' }
  }

  protected override requestBody(body: Record<string, unknown>): Record<string, unknown> {
    this.shownBodies.push(body)
    this.order.push('body')
    return { ...body, added: 'by the hook' }
  }
}

class ChangingLater extends OpenAICompatibleProvider {
  protected override async requestHeaders(headers: Record<string, string>): Promise<Record<string, string>> {
    await new Promise(setImmediate)
    return { ...headers, 'x-added': 'later' }
  }

  protected override async requestBody(body: Record<string, unknown>): Promise<Record<string, unknown>> {
    await new Promise(setImmediate)
    return { ...body, added: 'later' }
  }
}

type Made<T> = new (config: ProviderConfig) => T

function made<T extends OpenAICompatibleProvider>(
  type: Made<T>,
  server: ScriptedServer,
  config: ProviderConfig = {},
): T {
  const provider = new type({ baseURL: server.baseURL, apiKey: KEY, model: 'm', ...config })
  onTestFinished(() => provider.close())
  return provider
}

describe('the hooks of a subclass', () => {
  it('see what is about to be sent, headers first, and change it', async () => {
    const server = await startScriptedServer()
    server.answersChats(hello)
    const provider = made(Changing, server, { defaults: { maxTokens: 7 }, headers: { 'X-Team': 'tools' } })
    await provider.query({ prompt: 'hello' })
    expect(provider.order).toEqual(['headers', 'body'])
    expect(provider.shownHeaders[0]).toMatchObject({ authorization: `Bearer ${KEY}`, 'x-team': 'tools' })
    expect(provider.shownBodies[0]).toMatchObject({ model: 'm', stream: true, max_tokens: 7 })
    expect(server.chats[0]?.headers).toMatchObject({ 'x-added': 'by the hook', 'x-team': 'tools' })
    expect(server.chats[0]?.json).toEqual({ ...provider.shownBodies[0], added: 'by the hook' })
  })

  it('may take their time', async () => {
    const server = await startScriptedServer()
    server.answersChats(hello)
    expect(await made(ChangingLater, server).query({ prompt: 'hello' })).toBe('Hello')
    expect(server.chats[0]?.headers['x-added']).toBe('later')
    expect(server.chats[0]?.json.added).toBe('later')
  })

  it('serve chat and stream as well', async () => {
    const server = await startScriptedServer()
    server.answersChats(hello)
    const provider = made(Changing, server)
    await provider.chat(asking('hello'))
    await provider.stream(asking('hello')).response()
    expect(provider.order).toEqual(['headers', 'body', 'headers', 'body'])
    expect(server.chats.map((chat) => chat.json.added)).toEqual(['by the hook', 'by the hook'])
  })

  it('are called once where the same bytes are sent again', async () => {
    const server = await startScriptedServer()
    server.answersChats(loading, loading, hello)
    const provider = made(Changing, server)
    await provider.query({ prompt: 'hello' })
    expect(server.chats).toHaveLength(3)
    expect(provider.order).toEqual(['headers', 'body'])
    expect(new Set(server.chats.map((chat) => chat.body)).size).toBe(1)
  })

  it('are called for each body that is built', async () => {
    const server = await startScriptedServer()
    server.answersChats(json(refusal("Unknown field 'stream_options'"), 400), hello)
    const provider = made(Changing, server)
    const { warnings } = await provider.chat(asking('hello'))
    expect(warnings.map((warning) => warning.code)).toEqual(['refused_field'])
    expect(provider.order).toEqual(['headers', 'body', 'headers', 'body'])
    expect(provider.shownBodies.map((body) => 'stream_options' in body)).toEqual([true, false])
  })

  it('do not see questions about the server', async () => {
    const server = await startScriptedServer()
    const provider = made(Changing, server)
    await provider.listModels()
    expect(provider.order).toEqual([])
  })

  it.each([new Error('of the hook'), 'a text', undefined, null])(
    'reject the call with what they throw: %s',
    async (thrown) => {
      class ThrowingHeaders extends OpenAICompatibleProvider {
        protected override requestHeaders(): never {
          throw thrown
        }
      }
      class RejectingBody extends OpenAICompatibleProvider {
        protected override requestBody(): Promise<never> {
          return Promise.reject(thrown)
        }
      }
      const server = await startScriptedServer()
      const heard: string[] = []
      const types: Made<OpenAICompatibleProvider>[] = [ThrowingHeaders, RejectingBody]
      for (const type of types) {
        const onProgress = ({ type: kind }: { type: string }) => void heard.push(kind)
        expect(await failureOf(made(type, server).query({ prompt: 'hello', onProgress }))).toBe(thrown)
        expect(await failureOf(made(type, server).stream(asking('hello')).response())).toBe(thrown)
      }
      expect(server.chats).toEqual([])
      expect(heard).toEqual([])
    },
  )

  it.each([
    ['requestBody', undefined],
    ['requestBody', [{ model: 'm' }]],
    ['requestBody', 'a text'],
    ['requestHeaders', null],
    ['requestHeaders', new Headers({ 'x-team': 'compilers' })],
  ])('must return something that can be sent: %s, not %j', async (hook, returned) => {
    class Forgetful extends OpenAICompatibleProvider {}
    Object.assign(Forgetful.prototype, { [hook]: () => returned })
    const server = await startScriptedServer()
    const error = await failureOf(made(Forgetful, server).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(new RegExp(`^\`${hook}\` must return the .*, as an object`))
    expect(server.chats).toEqual([])
  })

  it('can be waited for in vain: an abort ends the call', async () => {
    class Pensive extends OpenAICompatibleProvider {
      protected override requestBody(): Promise<never> {
        controller.abort('enough')
        return new Promise(() => {})
      }
    }
    const controller = new AbortController()
    const server = await startScriptedServer()
    const failure = failureOf(made(Pensive, server).query({ prompt: 'hello', signal: controller.signal }))
    expect(await failure).toMatchObject({ code: 'aborted', cause: 'enough' })
  })
})

describe('the definition of a subclass', () => {
  const definition = {
    name: 'house',
    displayName: 'The house server',
    baseURL: 'http://house.example:9000/api/v1',
    baseURLEnv: ['HOUSE_BASE_URL', 'HOUSE_URL'],
    apiKeyEnv: ['HOUSE_API_KEY', 'HOUSE_TOKEN'],
  }

  class HouseProvider extends OpenAICompatibleProvider {
    static override readonly definition = definition
  }

  class LockedProvider extends OpenAICompatibleProvider {
    static override readonly definition = { ...definition, apiKeyRequired: true }
  }

  it('gives name and address', () => {
    const provider = new HouseProvider()
    expect([provider.name, provider.baseURL]).toEqual(['house', 'http://house.example:9000/api/v1'])
    expect(new HouseProvider('box').baseURL).toBe('http://box:9000/api/v1')
    expect(provider).toBeInstanceOf(OpenAICompatibleProvider)
  })

  it('names the provider in errors and status', async () => {
    const server = await startScriptedServer()
    server.answersChats(json(refusal('no'), 400))
    const provider = made(HouseProvider, server)
    expect(await failureOf(provider.query({ prompt: 'hello' }))).toMatchObject({ server: 'house' })
    expect(await provider.getStatus()).toMatchObject({ server: 'house', isConnected: true })
  })

  it('names the variables, in the order in which they are asked', async () => {
    const server = await startScriptedServer()
    server.answersChats(hello)
    process.env.HOUSE_URL = server.baseURL
    process.env.HOUSE_TOKEN = KEY
    onTestFinished(() => {
      for (const name of ['HOUSE_BASE_URL', 'HOUSE_URL', 'HOUSE_TOKEN']) delete process.env[name]
    })
    const provider = new HouseProvider({ model: 'm' })
    expect(await provider.query({ prompt: 'hello' })).toBe('Hello')
    expect(server.chats[0]?.headers.authorization).toBe(`Bearer ${KEY}`)
    process.env.HOUSE_BASE_URL = 'http://first.example/v1'
    expect(new HouseProvider().baseURL).toBe('http://first.example:9000/v1')
    await provider.close()
  })

  it('may need a key: without one, nothing is made', () => {
    expect(() => new LockedProvider()).toThrow(ConfigurationError)
    expect(() => new LockedProvider()).toThrow(/The house server needs a key/)
    expect(new LockedProvider({ apiKey: KEY }).getAuthenticator().isConfigured()).toBe(true)
    expect(new LockedProvider({ apiKey: () => KEY }).getAuthenticator().isConfigured()).toBe(true)
    expect(new LockedProvider({ apiKey: '' }).getAuthenticator().isConfigured()).toBe(false)
  })

  it('names the variables in the hint for a key', async () => {
    const server = await startScriptedServer()
    server.answersChats(json(refusal('no'), 401))
    // For an address of the caller's own they do not count.
    const elsewhere = await failureOf(made(HouseProvider, server).query({ prompt: 'hello' }))
    expect(elsewhere.hint).not.toContain('HOUSE')
    process.env.HOUSE_URL = server.baseURL
    onTestFinished(() => {
      delete process.env.HOUSE_URL
    })
    const provider = new HouseProvider({ model: 'm' })
    const error = await failureOf(provider.query({ prompt: 'hello' }))
    expect(error.hint).toContain('HOUSE_API_KEY or HOUSE_TOKEN')
    await provider.close()
  })
})
