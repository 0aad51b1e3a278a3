import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { LlamaCppProvider, OpenAICompatibleProvider, type ResponseFormat } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { asking } from '../support/provider.js'
import { eventsOf, listener, textOf } from '../support/witness.js'

const server = new LlamaServer({ alias: 'tiny' })

const Note = z.object({
  title: z.string(),
  mood: z.enum(['calm', 'loud']),
  score: z.number().int().min(0).max(9),
  tags: z.array(z.string()).max(2),
})
const note = { type: 'json_schema', schema: Note } as const

const known = () => new LlamaCppProvider({ baseURL: server.baseURL })

describe.each([OpenAICompatibleProvider, LlamaCppProvider])('a real server, asked by %o', (Provider) => {
  const provider = () => new Provider({ baseURL: server.baseURL })

  it('answers with JSON of a schema, typed', async () => {
    const { parsed, content, warnings } = await provider().chat({
      ...asking('hello'),
      responseFormat: note,
      seed: 7,
    })
    expect(['calm', 'loud']).toContain(parsed?.mood)
    expect(JSON.parse(content)).toEqual(parsed)
    expect(warnings).toEqual([])
  })

  it('answers with a JSON object', async () => {
    const responseFormat = { type: 'json_object' } as const
    const answer = await provider().query({ prompt: 'hello', responseFormat, seed: 7 })
    expect(typeof JSON.parse(answer)).toBe('object')
  })

  it.each<[string, ResponseFormat, RegExp]>([
    ['a choice', { type: 'choice', choices: ['yes', 'no "way"'] }, /^(yes|no "way")$/],
    ['a pattern with classes', { type: 'regex', pattern: '\\d{3}[\\w.]\\D' }, /^\d{3}[\w.]\D$/],
    ['a pattern', { type: 'regex', pattern: '[a-c]{2}-[0-9]' }, /^[a-c]{2}-[0-9]$/],
  ])('answers with %s', async (_name, responseFormat, expected) => {
    const answer = await provider().chat({ ...asking('hello'), responseFormat, seed: 7 })
    expect(answer.content).toMatch(expected)
    expect(answer.parsed).toBe(answer.content)
    expect(answer.warnings).toEqual([])
  })

  it('has its answer cut off by a limit', async () => {
    const answer = await provider().chat({ ...asking('hello'), responseFormat: note, maxTokens: 3 })
    expect(answer.finishReason).toBe('length')
    expect(answer).not.toHaveProperty('parsed')
  })
})

describe('a real server that is known', () => {
  it('has its JSON handed on as it comes, and its reasoning apart', async () => {
    const stream = known().stream({ ...asking('think'), responseFormat: note, seed: 7 })
    const events = await eventsOf(stream)
    const answer = await stream.response()
    expect(answer.reasoning).toBe('Let me count: one, two')
    expect(JSON.parse(textOf(events))).toEqual(answer.parsed)
    expect(events.filter(({ type }) => type === 'message').length).toBeGreaterThan(5)
  })

  it('heeds a grammar', async () => {
    const responseFormat = { type: 'grammar', grammar: 'root ::= "left" | "right"' } as const
    expect(await known().query({ prompt: 'hello', responseFormat })).toMatch(/^(left|right)$/)
  })

  it('says what is wrong with a grammar', async () => {
    const responseFormat = { type: 'grammar', grammar: 'root :' } as const
    const answer = known().query({ prompt: 'hello', responseFormat })
    await expect(answer).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('grammar'),
    })
  })

  it('follows references, and those of a schema to itself once they have a name', async () => {
    const Node = z.object({
      name: z.enum(['a', 'b']),
      get next() {
        return z.array(Node).max(1).optional()
      },
    })
    const responseFormat = { type: 'json_schema', schema: Node } as const
    const answer = await known().chat({ ...asking('hello'), responseFormat, seed: 7 })
    expect(answer).toMatchObject({ finishReason: 'stop', timings: { attempts: 2 } })
    expect(answer.parsed?.name).toMatch(/^[ab]$/)
    expect(answer.warnings).toMatchObject([
      { code: 'response_format', message: expect.stringContaining('$ref #') },
    ])
  })

  it('may call a tool, and answers in the format once it has the result', async () => {
    const tools = [{ name: 'get_weather', parameters: { type: 'object', properties: {} } }]
    const { events, onProgress } = listener()
    const first = await known().chat({
      ...asking('use a tool'),
      tools,
      responseFormat: note,
      onProgress,
      seed: 7,
    })
    expect(first).toMatchObject({ finishReason: 'tool_calls', toolCalls: [{ name: 'get_weather' }] })
    expect(events.map(({ type }) => type)).toEqual(['warning', 'tool_call', 'completion'])
  })

  it('is held to the format in a second round, where it calls nothing and writes no JSON in words alone', async () => {
    const tools = [{ name: 'get_weather', execute: () => 'sunny' }]
    for (const prompt of ['hello', 'use a tool']) {
      const answer = await known().runTools({ ...asking(prompt), tools, responseFormat: note, seed: 7 })
      expect(['calm', 'loud']).toContain(answer.parsed?.mood)
      expect(answer.warnings.at(-1)?.code).toBe('response_format_repair')
    }
  })

  it('answers with a tuple', async () => {
    const schema = z.tuple([z.enum(['a', 'b']), z.number().int().min(0).max(9)])
    const responseFormat = { type: 'json_schema', schema } as const
    // Before a list, the tiny model would think without end.
    const request = { ...asking('hello'), responseFormat, reasoning: false, seed: 7 }
    const answer = await known().chat(request)
    expect(answer).toMatchObject({ finishReason: 'stop', timings: { attempts: 2 } })
    expect(answer.parsed?.[0]).toMatch(/^[ab]$/)
    expect(answer.warnings.map(({ code }) => code)).toEqual(['response_format'])
  })
})
