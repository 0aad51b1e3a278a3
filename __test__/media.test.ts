import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type ChatMessage,
  ConfigurationError,
  type ContentPart,
  fallback,
  InvalidRequestError,
  LlamaCppProvider,
  LMStudioProvider,
  type Media,
  OllamaProvider,
} from '../index.js'
import { providerOf } from './support/provider.js'
import { recording } from './support/recording.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { chunk, finish, refusal, role, text } from './support/wire.js'
import { failureOf, KEY, listener } from './support/witness.js'

/** One pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const GIF = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'
const WAV = Buffer.from('RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 'latin1')
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'))

const YES: Answer = { chunks: [role, text('A cat.'), finish] }
const OLLAMA_YES = json({ message: { content: 'A cat.' }, done: true, done_reason: 'stop' })

async function serving(...answers: Answer[]): Promise<ScriptedServer> {
  return (await startScriptedServer()).answersChats(...(answers.length > 0 ? answers : [YES]))
}

async function serveFile(content: Buffer | Uint8Array, more: Partial<Answer> = {}): Promise<ScriptedServer> {
  const server = await startScriptedServer()
  return server.answersQuestions({ chunks: [Buffer.from(content)], ...more })
}

/** A file with this content, for one test. */
function file(name: string, content: Uint8Array | string): string {
  const folder = mkdtempSync(join(tmpdir(), 'media-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const showing = (...parts: ContentPart[]) => ({
  messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'What is it?' }, ...parts] }],
})
const image = (media: Media): ContentPart => ({ type: 'image', image: media })

/** The parts of the first message, as the server got them. */
function partsOf(server: ScriptedServer): unknown[] {
  const messages = server.chats[0]?.json.messages as { content: unknown[] }[] | undefined
  return messages?.[0]?.content ?? []
}

const FORMS: [string, () => Media][] = [
  ['bytes', () => bytes(PNG)],
  ['a view of a larger buffer', () => new Uint8Array([9, 9, ...bytes(PNG), 9]).subarray(2, -1)],
  ['base64', () => ({ base64: PNG })],
  ['base64 in lines', () => ({ base64: PNG.replace(/.{60}/g, '$&\r\n'), mediaType: 'image/jpeg' })],
  ['a data URL', () => `data:image/png;base64,${PNG}`],
  ['a data URL that is an object', () => new URL(`data:image/png;base64,${PNG}`)],
  ['a data URL with another type', () => `data:image/jpeg;base64,${PNG}`],
  [
    'a data URL without base64',
    () => `data:,${[...bytes(PNG)].map((each) => `%${each.toString(16).padStart(2, '0')}`).join('')}`,
  ],
  ['a path', () => ({ path: file('cat.jpeg', bytes(PNG)) })],
  ['a URL of a file', () => pathToFileURL(file('the cat.txt', bytes(PNG)))],
]

