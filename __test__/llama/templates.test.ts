import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { type ChatMessage, InvalidRequestError } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { asking, providerOf } from '../support/provider.js'
import { failureOf } from '../support/witness.js'

const template = (name: string) =>
  fileURLToPath(new URL(`../fixtures/templates/${name}.jinja`, import.meta.url))

const say = (role: 'system' | 'user' | 'assistant', content: string): ChatMessage => ({ role, content })

describe('a real server whose template knows no system message', () => {
  const server = new LlamaServer({ template: template('no-system') })

  it('gets the messages as it wants them, one step for one refusal, and from then on at once', async () => {
    const provider = providerOf(server)
    const messages = [
      say('user', 'one'),
      say('user', 'two'),
      say('assistant', 'three'),
      say('system', 'four'),
      say('user', 'hello'),
    ]
    const first = await provider.chat({ messages })
    // llama.cpp itself has the user say what the system said, where a template has no place for it.
    const steps = ['moved_system', 'merged_messages']
    expect(first.warnings.map(({ code }) => code)).toEqual(steps)
    expect(first.timings.attempts).toBe(3)
    expect(first.content).not.toBe('')
    const second = await provider.chat({ messages })
    expect(second.warnings.map(({ code }) => code)).toEqual(steps)
    expect(second.timings.attempts).toBe(1)
    const plain = await provider.chat(asking('hello'))
    expect(plain).toMatchObject({ warnings: [], timings: { attempts: 1 } })
  })

  it('refuses for good what cannot be mended without another meaning, and is not asked again', async () => {
    const messages = [say('assistant', 'one'), say('user', 'two')]
    const error = await failureOf(providerOf(server).chat({ messages }))
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error).toMatchObject({ attempts: 1, retryable: false })
    expect(error.message).toContain('Conversation roles must alternate')
  })
})

describe('a real server whose template wants the system message first', () => {
  const server = new LlamaServer({ template: template('system-first') })

  it('gets all that the system says there', async () => {
    const messages = [
      say('user', 'one'),
      say('assistant', 'two'),
      say('system', 'three'),
      say('user', 'hello'),
    ]
    const answer = await providerOf(server).chat({ messages })
    expect(answer.warnings.map(({ code }) => code)).toEqual(['moved_system'])
    expect(answer.timings.attempts).toBe(2)
  })
})
