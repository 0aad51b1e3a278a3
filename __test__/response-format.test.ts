import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { z as z3 } from 'zod/v3'
import {
  AbortError,
  type ChatRequest,
  ConfigurationError,
  fallback,
  GroqProvider,
  InvalidRequestError,
  InvalidResponseError,
  LlamaCppProvider,
  LMStudioProvider,
  OllamaProvider,
  OpenAICompatibleProvider,
  OpenAIProvider,
  type ProviderConfig,
  type ProviderProgressEvent,
  type ResponseFormat,
  type StandardJSONSchema,
  TextGenerationWebUIProvider,
  VLLMProvider,
} from '../index.js'
import { open } from './servers/support.js'
import { asking, providerOf } from './support/provider.js'
import { recording } from './support/recording.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { chunk, done, finish, reasoning, refusal, role, text } from './support/wire.js'
import { eventsOf, failureOf, listener, textOf } from './support/witness.js'

const schema = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
  required: ['name', 'age'],
}
const format = { type: 'json_schema', name: 'person', schema } as const
const asFormat = { response_format: { type: 'json_schema', json_schema: { name: 'person', schema } } }
const ADA = '{"name":"Ada","age":36}'
const PARSED = { name: 'Ada', age: 36 }

const counted = (input: number, output: number) => ({
  usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
})

/** An answer of these pieces, with what it took. */
function says(...pieces: string[]): Answer {
  return { chunks: [role, ...pieces.map(text), chunk({}, 'stop', counted(10, 5)), done] }
}

const refuses = (words: string, more: object = {}) => json(refusal(words, more), 400)

/** A server that gives these answers, and a provider that asks it. */
async function scripted(...answers: Answer[]) {
  const server = (await startScriptedServer()).answersChats(...answers)
  return { server, provider: providerOf(server) }
}

type Sent = { messages: { role: string; content: string }[] } & Record<string, unknown>
const sent = (server: ScriptedServer) => server.chats.map((chat) => chat.json as Sent)
/** The schemas that were sent. */
function schemasOf(server: ScriptedServer): object[] {
  const bodies = sent(server) as (Sent & { response_format: { json_schema: { schema: object } } })[]
  return bodies.map((body) => body.response_format.json_schema.schema)
}

const codes = (answer: { warnings: { code: string }[] }) => answer.warnings.map(({ code }) => code)
const told = (events: ProviderProgressEvent[]) => events.filter(({ type }) => type === 'message')

describe('a server that holds the model to a format', () => {
  it('is asked in its own way, and its text is handed on as it comes', async () => {
    const server = (await startScriptedServer()).answersChats(says('{"name":', '"Ada",', '"age":36}'))
    const { events, onProgress } = listener()
    const request = { ...asking('Who?'), model: 'm', responseFormat: format, onProgress }
    const exchange = open(LlamaCppProvider, server).chat(request)
    const answer = await exchange
    expect(answer).toMatchObject({ content: ADA, parsed: PARSED, warnings: [], finishReason: 'stop' })
    expect(sent(server)[0]).toMatchObject({ ...asFormat, ...asking('Who?') })
    expect(told(events)).toHaveLength(3)
    expect(textOf(events)).toBe(ADA)
  })

  it('has its text handed on before all of it is here', async () => {
    const server = await startScriptedServer()
    const stream = open(LlamaCppProvider, server).stream({
      ...asking('Who?'),
      model: 'm',
      responseFormat: format,
    })
    const exchange = await server.nextChat()
    await exchange.send(role, text('{"name":'))
    const iterator = stream[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toEqual({ type: 'message', content: '{"name":' })
    await exchange.end(text('"Ada","age":36}'), finish, done)
    expect((await stream.response()).parsed).toEqual(PARSED)
  })

  it('cannot have its text taken back, so what is wrong is an error, and held back from then on', async () => {
    const server = await startScriptedServer()
    server.answersChats(says('{"name":"Ada","age":"ancient"}'), says('{"name":"Ada"}'), says(ADA))
    const provider = open(LlamaCppProvider, server)
    const request = { ...asking('Who?'), model: 'm', responseFormat: format }
    const error = await failureOf(provider.chat(request))
    expect(error).toBeInstanceOf(InvalidResponseError)
    expect(error).toMatchObject({
      code: 'invalid_response',
      retryable: false,
      attempts: 1,
      partial: { content: '{"name":"Ada","age":"ancient"}' },
    })
    expect(error.message).toContain('/age: want integer, but got string')
    expect(JSON.stringify(error)).not.toContain('ancient')
    const { events, onProgress } = listener()
    const answer = await provider.chat({ ...request, onProgress })
    expect(answer).toMatchObject({ parsed: PARSED, timings: { attempts: 2 } })
    expect(told(events)).toEqual([{ type: 'message', content: ADA }])
    expect(server.chats).toHaveLength(3)
  })

  it('may put a fence around it, which is told', async () => {
    const server = (await startScriptedServer()).answersChats(says('```json\n', ADA, '\n```'))
    const request = { ...asking('Who?'), model: 'm', responseFormat: format }
    const answer = await open(LlamaCppProvider, server).chat(request)
    expect(answer).toMatchObject({ content: ADA, parsed: PARSED })
    expect(codes(answer)).toEqual(['response_format_text'])
  })

  it.each<{
    name: string
    Provider: new (config: ProviderConfig) => OpenAICompatibleProvider
    wanted: ResponseFormat
    body: object
    text: string
    parsed: unknown
  }>([
    {
      name: 'LM Studio knows schemas only',
      Provider: LMStudioProvider,
      wanted: { type: 'json_object' },
      body: {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'response', schema: { type: 'object' } },
        },
      },
      text: '{}',
      parsed: {},
    },
    {
      name: 'vLLM, of any version, its own constraints',
      Provider: VLLMProvider,
      wanted: { type: 'choice', choices: ['yes', 'no'] },
      body: { structured_outputs: { choice: ['yes', 'no'] }, guided_choice: ['yes', 'no'] },
      text: 'yes',
      parsed: 'yes',
    },
    {
      name: 'llama.cpp a pattern, as that of a text in an object',
      Provider: LlamaCppProvider,
      wanted: { type: 'regex', pattern: '[a-z]+' },
      body: {
        response_format: {
          type: 'json_schema',
          json_schema: {
            strict: true,
            schema: { properties: { answer: { type: 'string', pattern: '^([a-z]+)$' } } },
          },
        },
      },
      text: '{"answer": "abc"}',
      parsed: 'abc',
    },
    {
      name: 'llama.cpp grammars',
      Provider: LlamaCppProvider,
      wanted: { type: 'grammar', grammar: 'root ::= "a"' },
      body: { grammar: 'root ::= "a"' },
      text: 'a',
      parsed: undefined,
    },
  ])('is told in its own words: $name', async ({ Provider, wanted, body, text: written, parsed }) => {
    const server = (await startScriptedServer()).answersChats(says(written))
    const { events, onProgress } = listener()
    const request = { ...asking('Hm?'), model: 'm', responseFormat: wanted, onProgress }
    const answer = await open(Provider, server).chat(request)
    expect(textOf(events)).toBe(answer.content)
    expect(sent(server)[0]).toMatchObject(body)
    expect(answer.parsed).toEqual(parsed)
    expect(answer.content).toBe(typeof parsed === 'string' ? parsed : written)
    expect(answer.warnings).toEqual([])
  })

  it('is told in the words of Ollama, with its own protocol', async () => {
    const server = await startScriptedServer()
    const line = { model: 'm', message: { role: 'assistant', content: ADA }, done: true, done_reason: 'stop' }
    server.answersChats({ chunks: [`${JSON.stringify(line)}\n`] })
    const provider = open(OllamaProvider, server, { baseURL: server.url })
    expect(await provider.query({ prompt: 'Who?', model: 'm', responseFormat: format })).toBe(ADA)
    expect(sent(server)[0]).toMatchObject({ format: schema })
  })
})

