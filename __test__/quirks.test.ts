import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ChatResponse, ProviderError, type ProviderProgressEvent } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { type Answer, startScriptedServer } from './support/scripted-server.js'
import { eventsOf, textOf, witness } from './support/witness.js'

interface Quirk extends Answer {
  id: string
  why: string
  chunks_b64?: string[]
  destroy?: boolean
  /** The answers to the attempts before. */
  sequence?: { status: number; headers: Record<string, string>; body: string }[]
  expect: Expectation
}

interface Expectation {
  text?: string
  reasoning?: string
  finish?: string
  usage?: [number, number]
  tools?: { name: string; args: unknown }[]
  /** Some call was repaired. */
  repaired?: boolean
  /** There is a call, and none that could be used. */
  toolsInvalid?: boolean
  error?: boolean
  /** It broke off: an error, or at least no success. */
  errorOrFlag?: boolean
  errorIncludes?: string
  errorExcludes?: string
  status?: number
  partial?: string
  maxMs?: number
}

const quirks: Quirk[] = JSON.parse(readFileSync(new URL('fixtures/quirks.json', import.meta.url), 'utf8'))

function named(wanted: (expected: Expectation) => boolean): [string, Quirk][] {
  return quirks.filter((quirk) => wanted(quirk.expect)).map((quirk) => [`${quirk.id}: ${quirk.why}`, quirk])
}

/** All that the cases call. */
const offered = ['get_weather', 'get_time', 'list_files'].map((name) => ({ name }))

async function ask(quirk: Quirk) {
  const server = await startScriptedServer()
  const chunks = quirk.chunks_b64?.map((piece) => Buffer.from(piece, 'base64')) ?? quirk.chunks ?? []
  const earlier = (quirk.sequence ?? []).map(({ body, ...rest }) => ({ ...rest, chunks: [body] }))
  server.answersChats(...earlier, { ...quirk, chunks, end: quirk.destroy ? 'destroy' : 'properly' })
  const stream = providerOf(server).stream({ ...asking('hello'), tools: offered })
  const seen = await eventsOf(stream).catch((error: ProviderError) => witness(error))
  return { stream, seen }
}

describe('an answer is read although', () => {
  const answers = named((expected) => !(expected.error || expected.errorOrFlag))

  it.each(answers)('%s', async (_name, quirk) => {
    const { text = '', reasoning, finish, usage, maxMs = 5_000 } = quirk.expect
    const { stream, seen } = await ask(quirk)
    expect(seen).not.toBeInstanceOf(Error)
    expect(textOf(seen as ProviderProgressEvent[])).toBe(text)
    const response = await stream.response()
    expect(response).toMatchObject({
      content: text,
      ...(reasoning === undefined ? {} : { reasoning }),
      ...(finish === undefined ? {} : { finishReason: finish }),
      ...(usage === undefined ? {} : { usage: { inputTokens: usage[0], outputTokens: usage[1] } }),
    })
    expect('reasoning' in response).toBe(reasoning !== undefined)
    expect(response.timings.total).toBeLessThan(maxMs)
    checkCalls(response, quirk.expect)
    const told = (seen as ProviderProgressEvent[]).flatMap((event) =>
      event.type === 'tool_call' ? [event.toolCall] : [],
    )
    expect(told).toEqual(response.toolCalls)
  })
})

function checkCalls({ toolCalls, message }: ChatResponse, expected: Expectation): void {
  const { tools = [], repaired, toolsInvalid } = expected
  expect(message.toolCalls ?? []).toEqual(toolCalls)
  const ids = toolCalls.map(({ id }) => id)
  expect(ids).not.toContain('')
  expect(new Set(ids).size).toBe(ids.length)
  if (toolsInvalid) {
    expect(toolCalls).not.toEqual([])
    for (const call of toolCalls) expect(call).toMatchObject({ invalid: expect.stringMatching(/./) })
    return
  }
  expect(toolCalls.map((call) => ({ name: call.name, args: call.arguments }))).toEqual(tools)
  if (repaired) expect(toolCalls.some((call) => 'repaired' in call && call.repaired)).toBe(true)
}

describe('a failure is told', () => {
  const failures = named((expected) => Boolean(expected.error || expected.errorOrFlag))

  it.each(failures)('%s', async (_name, quirk) => {
    const { errorIncludes = '', errorExcludes = '<never>', status, partial } = quirk.expect
    const { stream, seen } = await ask(quirk)
    expect(seen).toBeInstanceOf(ProviderError)
    expect(seen).toMatchObject({
      message: expect.stringContaining(errorIncludes),
      ...(status === undefined ? {} : { status }),
      ...(partial === undefined ? {} : { partial: { content: partial } }),
    })
    expect((seen as ProviderError).message).not.toContain(errorExcludes)
    await expect(stream.response()).rejects.toBe(seen)
  })
})
