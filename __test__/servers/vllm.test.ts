import { describe, expect, it } from 'vitest'
import { InvalidRequestError, UnsupportedError, VLLMProvider } from '../../index.js'
import { asking } from '../support/provider.js'
import { type Answer, json } from '../support/scripted-server.js'
import { answer, chunk, done, refusal } from '../support/wire.js'
import { eventsOf, failureOf } from '../support/witness.js'
import { open, startServer } from './support.js'

const entry = (id: string, parent: string | null = null) => ({
  id,
  object: 'model',
  owned_by: 'vllm',
  root: `/models/${id}`,
  parent,
  max_model_len: parent === null ? 512 : null,
})
const LIST = json({ object: 'list', data: [entry('base'), entry('lora', 'base')] })
const HELLO = { chunks: answer('Hello') }

const server = (version: string, more: Record<string, Answer> = {}) =>
  startServer({ 'GET /v1/models': LIST, 'GET /version': json({ version }), 'GET /health': {}, ...more })

describe('the status of vLLM', () => {
  it('tells version, model and context', async () => {
    const status = await open(VLLMProvider, await server('0.32.0')).getStatus()
    expect(status).toMatchObject({
      isConnected: true,
      server: 'vllm',
      version: '0.32.0',
      loadedModel: 'base',
      availableModels: ['base', 'lora'],
      contextLength: 512,
    })
  })

  it('says that its engine is dead, at once', async () => {
    const dead = await server('0.32.0', { 'GET /health': { status: 503 } })
    const provider = open(VLLMProvider, dead)
    expect(await provider.getStatus()).toMatchObject({
      isConnected: false,
      error: expect.stringContaining('engine'),
    })
    expect(dead.questions.filter(({ path }) => path === '/health')).toHaveLength(1)
  })
})

describe('the models of vLLM', () => {
  it('are its own and its adapters', async () => {
    const models = await open(VLLMProvider, await server('0.32.0')).listModels({ throwOnError: true })
    expect(models.map(({ name, contextLength, loaded }) => [name, contextLength, loaded])).toEqual([
      ['base', 512, true],
      ['lora', 512, true],
    ])
  })
})

describe('a constraint of the answer', () => {
  const structured = { structured_outputs: { choice: ['yes', 'no'] } }
  const guided = { guided_choice: ['yes', 'no'] }
  const OLD = '0.10.0'
  const NEW = '0.32.0'

  it.each([
    [OLD, structured, guided],
    [OLD, guided, guided],
    ['0.11.0', structured, { ...structured, ...guided }],
    [NEW, structured, structured],
    [NEW, guided, structured],
  ])('goes to %s by the names that it knows: %j', async (version, extraBody, expected) => {
    const vllm = await server(version)
    vllm.answersChats(HELLO)
    const provider = open(VLLMProvider, vllm)
    const response = await provider.chat({ ...asking('hello'), extraBody })
    const { structured_outputs, guided_choice } = vllm.chats[0]?.json ?? {}
    expect({ structured_outputs, guided_choice }).toEqual(expected)
    expect(response.warnings).toEqual([])
  })

  it('goes by both names where the version is unknown, and asks nobody for it', async () => {
    const vllm = await server(NEW)
    vllm.answersChats(HELLO)
    const provider = open(VLLMProvider, vllm, { model: 'base' })
    await provider.query({ prompt: 'hello', extraBody: structured })
    expect(vllm.questions).toEqual([])
    expect(vllm.chats[0]?.json).toMatchObject({ ...structured, ...guided })
    await provider.getStatus()
    await provider.query({ prompt: 'hello', extraBody: structured })
    expect(vllm.chats[1]?.json).toMatchObject(structured)
    expect(vllm.chats[1]?.json).not.toHaveProperty('guided_choice')
  })

  it('that the version does not know is left out with a warning', async () => {
    const vllm = await server(OLD)
    vllm.answersChats(HELLO)
    const extraBody = { structured_outputs: { json_object: true } }
    const { warnings } = await open(VLLMProvider, vllm).chat({ ...asking('hello'), extraBody })
    const message = 'vLLM 0.10.0 does not know `structured_outputs.json_object`; it is left out.'
    expect(warnings).toEqual([{ code: 'unknown_field', message }])
  })
})

