import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ProviderProgressEvent } from '../index.js'
import { providerOf } from './support/provider.js'
import { type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { answer, role, text } from './support/wire.js'
import { textOf } from './support/witness.js'

function startWorker(server: ScriptedServer, prompt: string): Worker {
  const workerData = { baseURL: server.baseURL, prompt }
  const worker = new Worker(new URL('fixtures/worker.mjs', import.meta.url), { workerData })
  onTestFinished(async () => {
    await worker.terminate()
  })
  return worker
}

describe('worker threads', () => {
  it('can ask side by side, and end by themselves', async () => {
    const server = await startScriptedServer()
    const prompts = ['one', 'two', 'three', 'four']
    const results = prompts.map(async (prompt) => {
      const worker = startWorker(server, prompt)
      const events: ProviderProgressEvent[] = []
      worker.on('message', (event) => void events.push(event))
      const [code] = await once(worker, 'exit')
      return { text: textOf(events), last: events.at(-1)?.type, code }
    })
    const main = providerOf(server).query({ prompt: 'main' })
    for (let count = 0; count < prompts.length + 1; count += 1) {
      const chat = await server.nextChat()
      const [{ content }] = chat.json.messages as [{ content: string }]
      await chat.end(...answer('You said ', content))
    }
    expect(await main).toBe('You said main')
    expect(await Promise.all(results)).toEqual(
      prompts.map((prompt) => ({ text: `You said ${prompt}`, last: 'completion', code: 0 })),
    )
  })

  it('can be terminated in the middle of an answer: the server is told, and all others go on', async () => {
    const server = await startScriptedServer()
    const others = providerOf(server)
    const other = others.query({ prompt: 'hello' })
    const otherChat = await server.nextChat()
    for (let turn = 0; turn < 5; turn += 1) {
      const worker = startWorker(server, 'hello')
      const chat = await server.nextChat()
      await chat.send(role, text('Hel'))
      const [event] = await once(worker, 'message')
      expect(event).toEqual({ type: 'message', content: 'Hel' })
      await worker.terminate()
      await chat.leftByClient
    }
    await otherChat.end(...answer('Hello'))
    expect(await other).toBe('Hello')
  })

  it('can be terminated while nothing has been answered yet: the server is told', async () => {
    const server = await startScriptedServer()
    const worker = startWorker(server, 'hello')
    const chat = await server.nextChat()
    await worker.terminate()
    await chat.leftByClient
    server.answersChats({ chunks: answer('Hello') })
    expect(await providerOf(server).query({ prompt: 'hello' })).toBe('Hello')
  })
})