describe('a server that may or may not hold the model to a format', () => {
  it('has its text held back until an answer has fitted', async () => {
    const { server, provider } = await scripted(says('{"name":"Ada"', ',"age":36}'))
    const pieces = async () => {
      const { events, onProgress } = listener()
      const answer = await provider.chat({ ...asking('Who?'), responseFormat: format, onProgress })
      expect(answer).toMatchObject({ parsed: PARSED, warnings: [] })
      return told(events).length
    }
    expect([await pieces(), await pieces()]).toEqual([1, 2])
    expect(sent(server)).toMatchObject([asFormat, asFormat])
  })

  it('that takes no notice is asked once more, and another way the next time', async () => {
    const prose = says('Ada is 36 ', 'years old.')
    const { server, provider } = await scripted(prose, says(ADA), says(`Sure: ${ADA}`))
    const { events, onProgress } = listener()
    const answer = await provider.chat({ ...asking('Who?'), responseFormat: format, onProgress })
    expect(answer).toMatchObject({
      content: ADA,
      parsed: PARSED,
      usage: { inputTokens: 20, outputTokens: 10, totalTokens: 30 },
      timings: { attempts: 2 },
    })
    expect(codes(answer)).toEqual(['response_format_repair'])
    expect(events.map(({ type }) => type)).toEqual(['warning', 'message', 'completion'])
    expect(textOf(events)).toBe(ADA)
    const [first, second] = sent(server) as [Sent, Sent]
    expect(first.messages).toHaveLength(1)
    expect(second.messages.map((message) => message.role)).toEqual(['system', 'user', 'assistant', 'user'])
    expect(second.messages[0]?.content).toContain(JSON.stringify(schema))
    expect(second.messages[2]?.content).toBe('Ada is 36 years old.')
    expect(second.messages[3]?.content).toContain('it is no JSON')

    const next = await provider.chat({ ...asking('Who?'), responseFormat: format })
    expect(next).toMatchObject({ content: ADA, parsed: PARSED, timings: { attempts: 1 } })
    expect(codes(next)).toEqual(['response_format', 'response_format_text'])
    expect(sent(server)[2]).toMatchObject({ response_format: { type: 'json_object' } })
  })

  it('is asked twice, not more often', async () => {
    const { server, provider } = await scripted(says('Ada.'), says('{"name":"Ada","age":-1}'))
    const { events, onProgress } = listener()
    const error = await failureOf(provider.chat({ ...asking('Who?'), responseFormat: format, onProgress }))
    expect(error).toBeInstanceOf(InvalidResponseError)
    expect(error).toMatchObject({ attempts: 2, partial: { content: '{"name":"Ada","age":-1}' } })
    expect(error.message).toContain('/age: must be >=0, but got -1')
    expect(events.map(({ type }) => type)).toEqual(['warning', 'error'])
    expect(server.chats).toHaveLength(2)
  })
})