describe('an image', () => {
  const DATA_URL = /data URL/
  it.each(FORMS.filter(([name]) => !DATA_URL.test(name)))(
    'is sent by OpenAI’s protocol as what it is: %s',
    async (_, media) => {
      const server = await serving()
      expect((await providerOf(server).chat(showing(image(media())))).content).toBe('A cat.')
      expect(partsOf(server)).toEqual([
        { type: 'text', text: 'What is it?' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
      ])
    },
  )

  it.each(FORMS.filter(([name]) => DATA_URL.test(name)))(
    'is sent by OpenAI’s protocol as it was given: %s',
    async (_, media) => {
      const server = await serving()
      await providerOf(server).chat(showing(image(media())))
      expect(partsOf(server)[1]).toEqual({ type: 'image_url', image_url: { url: String(media()) } })
    },
  )

  it.each(FORMS)('is sent by Ollama’s own protocol beside the text: %s', async (_, media) => {
    const server = await serving(OLLAMA_YES)
    const provider = new OllamaProvider({ port: server.port, api: 'native', model: 'm' })
    expect(await provider.query({ prompt: 'What is it?', images: [media(), bytes(GIF)] })).toBe('A cat.')
    expect(server.chats[0]?.json.messages).toEqual([
      { role: 'user', content: 'What is it?', images: [PNG, GIF] },
    ])
    await provider.close()
  })

  it('is what it was when it was given', async () => {
    const server = await serving()
    const given = bytes(PNG)
    const answer = providerOf(server).query({ prompt: 'What is it?', images: [given] })
    given.fill(0)
    await answer
    expect(partsOf(server)[1]).toEqual({
      type: 'image_url',
      image_url: { url: `data:image/png;base64,${PNG}` },
    })
  })

  it('is looked at as closely as the caller says, and the history shows it again', async () => {
    const server = await serving()
    const content: ContentPart[] = [{ type: 'image', image: { base64: GIF }, detail: 'low' }]
    await providerOf(server).query({ prompt: 'And now?', history: [{ role: 'user', content }] })
    expect(partsOf(server)).toEqual([
      { type: 'image_url', image_url: { url: `data:image/gif;base64,${GIF}`, detail: 'low' } },
    ])
  })

  describe('that a tool gave', () => {
    const call = { id: '1', name: 'look', rawArguments: '{}', arguments: {} }
    const LOOK: Answer = {
      chunks: [
        role,
        chunk({ tool_calls: [{ index: 0, id: '1', function: { name: 'look', arguments: '{}' } }] }),
        finish,
      ],
    }
    /** What the model was told last, in the second round. */
    const lastOf = (server: ScriptedServer) => {
      const messages = server.chats[1]?.json.messages as { content: string }[] | undefined
      return messages?.at(-1)?.content ?? ''
    }
    const messages: ChatMessage[] = [
      { role: 'user', content: 'Look' },
      { role: 'assistant', content: null, toolCalls: [call] },
      { role: 'tool', toolCallId: '1', content: [{ type: 'text', text: 'a cat' }, image(bytes(PNG))] },
    ]

    it('stands behind its result by OpenAI’s protocol, which takes only text there', async () => {
      const server = await serving()
      const { warnings } = await providerOf(server).chat({ messages })
      const sent = server.chats[0]?.json.messages as unknown[]
      expect(sent.slice(2)).toEqual([
        { role: 'tool', tool_call_id: '1', content: [{ type: 'text', text: 'a cat' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'From the result of 1:' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
          ],
        },
      ])
      expect(warnings.map(({ code }) => code)).toEqual(['moved_media'])
    })

    it('is shown to the model by the loop, and not written as JSON', async () => {
      const server = await serving(LOOK, YES)
      const tools = [{ name: 'look', execute: () => [image(bytes(PNG))] }]
      expect(await providerOf(server).query({ prompt: 'Look', tools })).toBe('A cat.')
      const sent = server.chats[1]?.json.messages as { content: unknown }[]
      expect(sent.at(-1)?.content).toEqual([
        { type: 'text', text: 'From the result of 1:' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
      ])
    })

    it.each<[string, () => unknown, RegExp]>([
      ['no file', () => ({ path: '/nowhere/cat.png' }), /^The image \/nowhere\/cat\.png could not be read/],
      ['a folder', () => ({ path: tmpdir() }), /is no file/],
      ['no image', () => ({ path: file('cat.png', 'hello') }), /is of no known format/],
      ['too long', () => ({ path: file('cat.png', Buffer.alloc(1001)) }), /longer than 1000 bytes/],
      ['bytes of no image', () => Buffer.from('%PDF-1.7'), /is application\/pdf, by its content/],
      ['no base64', () => ({ base64: '?' }), /is no base64/],
      ['no data URL', () => 'data:image/png;base64,?', /cannot be decoded/],
      ['a bare text', () => 'cat.png', /`result\[1\]\.image` is a text, but none that begins with/],
    ])('is the error of its call where it cannot be shown: %s', async (_, media, words) => {
      const server = await serving(LOOK, YES)
      const execute = () => [{ type: 'text', text: 'a cat' }, image(media() as Media)]
      const { events, onProgress } = listener()
      const answer = await providerOf(server, { limits: { maxEventBytes: 1000 } }).runTools({
        messages: [{ role: 'user', content: 'Look' }],
        tools: [{ name: 'look', execute }],
        onProgress,
      })
      const told = events.find(({ type }) => type === 'tool_end')
      expect(told).toMatchObject({ callId: '1', error: expect.stringMatching(words) })
      expect(answer.content).toBe('A cat.')
      expect(lastOf(server).slice(0, 7)).toBe('Error: ')
      expect(lastOf(server).slice(7)).toMatch(words)
    })

    it('is the error of its call where it cannot be fetched', async () => {
      const files = await serveFile(Buffer.from('no'), { status: 404 })
      const server = await serving(LOOK, YES)
      const audio = `http://localhost:${files.port}/a.wav`
      const tools = [{ name: 'look', execute: () => [{ type: 'audio', audio, format: 'wav' }] }]
      expect(await providerOf(server).query({ prompt: 'Listen', tools })).toBe('A cat.')
      expect(lastOf(server)).toBe(`Error: The audio ${audio} could not be fetched: HTTP 404 Not Found`)
    })

    it('is the error of its call where the model could not be told how closely to look', async () => {
      const server = await serving(LOOK, YES)
      const tools = [{ name: 'look', execute: () => [{ ...image(bytes(PNG)), detail: 'full' }] }]
      expect(await providerOf(server).query({ prompt: 'Look', tools })).toBe('A cat.')
      expect(lastOf(server)).toMatch(/^Error: .*expected one of `auto`, `low`, `high`/)
    })

    it('stands in its result by Ollama’s own protocol', async () => {
      const server = await serving(OLLAMA_YES)
      const provider = new OllamaProvider({ port: server.port, api: 'native', model: 'm' })
      const { warnings } = await provider.chat({ messages })
      const sent = server.chats[0]?.json.messages as unknown[]
      expect(sent.slice(2)).toEqual([
        { role: 'tool', content: 'a cat', images: [PNG], tool_name: 'look', tool_call_id: '1' },
      ])
      expect(warnings).toEqual([])
      await provider.close()
    })
  })

  it('of a type that its content does not tell has the type that is told', async () => {
    const server = await serving()
    await providerOf(server).chat(showing(image({ base64: 'AAEC', mediaType: 'image/x-own' })))
    expect(partsOf(server)[1]).toMatchObject({ image_url: { url: 'data:image/x-own;base64,AAEC' } })
  })

  it('has no part in a count', async () => {
    const server = (await startScriptedServer()).answersTo('POST /tokenize', json({ tokens: [1] }))
    const provider = new LlamaCppProvider({ baseURL: server.baseURL, model: 'm' })
    const { tokens, exact } = await provider.countTokens(showing(image(bytes(PNG))))
    expect([tokens < 20, exact]).toEqual([true, false])
    expect(server.questions).toEqual([])
    await provider.close()
  })
})

describe('the address of an image', () => {
  it('is told to a server that fetches it', async () => {
    const server = await serving()
    const address = 'https://example.com/cat.png?size=1'
    await providerOf(server).chat(showing(image(address), image(new URL(address))))
    const told = { type: 'image_url', image_url: { url: address } }
    expect(partsOf(server).slice(1)).toEqual([told, told])
  })

  it.each(['native', 'openai'] as const)(
    'is fetched for Ollama, which cannot, without its key: %s',
    async (api) => {
      const files = await serveFile(bytes(PNG))
      const server = await serving(api === 'native' ? OLLAMA_YES : YES)
      const provider = new OllamaProvider({
        port: server.port,
        api,
        model: 'm',
        apiKey: KEY,
        headers: { 'X-Secret': KEY },
      })
      const address = `http://user:pass@localhost:${files.port}/cat?size=1#top` as const
      await provider.chat(showing(image(address)))
      const [fetched] = files.questions
      expect(fetched).toMatchObject({ method: 'GET', path: '/cat?size=1' })
      expect(fetched?.headers.authorization).toBe(`Basic ${btoa('user:pass')}`)
      expect(JSON.stringify(fetched)).not.toContain(KEY)
      expect(JSON.stringify(server.chats[0]?.json.messages)).toContain(PNG)
      await provider.close()
    },
  )

  it.each<[string, Partial<Answer>, Buffer, RegExp]>([
    ['not found', { status: 404 }, Buffer.from('no'), /could not be fetched: HTTP 404/],
    ['a page', {}, Buffer.from('<!doctype html><html>'), /is text\/html, by its content|of no known format/],
    ['too long', {}, Buffer.alloc(2001, 1), /longer than 2000 bytes \(limits\.maxEventBytes\)/],
    ['nothing', {}, Buffer.alloc(0), /is empty/],
    [
      'elsewhere',
      { status: 302, headers: { location: 'http://other.invalid/' } },
      Buffer.alloc(0),
      /redirects to/,
    ],
  ])('is an error where it cannot be fetched: %s', async (_, more, content, words) => {
    const files = await serveFile(content, more)
    const server = await serving(OLLAMA_YES)
    const provider = new OllamaProvider({
      port: server.port,
      api: 'native',
      model: 'm',
      limits: { maxEventBytes: 2000 },
    })
    const error = await failureOf(
      provider.chat(showing(image(`http://localhost:${files.port}/cat.png?key=secret`))),
    )
    expect(error.message).toMatch(words)
    expect(error.message).toContain(`http://localhost:${files.port}/cat.png`)
    expect(JSON.stringify(error)).not.toContain('secret')
    expect(error).toMatchObject({ attempts: 0, retryable: false })
    expect(server.chats).toEqual([])
    await provider.close()
  })

  it('is waited for as long as the caller says', async () => {
    const files = await serveFile(Buffer.alloc(0), { end: 'open' })
    const server = await serving(OLLAMA_YES)
    const provider = new OllamaProvider({ port: server.port, api: 'native', model: 'm' })
    const address = `http://localhost:${files.port}/cat` as const
    const error = await failureOf(
      provider.query({ prompt: 'x', images: [address], timeout: { firstToken: 50 } }),
    )
    expect(error).toMatchObject({ code: 'timeout', message: expect.stringMatching(/^`images\[0\]`: /) })
    expect(server.chats).toEqual([])
    await provider.close()
  })

  it('is not waited for after a cancel', async () => {
    const files = await serveFile(Buffer.alloc(0), { end: 'open' })
    const server = await serving(OLLAMA_YES)
    const provider = new OllamaProvider({ port: server.port, api: 'native', model: 'm' })
    const controller = new AbortController()
    const asked = provider.chat({
      ...showing(image(`http://localhost:${files.port}/cat`)),
      signal: controller.signal,
    })
    const question = await files.nextQuestion()
    controller.abort('enough')
    await expect(asked).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' })
    await question.leftByClient
    await provider.close()
  })
})

describe('a sound', () => {
  it('is sent by OpenAI’s protocol', async () => {
    const server = await serving()
    const part: ContentPart = { type: 'audio', audio: WAV, format: 'wav' }
    await providerOf(server).chat(showing(part))
    expect(partsOf(server)[1]).toEqual({
      type: 'input_audio',
      input_audio: { data: WAV.toString('base64'), format: 'wav' },
    })
  })

  it('is always fetched: no server does', async () => {
    const files = await serveFile(WAV)
    const server = await serving()
    await providerOf(server).chat(
      showing({ type: 'audio', audio: `http://localhost:${files.port}/a`, format: 'wav' }),
    )
    expect(partsOf(server)[1]).toMatchObject({ input_audio: { data: WAV.toString('base64') } })
  })

  it('stands where images do by Ollama’s own protocol', async () => {
    const server = await serving(OLLAMA_YES)
    const provider = new OllamaProvider({ port: server.port, api: 'native', model: 'm' })
    await provider.chat(showing({ type: 'audio', audio: WAV, format: 'wav' }))
    expect(server.chats[0]?.json.messages).toEqual([
      { role: 'user', content: 'What is it?', images: [WAV.toString('base64')] },
    ])
    await provider.close()
  })

  it('is no image', async () => {
    const asked = providerOf(await serving()).chat(
      showing({ type: 'audio', audio: bytes(PNG), format: 'wav' }),
    )
    await expect(asked).rejects.toThrow(/audio of 70 bytes is image\/png, by its content/)
  })
})

describe('what is no image', () => {
  it.each<[unknown, RegExp]>([
    ['cat.png', /`images\[0\]` is a text, but none that begins with data:, .* \{ path: '…' \}/],
    ['file:///cat.png', /`images\[0\]` is a text, but none/],
    [new URL('file://host/cat.png'), /`images\[0\]` is no file of this machine: File URL host/],
    ['ftp://host/cat.png', /`images\[0\]` is a text, but none/],
    [7, /`images\[0\]` must be a Uint8Array, a URL, .*, not 7/],
    [{ file: 'x' }, /`images\[0\]` must be a Uint8Array/],
    [{ path: '/nowhere/cat.png' }, /image \/nowhere\/cat\.png could not be read: .*No such file/],
    [{ path: tmpdir() }, /is no file/],
    [new Uint8Array(0), /image of 0 bytes is empty/],
    [Buffer.from('%PDF-1.7 hello'), /image of 14 bytes is application\/pdf, by its content/],
    [Buffer.from('hello'), /image of 5 bytes is of no known format/],
    [{ base64: '?' }, /image in base64 is no base64/],
    ['data:image/png;base64,?', /image in a data URL cannot be decoded/],
    ['data:image/png;base64,', /image in a data URL is empty/],
    ['data:image/png;base64,\u0141', /image in a data URL cannot be decoded/],
    // Without `;base64`, it would be a picture of two bytes.
    ['data:image/png,xx', /image in a data URL cannot be decoded/],
    ['data:image/png', /image in a data URL cannot be decoded/],
    ['data:image/png;base64,é', /image in a data URL cannot be decoded/],
  ])('is a mistake of the caller’s, told before anything is sent: %#', async (media, words) => {
    const server = await serving()
    const asked = providerOf(server).query({ prompt: 'x', images: [media as Media] })
    await expect(asked).rejects.toThrow(ConfigurationError)
    await expect(asked).rejects.toThrow(words)
    expect(server.chats).toEqual([])
  })

  it('is told where it stands', async () => {
    const asked = providerOf(await serving()).chat(showing(image('cat.png' as never)))
    await expect(asked).rejects.toThrow(/`messages\[0\]\.content\[1\]\.image` is a text/)
    const path = { path: '/nowhere/cat.png' }
    const missing = providerOf(await serving()).chat(showing(image(bytes(PNG)), image(path)))
    await expect(missing).rejects.toThrow(/^`messages\[0\]\.content\[2\]\.image`: The image \/nowhere/)
    const history: ChatMessage[] = [{ role: 'user', content: 'Before' }]
    const second = providerOf(await serving()).query({ prompt: 'x', history, images: [bytes(PNG), path] })
    await expect(second).rejects.toThrow(/^`images\[1\]`: The image \/nowhere/)
    const detail = providerOf(await serving()).chat(
      showing({ ...image(bytes(PNG)), detail: 'full' } as never),
    )
    await expect(detail).rejects.toThrow(/expected one of `auto`, `low`, `high`/)
  })

  it.runIf(process.platform !== 'win32')('is a pipe, which is not waited for', async () => {
    const path = file('pipe', '')
    rmSync(path)
    execFileSync('mkfifo', [path])
    const asked = providerOf(await serving()).query({ prompt: 'x', images: [{ path }] })
    await expect(asked).rejects.toThrow(/is no file/)
  })

  it.each<[() => Media, RegExp]>([
    [
      () => ({ path: file('cat.png', bytes(PNG)) }),
      /cat\.png is longer than 69 bytes \(limits\.maxEventBytes\)/,
    ],
    [() => bytes(PNG), /image of 70 bytes is longer than 69 bytes/],
  ])('is one that is too long: %#', async (media, words) => {
    const provider = providerOf(await serving(), { limits: { maxEventBytes: 69 } })
    await expect(provider.query({ prompt: 'x', images: [media()] })).rejects.toThrow(words)
  })
})

describe('a model that sees nothing', () => {
  it.each([
    [
      'llama.cpp',
      500,
      'image input is not supported - hint: if this is unexpected, you may need to provide the mmproj',
    ],
    ['vLLM', 400, 'tiny-llama is not a multimodal model'],
    ['OpenRouter', 404, 'No endpoints found that support image input'],
  ])('says so in the words of its server: %s', async (_, status, words) => {
    const server = await serving({ status, chunks: [refusal(words)] })
    const error = await failureOf(
      providerOf(server, { retry: { baseDelay: 1 } }).chat(showing(image(bytes(PNG)))),
    )
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error.message).toContain(words)
    expect(error.hint).toMatch(/a model that takes such input/)
    expect(error).toMatchObject({ attempts: 1, retryable: false })
  })

  it('is not asked, where the server has said so of it', async () => {
    const server = (await serving())
      .answersTo('GET /v1/models', recording('llama.cpp/get-models-bare'))
      .answersTo('GET /props', recording('llama.cpp/get-props'))
    const provider = new LlamaCppProvider({ baseURL: server.baseURL })
    const error = await failureOf(provider.chat(showing(image(bytes(PNG)))))
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error.message).toMatch(/The model tiny takes no images/)
    expect(server.chats).toEqual([])
    await provider.close()
  })

  it('is not what a server means that fetches nothing', async () => {
    const server = await serving({
      status: 400,
      chunks: [refusal("'url' field must be a base64 encoded image.")],
    })
    const error = await failureOf(providerOf(server).chat(showing(image('https://example.com/cat.png'))))
    expect(error).toMatchObject({ code: 'invalid_request', hint: expect.stringMatching(/as bytes or/) })
  })

  it('is another than one that sees, and that its server would load', async () => {
    const list = [
      { id: 'blind', type: 'llm', state: 'loaded' },
      { id: 'seeing', type: 'vlm', state: 'not-loaded' },
    ]
    const server = (await serving()).answersQuestions(json({ error: 'no' }, 404))
    server.answersTo('GET /api/v0/models', json({ data: list }))
    const provider = new LMStudioProvider({ baseURL: server.baseURL })
    const ask = (model: string) => provider.query({ prompt: 'x', images: [bytes(PNG)], model })
    await provider.getStatus()
    expect(await ask('seeing')).toBe('A cat.')
    await expect(ask('blind')).rejects.toThrow(/takes no images/)
    await expect(ask('any other')).rejects.toThrow(/takes no images/)
    expect(server.chats).toHaveLength(1)
    await provider.close()
  })

  it('is passed over for one that sees', async () => {
    const blind = await serving({ status: 400, chunks: [refusal('m is not a multimodal model')] })
    const seeing = await serving()
    const both = fallback([providerOf(blind), providerOf(seeing)])
    expect(await both.query({ prompt: 'x', images: [bytes(PNG)] })).toBe('A cat.')
  })
})