describe('the fields of its own', () => {
  it('are sent at the top of the body, as are those that nobody knows', async () => {
    const vllm = await server('0.32.0')
    vllm.answersChats(HELLO)
    const extraBody = {
      stop_token_ids: [2],
      min_tokens: 1,
      priority: -1,
      chat_template_kwargs: { enable_thinking: false },
      of_tomorrow: 'x',
    }
    await open(VLLMProvider, vllm).query({ prompt: 'hello', extraBody })
    expect(vllm.chats[0]?.json).toMatchObject(extraBody)
  })

  it('search for the likeliest answer, which comes in one piece', async () => {
    const vllm = await server('0.32.0')
    vllm.answersChats({
      chunks: [
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'all of it' }, 'length', { stop_reason: null }),
        done,
      ],
    })
    const extraBody = { use_beam_search: true, n: 1, length_penalty: 1 }
    const events = await eventsOf(
      open(VLLMProvider, vllm).stream({ ...asking('hello'), maxTokens: 5, extraBody }),
    )
    expect(events).toEqual([{ type: 'message', content: 'all of it' }, { type: 'completion' }])
    expect(vllm.chats[0]?.json).toMatchObject({ ...extraBody, max_tokens: 5 })
  })
})

describe('tools without the flags for them', () => {
  it('are refused with a hint that names the flags', async () => {
    const vllm = await server('0.32.0')
    const words = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    vllm.answersChats(json(refusal(words, { type: 'BadRequestError', code: 400 }), 400))
    const error = await failureOf(open(VLLMProvider, vllm).query({ prompt: 'hello' }))
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error.message).toBe(words)
    expect(error.hint).toMatch(/`--enable-auto-tool-choice` and `--tool-call-parser`/)
  })
})

describe('adapters', () => {
  it('are loaded by no server that answers 200 to what it does not know', async () => {
    const other = await server('0.32.0', { [LOAD]: json({ error: 'Unexpected endpoint or method.' }) })
    const error = await failureOf(open(VLLMProvider, other).loadAdapter('lora', '/loras/a'))
    expect(error).toMatchObject({ message: expect.stringContaining('Unexpected endpoint') })
  })

  const LOAD = 'POST /v1/load_lora_adapter'
  const UNLOAD = 'POST /v1/unload_lora_adapter'
  const NOT_THERE = json({ detail: 'Not Found' }, 404)
  const plain = (text: string) => ({ headers: { 'Content-Type': 'text/plain' }, chunks: [text] })

  it('are loaded, listed and unloaded', async () => {
    const vllm = await server('0.32.0', {
      [LOAD]: plain("Success: LoRA adapter 'lora' added successfully."),
      [UNLOAD]: plain("Success: LoRA adapter 'lora' removed successfully."),
    })
    const provider = open(VLLMProvider, vllm)
    await provider.loadAdapter('lora', '/loras/a', { extraBody: { load_inplace: true } })
    expect(await provider.listAdapters()).toEqual(['lora'])
    await provider.unloadAdapter('lora')
    const posted = vllm.questions.filter(({ method }) => method === 'POST').map(({ json: body }) => body)
    expect(posted).toEqual([
      { lora_name: 'lora', lora_path: '/loras/a', load_inplace: true },
      { lora_name: 'lora' },
    ])
  })

  it('that are there already are told so', async () => {
    const words = "The lora adapter 'lora' has already been loaded."
    const again = json(refusal(words, { type: 'InvalidUserInput', param: null, code: 400 }), 400)
    const provider = open(VLLMProvider, await server('0.32.0', { [LOAD]: again }))
    const error = await failureOf(provider.loadAdapter('lora', '/loras/a'))
    expect(error).toBeInstanceOf(InvalidRequestError)
    expect(error).toMatchObject({
      status: 400,
      message: words,
      hint: expect.stringContaining('load_inplace'),
    })
  })

  it('are nothing for a server that may not load them, with what it needs', async () => {
    const provider = open(VLLMProvider, await server('0.32.0', { [LOAD]: NOT_THERE, [UNLOAD]: NOT_THERE }))
    for (const failing of [provider.loadAdapter('lora', '/loras/a'), provider.unloadAdapter('lora')]) {
      const error = await failureOf(failing)
      expect(error).toBeInstanceOf(UnsupportedError)
      expect(error.hint).toContain('VLLM_ALLOW_RUNTIME_LORA_UPDATING=True')
    }
  })
})