describe.each([OpenAIProvider, GroqProvider])('a server that heeds strict schemas: %o', (Provider) => {
  const config = { apiKey: 'sk-test', model: 'm', retry: false } as const
  const strict = { ...format, strict: true } as const

  it('has the text of one handed on as it comes, and of any other held back and mended', async () => {
    const server = await startScriptedServer()
    const provider = open(Provider, server, config)
    for (const { responseFormat, pieces } of [
      { responseFormat: strict, pieces: 2 },
      { responseFormat: format, pieces: 1 },
    ]) {
      server.answersChats(says('{"name":"Ada"', ',"age":36}'))
      const { events, onProgress } = listener()
      await provider.chat({ ...asking('Who?'), responseFormat, onProgress })
      expect(told(events)).toHaveLength(pieces)
    }
    server.answersChats(says('{"name":"Ada"}'), says(ADA))
    const answer = await open(Provider, server, config).chat({ ...asking('Who?'), responseFormat: format })
    expect(answer).toMatchObject({ parsed: PARSED, timings: { attempts: 2 } })
  })

  it('is not sent again what is not strict enough', async () => {
    const words =
      "Invalid schema for response_format 'n': In context=(), 'additionalProperties' is required to be supplied and to be false."
    const server = await startScriptedServer()
    server.answersChats(refuses(words, { param: 'response_format' }), says(ADA))
    const Person = z.object({ name: z.string(), age: z.number() })
    const responseFormat = { type: 'json_schema', schema: Person, strict: true } as const
    const answer = await open(Provider, server, config).chat({ ...asking('Who?'), responseFormat })
    expect(answer).toMatchObject({ parsed: PARSED, timings: { attempts: 2 } })
    expect(sent(server)[1]).toMatchObject({ response_format: { type: 'json_object' } })
  })
})

describe('a server that refuses a format', () => {
  it('is asked in the next way, one after the other, and that is remembered', async () => {
    const { server, provider } = await scripted(
      refuses(
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        {
          param: 'response_format',
        },
      ),
      refuses('response_format json_object is not supported either'),
      says(`Here you are:\n\`\`\`json\n${ADA}\n\`\`\``),
      says(ADA),
    )
    const { events, onProgress } = listener()
    const instructed = { systemPrompt: 'Be brief', prompt: 'Who?' }
    const whole = await provider.query({ ...instructed, responseFormat: format, onProgress })
    expect(whole).toBe(ADA)
    expect(told(events)).toEqual([{ type: 'message', content: ADA }])
    expect(events.filter(({ type }) => type === 'warning')).toMatchObject([
      { code: 'response_format', message: expect.stringContaining("'json_schema' is not supported") },
      { code: 'response_format', message: expect.stringContaining('described in the prompt') },
      { code: 'response_format_text' },
    ])
    const asked = (body: Sent) => (body.response_format as { type: string } | undefined)?.type
    expect(sent(server).map(asked)).toEqual(['json_schema', 'json_object', undefined])
    const [first, second, third] = sent(server) as [Sent, Sent, Sent]
    expect(first.messages[0]?.content).toBe('Be brief')
    for (const { messages } of [second, third]) {
      expect(messages).toHaveLength(2)
      expect(messages[0]?.content).toMatch(/^Be brief\n\nAnswer with JSON that fits this JSON Schema:\n/)
    }

    const again = await provider.chat({ ...asking('Who?'), responseFormat: format })
    expect(again).toMatchObject({ parsed: PARSED, timings: { attempts: 1 } })
    expect(codes(again)).toEqual(['response_format'])
    expect(server.chats).toHaveLength(4)
    const other = await provider.chat({ ...asking('Who?'), responseFormat: format, model: 'other' })
    expect(other.warnings).toEqual([])
    expect(sent(server)[4]).toMatchObject(asFormat)
  })

  it.each([
    [
      'LM Studio',
      "'response_format.type' must be 'json_schema' or 'text'",
      { type: 'json_object' },
      'json_schema',
    ],
    ['DeepSeek', 'This response_format type is unavailable now', format, 'json_object'],
    ['Groq', 'This model does not support response format `json_schema`', format, 'json_object'],
    [
      'LiteLLM',
      "litellm.UnsupportedParamsError: x does not support parameters: ['response_format'], for model=m",
      format,
      'json_object',
    ],
    [
      'OpenAI, of a prompt',
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      { type: 'json_object' },
      'json_schema',
    ],
  ])('is understood: %s', async (_name, words, responseFormat, next) => {
    const { server, provider } = await scripted(refuses(words), says(ADA))
    const request = { ...asking('Who?'), responseFormat } as ChatRequest
    expect(await provider.chat(request)).toMatchObject({ parsed: PARSED })
    expect(sent(server)[1]).toMatchObject({ response_format: { type: next } })
  })

  it('of one schema alone is given it without references, and other schemas as ever', async () => {
    const name = { type: 'string' }
    const shared = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      properties: { name: { $ref: '#/$defs/name' } },
      $defs: { name },
    }
    const { server, provider } = await scripted(
      refuses('Invalid schema for response_format: $ref is not permitted'),
      says(ADA),
    )
    const responseFormat = { type: 'json_schema', schema: shared } as const
    const answer = await provider.chat({ ...asking('Who?'), responseFormat })
    expect(answer.parsed).toEqual(PARSED)
    expect(codes(answer)).toEqual(['response_format'])
    const inlined = { properties: { name } }
    await provider.chat({ ...asking('Who?'), responseFormat })
    await provider.chat({ ...asking('Who?'), responseFormat: format })
    expect(schemasOf(server)).toEqual([shared, inlined, inlined, schema])
  })

  it('is asked for no object where the schema wants none', async () => {
    const { server, provider } = await scripted(refuses('json_schema is not supported'), says('Sure: ["a"]'))
    const list = { type: 'array', items: { type: 'string' } }
    const responseFormat = { type: 'json_schema', schema: list } as const
    const answer = await provider.chat({ ...asking('Which?'), responseFormat })
    expect(answer).toMatchObject({ content: '["a"]', parsed: ['a'] })
    expect(sent(server)[1]).not.toHaveProperty('response_format')
    expect(sent(server)[1]?.messages[0]?.content).toContain(JSON.stringify(list))
  })

  it('of a tuple is given its length alone', async () => {
    const words = 'JSON schema error at #/items: schema must be an object'
    const { server, provider } = await scripted(refuses(words), says('["a",1]'))
    const Pair = z.tuple([z.string(), z.number()])
    const responseFormat = { type: 'json_schema', schema: Pair } as const
    const answer = await provider.chat({ ...asking('Who?'), responseFormat })
    expect(answer.parsed).toEqual(['a', 1])
    expect(schemasOf(server)).toMatchObject([
      { items: false },
      { prefixItems: [{ type: 'string' }, { type: 'number' }], minItems: 2, maxItems: 2 },
    ])
    expect(schemasOf(server)[1]).not.toHaveProperty('items')
  })

  it('for another reason fails with its own words', async () => {
    const { server, provider } = await scripted(refuses('temperature must be <= 2', { param: 'temperature' }))
    const error = await failureOf(
      provider.chat({ ...asking('Who?'), responseFormat: format, temperature: 3 }),
    )
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(server.chats).toHaveLength(1)
  })

  it('is asked in words where it never heeds any', async () => {
    const server = (await startScriptedServer()).answersChats(says("{'name': 'Ada', 'age': 36}"))
    const request = { ...asking('Who?'), model: 'm', responseFormat: format }
    const answer = await open(TextGenerationWebUIProvider, server).chat(request)
    expect(answer).toMatchObject({ content: ADA, parsed: PARSED })
    expect(codes(answer)).toEqual(['response_format', 'response_format_text'])
    expect(sent(server)[0]).not.toHaveProperty('response_format')
  })
})

