import { describe, expect, it } from 'vitest'
import { asking, providerOf } from './support/provider.js'
import { json, startScriptedServer } from './support/scripted-server.js'
import { refusal } from './support/wire.js'
import { witness } from './support/witness.js'

/** Where this function was called, as it stands in a stack. */
function here(): { line: number } {
  const frame = new Error('here').stack
    ?.split('\n')
    .find((text) => /stacks\.test\.ts:\d+/.test(text) && !text.includes('here'))
  return { line: Number(/stacks\.test\.ts:(\d+)/.exec(frame ?? '')?.[1]) }
}

/** The first line of this file that a stack shows. */
function firstLine(error: unknown): { line: number } {
  const { stack = '' } = witness(error as Error)
  return { line: Number(/stacks\.test\.ts:(\d+)/.exec(stack)?.[1]) }
}

async function provider() {
  const server = await startScriptedServer()
  server.answersChats(json(refusal('boom'), 400)).answersQuestions(json(refusal('boom'), 400))
  return providerOf(server)
}

describe('the stack of an error leads to the caller', () => {
  it('that awaits', async () => {
    const asked = await provider()
    let at = { line: 0 }
    let error: unknown
    try {
      at = here()
      await asked.query({ prompt: 'hello' })
    } catch (thrown) {
      error = thrown
    }
    expect(firstLine(error)).toEqual({ line: at.line + 1 })
    expect((error as Error).stack).toMatch(/^InvalidRequestError: boom\n {4}at /)
  })

  it.each<[string, (asked: Awaited<ReturnType<typeof provider>>) => [Promise<unknown>, { line: number }]]>([
    ['query', (asked) => [asked.query({ prompt: 'hello' }), here()]],
    ['chat', (asked) => [asked.chat(asking('hello')), here()]],
    ['stream', (asked) => [asked.stream(asking('hello')).response(), here()]],
    ['listModels', (asked) => [asked.listModels({ throwOnError: true }), here()]],
  ])('of %s that uses then and catch', async (_name, call) => {
    const [promise, at] = call(await provider())
    const error = await promise.then(
      () => 'no error',
      (thrown) => thrown,
    )
    expect(firstLine(error)).toEqual(at)
    const caught = await new Promise((resolve) => {
      promise.catch(resolve)
    })
    expect(caught).toBe(error)
  })

  it('that iterates', async () => {
    const asked = await provider()
    const [stream, at] = [asked.stream(asking('hello')), here()]
    let error: unknown
    try {
      for await (const event of stream) expect(event.type).toBe('error')
    } catch (thrown) {
      error = thrown
    }
    expect(firstLine(error)).toEqual(at)
  })

  it('that is a function of its own', async () => {
    const asked = await provider()
    async function summarize() {
      return await asked.query({ prompt: 'hello' })
    }
    const error = await summarize().catch((thrown) => thrown)
    expect(witness(error).stack).toContain('summarize')
  })
})