describe('an answer', () => {
  it('that its limit cuts off has no value, and is no error', async () => {
    const cut = { chunks: [role, text('{"name":"A'), chunk({}, 'length'), done] }
    const { server, provider } = await scripted(cut)
    const { events, onProgress } = listener()
    const answer = await provider.chat({ ...asking('Who?'), responseFormat: format, onProgress })
    expect(answer).toMatchObject({ content: '{"name":"A', finishReason: 'length', warnings: [] })
    expect(answer).not.toHaveProperty('parsed')
    expect(textOf(events)).toBe('{"name":"A')
    expect(server.chats).toHaveLength(1)
  })

  it('that calls a tool is not held to the format; the last one is', async () => {
    const tools = [{ name: 'look_up' }]
    const call = { index: 0, id: 'c', type: 'function', function: { name: 'look_up', arguments: '{}' } }
    const calling = { chunks: [role, text('Let me see.'), chunk({ tool_calls: [call] }), finish, done] }
    const { server, provider } = await scripted(calling, says(`So: ${ADA}`))
    const { events, onProgress } = listener()
    const first = await provider.chat({ ...asking('Who?'), tools, responseFormat: format, onProgress })
    expect(first).toMatchObject({ content: 'Let me see.', finishReason: 'tool_calls' })
    expect(first).not.toHaveProperty('parsed')
    expect(events.map(({ type }) => type)).toEqual(['warning', 'message', 'tool_call', 'completion'])
    const result = { role: 'tool', toolCallId: 'c', content: 'Ada, 36' } as const
    const history = [...asking('Who?').messages, first.message, result]
    const last = await provider.chat({ messages: history, tools, responseFormat: format })
    expect(last).toMatchObject({ content: ADA, parsed: PARSED })
    // Beside a schema, most servers let the model call nothing.
    for (const body of sent(server)) expect(body).not.toHaveProperty('response_format')
  })

  it('that calls nothing, and has no format, is held to it without tools', async () => {
    const tools = [{ name: 'look_up', execute: () => '' }]
    for (const Provider of [OpenAICompatibleProvider, LlamaCppProvider]) {
      const server = (await startScriptedServer()).answersChats(says('Ada.'), says(ADA))
      const request = { ...asking('Who?'), model: 'm', tools, responseFormat: format }
      const answer = await open(Provider, server).runTools(request)
      expect(answer).toMatchObject({ parsed: PARSED, timings: { attempts: 2 } })
      expect(codes(answer)).toEqual(['response_format', 'response_format_repair'])
      const [first, second] = sent(server) as [Sent, Sent]
      expect(first).toHaveProperty('tools')
      expect(first).not.toHaveProperty('response_format')
      expect(second).toMatchObject(asFormat)
      if (Provider === LlamaCppProvider) expect(second).not.toHaveProperty('tools')
      else expect(second).toMatchObject({ tools: first.tools, tool_choice: 'none' })
      expect(first.messages[0]?.content).toContain('once you need to call nothing more')
      expect(second.messages[0]?.content).not.toContain('once you need to call nothing more')
    }
  })

  it('is that of a loop of tools, too', async () => {
    const tools = [{ name: 'look_up', execute: () => 'Ada, 36' }]
    const call = { index: 0, id: 'c', type: 'function', function: { name: 'look_up', arguments: '{}' } }
    const calling = { chunks: [role, chunk({ tool_calls: [call] }), finish, done] }
    const { provider } = await scripted(calling, says(`So: ${ADA}`), calling, says(ADA))
    const answer = await provider.runTools({ ...asking('Who?'), tools, responseFormat: format })
    expect(answer).toMatchObject({ content: ADA, parsed: PARSED })
    expect(await provider.query({ prompt: 'Who?', tools, responseFormat: format })).toBe(ADA)
  })

  it('may begin with reasoning, which is no part of it', async () => {
    for (const thought of [reasoning('Hm.'), text('<think>Hm.</think>')]) {
      const { provider } = await scripted({ chunks: [role, thought, text(ADA), finish, done] })
      const answer = await provider.chat({ ...asking('Who?'), responseFormat: format })
      expect(answer).toMatchObject({ reasoning: 'Hm.', content: ADA, parsed: PARSED, warnings: [] })
    }
  })

  it('may be a choice with what models put around it', async () => {
    const { provider } = await scripted(refuses('response_format is not supported'), says('"yes"\n'))
    const responseFormat = { type: 'choice', choices: ['yes', 'no'] } as const
    const answer = await provider.chat({ ...asking('Is it?'), responseFormat })
    expect(answer).toMatchObject({ content: 'yes', parsed: 'yes' })
  })

  it('by a grammar that nobody heeds is not checked', async () => {
    const { provider } = await scripted(says('b'))
    const responseFormat = { type: 'grammar', grammar: 'root ::= "a"' } as const
    const answer = await provider.chat({ ...asking('Is it?'), responseFormat })
    expect(answer.content).toBe('b')
    expect(answer).not.toHaveProperty('parsed')
    expect(codes(answer)).toEqual(['response_format'])
    expect(answer.warnings[0]?.message).not.toContain('checked')
  })

  it('is what extraBody asks for, where that says so', async () => {
    const { server, provider } = await scripted(says(ADA))
    const extraBody = { response_format: { type: 'json_object' } }
    await provider.chat({ ...asking('Who?'), responseFormat: format, extraBody })
    expect(sent(server)[0]).toMatchObject(extraBody)
  })

  it('of a second round has a clock of its own for its first token', async () => {
    const server = await startScriptedServer()
    const timeout = { firstToken: 200 }
    const answer = providerOf(server).chat({ ...asking('Who?'), responseFormat: format, timeout })
    const first = await server.nextChat()
    await first.send(role, text('Ada'))
    await sleep(300)
    await first.end(finish, done)
    const second = await server.nextChat()
    await second.play(says(ADA))
    expect(await answer).toMatchObject({ parsed: PARSED, timings: { attempts: 2 } })
  })

  it('of a second round is cancelled like any other', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const controller = new AbortController()
    const { events, onProgress } = listener()
    const signal = controller.signal
    const failure = failureOf(
      provider.chat({ ...asking('Who?'), responseFormat: format, signal, onProgress }),
    )
    await (await server.nextChat()).play(says('Ada.'))
    const second = await server.nextChat()
    controller.abort()
    expect(await failure).toBeInstanceOf(AbortError)
    await second.leftByClient
    expect(told(events)).toEqual([])
  })

  it('and the body are seen by the hooks of a subclass, for each body', async () => {
    const seen: unknown[] = []
    class Watching extends OpenAICompatibleProvider {
      protected override requestBody(body: Record<string, unknown>) {
        seen.push(body.response_format)
        return body
      }
    }
    const server = await startScriptedServer()
    server.answersChats(refuses('json_schema is not supported'), says(ADA))
    await open(Watching, server).chat({ ...asking('Who?'), model: 'm', responseFormat: format })
    expect(seen).toEqual([asFormat.response_format, { type: 'json_object' }])
  })

  it('of many megabytes is read beside the thread of all calls', async () => {
    const long = JSON.stringify({ name: 'Ada', age: 36, more: 'x'.repeat(4 << 20) })
    const { provider } = await scripted(says(long))
    const answer = await provider.chat<{ more: string }>({
      ...asking('Who?'),
      responseFormat: format as ResponseFormat<{ more: string }>,
    })
    expect(answer.parsed?.more).toHaveLength(4 << 20)
  })
})

describe('a query whose answer was cut off', () => {
  const cutBy = (reason: string) => ({ chunks: [role, text('{"name":"A'), chunk({}, reason), done] })

  it.each<ResponseFormat>([
    format,
    { type: 'json_object' },
    { type: 'choice', choices: ['{"name":"Ada"}'] },
    { type: 'grammar', grammar: 'root ::= "a"' },
  ])('before it had its format has no text to give: %j', async (responseFormat) => {
    const { provider } = await scripted(cutBy('length'))
    const { events, onProgress } = listener()
    const error = await failureOf(provider.query({ prompt: 'Who?', responseFormat, onProgress }))
    expect(error).toBeInstanceOf(InvalidResponseError)
    expect(error).toMatchObject({
      code: 'invalid_response',
      message: 'The answer was cut off by its limit of tokens before it had the format that was asked for',
      hint: expect.stringContaining('maxTokens'),
      retryable: false,
      attempts: 1,
    })
    expect(error.partial).toEqual({ content: '{"name":"A', toolCalls: [] })
    expect(error.stack).toContain('response-format.test.ts')
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['message', 'error'])
  })

  it.each([
    ['yes', { type: 'choice', choices: ['yes', 'no'] }],
    ['{"a":9}', { type: 'json_object' }],
    ['42', { type: 'regex', pattern: '[0-9]+' }],
  ] as const)('where it was at its end is whole: %s', async (answered, responseFormat) => {
    const { provider } = await scripted({ chunks: [role, text(answered), chunk({}, 'length'), done] })
    expect(await provider.query({ prompt: 'hello', responseFormat })).toBe(answered)
  })

  it('by a filter is told so, and is one that executes tools no less', async () => {
    const { provider } = await scripted(cutBy('content_filter'))
    const tools = [{ name: 'time', execute: () => 12 }]
    const { events, onProgress } = listener()
    const query = provider.query({ prompt: 'Who?', responseFormat: format, tools, onProgress })
    expect(await failureOf(query)).toMatchObject({
      constructor: InvalidResponseError,
      message: expect.stringMatching(/cut off by a content filter/),
      server: 'openai-compatible',
      partial: { content: '{"name":"A' },
    })
    expect(events.map(({ type }) => type).slice(-2)).toEqual(['message', 'error'])
  })

  it('has its text without a format, and as a chat with one', async () => {
    const { provider } = await scripted(cutBy('length'))
    expect(await provider.query({ prompt: 'Who?' })).toBe('{"name":"A')
    const answer = await provider.chat({ ...asking('Who?'), responseFormat: format })
    expect(answer.finishReason).toBe('length')
    expect(answer).not.toHaveProperty('parsed')
  })
})

describe('a schema object', () => {
  const Person = z.object({
    name: z.string(),
    age: z
      .number()
      .int()
      .transform((age) => `${age} years`),
    born: z.string().default('somewhere'),
  })
  const responseFormat = { type: 'json_schema', schema: Person } as const
  const ask = { ...asking('Who?'), responseFormat }

  it('is sent as its JSON Schema, and has the last word on the value', async () => {
    const { server, provider } = await scripted(says(ADA))
    const answer = await provider.chat(ask)
    expect(answer.parsed).toEqual({ name: 'Ada', age: '36 years', born: 'somewhere' })
    expect(answer.content).toBe(ADA)
    expect(schemasOf(server)[0]).toMatchObject({
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
    })
    const stream = provider.stream(ask)
    expect((await eventsOf(stream)).at(-1)).toEqual({ type: 'completion' })
    expect((await stream.response()).parsed?.age).toBe('36 years')
    expect(await provider.query({ prompt: 'Who?', responseFormat })).toBe(ADA)
  })

  const Strict = Person.extend({ name: z.string().refine((name) => name !== 'Ada', 'not her') })
  const strict = { type: 'json_schema', schema: Strict } as const
  const EVE = '{"name":"Eve","age":3}'

  it('with what JSON Schema cannot say has the model told of its faults, and asked once more', async () => {
    const { server, provider } = await scripted(says(ADA), says(EVE))
    const { events, onProgress } = listener()
    const answer = await provider.chat({ ...ask, responseFormat: strict, onProgress })
    expect(answer).toMatchObject({
      content: EVE,
      parsed: { name: 'Eve', age: '3 years', born: 'somewhere' },
      usage: { inputTokens: 20, outputTokens: 10 },
      timings: { attempts: 2 },
    })
    expect(codes(answer)).toEqual(['response_format_repair'])
    expect(told(events)).toEqual([{ type: 'message', content: EVE }])
    const [said, mend] = sent(server)[1]?.messages.slice(-2) ?? []
    expect(said).toEqual({ role: 'assistant', content: ADA })
    expect(mend).toMatchObject({ role: 'user', content: expect.stringContaining('/name: not her') })
  })

  it('with what JSON Schema cannot say finds its own faults, and places them', async () => {
    const { provider } = await scripted(says(ADA))
    const { events, onProgress } = listener()
    const error = await failureOf(provider.chat({ ...ask, responseFormat: strict, onProgress }))
    expect(error).toBeInstanceOf(InvalidResponseError)
    expect(error).toMatchObject({ code: 'invalid_response', attempts: 2, partial: { content: ADA } })
    expect(error.message).toContain('/name: not her')
    expect(error.hint).toMatch(/What JSON Schema cannot say, the model is not told/)
    expect(error.stack).toContain('response-format.test.ts')
    expect(events.map(({ type }) => type)).toEqual(['warning', 'error'])
    const query = provider.query({ prompt: 'Who?', responseFormat: strict })
    expect(await failureOf(query)).toBeInstanceOf(InvalidResponseError)
  })

  it('has the model asked once more by a server that is sure of the schema, if nobody has heard the text', async () => {
    const server = (await startScriptedServer()).answersChats(says(ADA), says(EVE), says(ADA))
    const provider = open(LlamaCppProvider, server)
    const request = { ...ask, model: 'm', responseFormat: strict }
    expect((await provider.chat(request)).parsed?.name).toBe('Eve')
    const { events, onProgress } = listener()
    const error = await failureOf(provider.chat({ ...request, onProgress }))
    expect(error).toMatchObject({ code: 'invalid_response', attempts: 1, partial: { content: ADA } })
    expect(textOf(events)).toBe(ADA)
  })

  it('may use patterns that look around: its own validation does', async () => {
    const Mail = z.object({ mail: z.email() })
    const mail = { type: 'json_schema', schema: Mail } as const
    const { provider } = await scripted(says('{"mail":"a@b.example"}'), says('{"mail":".a@b.example"}'))
    expect(await provider.chat({ ...ask, responseFormat: mail })).toMatchObject({ warnings: [] })
    const error = await failureOf(provider.chat({ ...ask, responseFormat: mail }))
    expect(error.message).toContain('/mail: ')
  })

  /** One whose validation is `validate`. */
  function standard<T>(validate: (value: unknown) => unknown): StandardJSONSchema<T> {
    const input = () => ({ type: 'object' })
    return { '~standard': { version: 1, vendor: 'test', validate, jsonSchema: { input } } }
  }

  it('may take its time, and whoever cancels does not wait for it', async () => {
    const { provider } = await scripted(says(ADA))
    const slow = standard<number>(async () => ({ value: await Promise.resolve(1) }))
    const given = { ...asking('Who?'), responseFormat: { type: 'json_schema', schema: slow } as const }
    expect((await provider.chat(given)).parsed).toBe(1)

    let began = () => {}
    const begun = new Promise<void>((resolve) => {
      began = resolve
    })
    const endless = standard<number>(() => {
      began()
      return new Promise(() => {})
    })
    const controller = new AbortController()
    const never = { type: 'json_schema', schema: endless } as const
    const failure = failureOf(provider.chat({ ...given, responseFormat: never, signal: controller.signal }))
    await begun
    controller.abort()
    expect(await failure).toMatchObject({ constructor: AbortError, partial: { content: ADA } })
  })

  it('is waited for behind a slow listener, too', async () => {
    const { provider } = await scripted(says(ADA))
    const late = standard<number>(async () => ({ value: await sleep(50, 1) }))
    const heard: string[] = []
    const onProgress = async ({ type }: ProviderProgressEvent) => {
      heard.push(type)
      await sleep(5)
    }
    const given = {
      ...asking('Who?'),
      responseFormat: { type: 'json_schema', schema: late } as const,
      onProgress,
    }
    expect((await provider.chat(given)).parsed).toBe(1)
    expect(heard).toEqual(['message', 'completion'])
  })

  it('that throws rejects the call with that same value', async () => {
    const thrown = new RangeError('mine')
    for (const validate of [
      () => Promise.reject(thrown),
      () => {
        throw thrown
      },
    ]) {
      const { provider } = await scripted(says(ADA))
      const { events, onProgress } = listener()
      const mine = { type: 'json_schema', schema: standard(validate) } as const
      expect(await failureOf(provider.chat({ ...asking('Who?'), responseFormat: mine, onProgress }))).toBe(
        thrown,
      )
      expect(events).toEqual([])
    }
  })
})

describe('a format that cannot be', () => {
  class Person {
    name = ''
  }
  const bad = (given: object) => ({ type: 'json_schema', schema: given })

  it.each<[string, unknown, RegExp, RegExp?]>([
    ['no object', 'json', /must be an object with the type 'json_object'/],
    ['of no known type', { type: 'xml' }, /must be an object with the type/],
    ['a schema', z.object({}), /must be an object with the type/, /\{ type: 'json_schema', schema \}/],
    [
      'as OpenAI nests it',
      { type: 'json_schema', json_schema: { schema } },
      /`responseFormat.json_schema` is no field/,
      /schema/,
    ],
    [
      'a schema beside another type',
      { type: 'json_object', schema },
      /`responseFormat.schema` is no field of the type 'json_object'/,
      /It is one of the type 'json_schema'/,
    ],
    [
      'a field that no type has',
      { type: 'regex', pattern: 'a', flags: 'i' },
      /`responseFormat.flags` is no field/,
      /With this type, there are: pattern\./,
    ],
    ['without a schema', { type: 'json_schema' }, /`responseFormat.schema` is no JSON Schema/],
    ['a class', bad(Person), /`responseFormat.schema` is no JSON Schema/, /z\.toJSONSchema/],
    ['an object of a class', bad(new Person()), /`responseFormat.schema` is no JSON Schema/],
    ['a schema of Zod 3', bad(z3.object({})), /`responseFormat.schema` is no JSON Schema/, /zodToJsonSchema/],
    [
      'what JSON Schema has no word for',
      bad(z.object({ on: z.date() })),
      /cannot be written as JSON Schema: Date/,
    ],
    ['a wrong schema', bad({ type: 'wobbly' }), /no JSON Schema that can be used: \/type/],
    ['a schema that is elsewhere', bad({ $ref: 'https://example.com/x' }), /example\.com\/x is not fetched/],
    ['an empty pattern', { type: 'regex', pattern: '' }, /`responseFormat.pattern` must be a text/],
    [
      'a pattern that looks around',
      { type: 'regex', pattern: '(?=a)' },
      /`responseFormat.pattern` cannot be used/,
    ],
    ['no choice', { type: 'choice', choices: [] }, /`responseFormat.choices` must be a list/],
    ['an empty grammar', { type: 'grammar', grammar: '' }, /`responseFormat.grammar` must be a text/],
  ])('is told before anything is sent: %s', async (_name, responseFormat, message, hint = /^/) => {
    const { server, provider } = await scripted(says(ADA))
    const request = { ...asking('Who?'), responseFormat } as ChatRequest
    const error = await failureOf((async () => provider.chat(request))())
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error.message).toMatch(message)
    expect(error.hint ?? '').toMatch(hint)
    expect(server.chats).toEqual([])
  })

  it('is told in another spelling, too', async () => {
    const { provider } = await scripted(says(ADA))
    const request = { ...asking('Who?'), response_format: format } as ChatRequest
    expect(await failureOf((async () => provider.chat(request))())).toMatchObject({
      hint: 'Write `responseFormat`.',
    })
  })
})

describe('what real servers said, as recorded', () => {
  type Provider = new (config: ProviderConfig) => OpenAICompatibleProvider
  const object = { type: 'json_object' } as const
  const choice = { type: 'choice', choices: ['red', 'green'] } as const
  /** What is asked is not what was asked when it was recorded: any object will do. */
  const anything = { type: 'json_schema', schema: { type: 'object' } } as const

  async function playing(Class: Provider, ...answers: Answer[]) {
    const server = (await startScriptedServer()).answersChats(...answers)
    const baseURL = Class === OllamaProvider ? server.url : server.baseURL
    return { server, provider: open(Class, server, { baseURL, model: 'm' }) }
  }

  it.each<[string, Provider, ResponseFormat, unknown]>([
    ['llama.cpp/format-json-schema-stream', LlamaCppProvider, anything, { score: expect.any(Number) }],
    ['llama.cpp/format-json-schema-reasoning', LlamaCppProvider, anything, { mood: 'loud' }],
    ['llama.cpp/format-json-object-stream', LlamaCppProvider, object, {}],
    ['vllm/so-json-schema', VLLMProvider, anything, { color: 'green', n: 1 }],
    ['vllm/so-json-object', VLLMProvider, object, {}],
    ['vllm/reasoning-json-schema-stream', VLLMProvider, anything, { a: 'red' }],
    ['vllm/so-extra-choice-stream', VLLMProvider, choice, 'green'],
    ['ollama/api-chat-format-json', OllamaProvider, object, { name: 'Ada', age: 36 }],
    ['ollama/v1-json-schema', OpenAICompatibleProvider, anything, { name: 'get_weather ' }],
  ])('has its value: %s', async (name, Class, responseFormat, parsed) => {
    const { provider } = await playing(Class, recording(name))
    const answer = await provider.chat({ ...asking('Hm?'), responseFormat })
    expect(answer).toMatchObject({ parsed, warnings: [] })
  })

  it.each<[string, Provider]>([
    ['llama.cpp/format-json-schema-cut', LlamaCppProvider],
    ['vllm/so-json-schema-length', VLLMProvider],
  ])('has no value where it is cut off: %s', async (name, Class) => {
    const { provider } = await playing(Class, recording(name))
    const answer = await provider.chat({ ...asking('Hm?'), responseFormat: anything })
    expect(answer.finishReason).toBe('length')
    expect(answer).not.toHaveProperty('parsed')
  })

  it.each<[string, Provider, RegExp]>([
    ['llama.cpp/format-bad-schema', LlamaCppProvider, /unrecognized type wobbly/],
    ['vllm/so-json-schema-unsupported', VLLMProvider, /Unimplemented keys: \["uniqueItems"\]/],
    ['ollama/api-chat-format-schema-bad', OllamaProvider, /unrecognized type nonsense/],
    ['ollama/v1-json-schema-bad-stream', OpenAICompatibleProvider, /unrecognized type nonsense/],
  ])('refuses a schema, which is then described: %s', async (name, Class, words) => {
    const native = {
      model: 'm',
      message: { role: 'assistant', content: ADA },
      done: true,
      done_reason: 'stop',
    }
    const whole = Class === OllamaProvider ? { chunks: [`${JSON.stringify(native)}\n`] } : says(ADA)
    const { server, provider } = await playing(Class, recording(name), whole)
    const answer = await provider.chat({ ...asking('Who?'), responseFormat: format })
    expect(answer).toMatchObject({ parsed: PARSED, timings: { attempts: 2 } })
    expect(answer.warnings).toMatchObject([
      { code: 'response_format', message: expect.stringMatching(words) },
    ])
    expect(sent(server)[1]?.messages[0]?.content).toContain(JSON.stringify(schema))
  })

  it.each([
    ['vllm/so-extra-bad-grammar', VLLMProvider],
    ['llama.cpp/grammar-bad-stream', LlamaCppProvider],
  ])('refuses a grammar, whose author is told: %s', async (name, Class) => {
    const { server, provider } = await playing(Class, recording(name))
    const grammar = { type: 'grammar', grammar: 'root := ???' } as const
    const error = await failureOf(provider.query({ prompt: 'Hm?', responseFormat: grammar }))
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error.message).toMatch(/grammar/)
    expect(server.chats).toHaveLength(1)
  })

  it('takes no notice, and is asked in words: text-generation-webui', async () => {
    const { server, provider } = await playing(
      TextGenerationWebUIProvider,
      recording('tgw/json-object'),
      says(ADA),
    )
    const answer = await provider.chat({ ...asking('Who?'), responseFormat: object })
    expect(answer).toMatchObject({ parsed: PARSED, timings: { attempts: 2 } })
    expect(codes(answer)).toEqual(['response_format', 'response_format_repair'])
    expect(sent(server)[1]?.messages.at(-2)?.content).toBe('Hello! How can I help you today?')
  })
})

describe('fallback', () => {
  it('hands the format on, and goes on where nothing of a wrong answer was handed out', async () => {
    const first = await scripted(says('Ada.'), says('Ada!'))
    const second = await scripted(says(ADA))
    const { events, onProgress } = listener()
    const provider = fallback([first.provider, second.provider])
    const answer = await provider.chat({ ...asking('Who?'), responseFormat: format, onProgress })
    expect(answer.parsed).toEqual(PARSED)
    expect(textOf(events)).toBe(ADA)
    expect([first.server.chats.length, second.server.chats.length]).toEqual([2, 1])
  })
})
