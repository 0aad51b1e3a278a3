import { describe, expect, it } from 'vitest'
import type { ProviderProgressEvent } from '../index.js'
import { asking, providerOf } from './support/provider.js'
import { startScriptedServer } from './support/scripted-server.js'
import { unhandledErrors } from './support/unhandled.js'
import { answer, chunk, finish, reasoning, refusal, role, text } from './support/wire.js'
import { failureOf, listener, textOf } from './support/witness.js'

unhandledErrors()

describe('the events of a query', () => {
  it('are its messages and then one completion, all before the promise settles', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hel', 'lo', ' there') })
    const { events, onProgress } = listener()
    let settledAfter = -1
    const result = providerOf(server)
      .query({ prompt: 'hello', onProgress })
      .finally(() => {
        settledAfter = events.length
      })
    expect(await result).toBe('Hello there')
    expect(events.slice(0, -1).map((event) => event.type)).toEqual(Array(events.length - 1).fill('message'))
    expect(events.at(-1)).toEqual({ type: 'completion' })
    expect(textOf(events)).toBe('Hello there')
    expect(settledAfter).toBe(events.length)
  })

  it('hold no empty message', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [role, text(''), chunk({ content: null }), text('Hi'), text(''), finish] })
    const { events, onProgress } = listener()
    await providerOf(server).query({ prompt: 'hello', onProgress })
    expect(events).toEqual([{ type: 'message', content: 'Hi' }, { type: 'completion' }])
  })

  it('keep the order of reasoning and text', async () => {
    const server = await startScriptedServer()
    const chunks = [role, reasoning('Hm'), text('Hel'), reasoning('!'), text('lo'), finish]
    server.answersChats({ chunks })
    const { events, onProgress } = listener()
    await providerOf(server).query({ prompt: 'hello', onProgress })
    expect(events).toEqual([
      { type: 'reasoning', content: 'Hm' },
      { type: 'message', content: 'Hel' },
      { type: 'reasoning', content: '!' },
      { type: 'message', content: 'lo' },
      { type: 'completion' },
    ])
  })

  it('end with one error, with the code of the rejection and before it', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [role, text('Hel'), `data: ${refusal('boom')}\n\n`] })
    const { events, onProgress } = listener()
    let settledAfter = -1
    const error = await failureOf(
      providerOf(server)
        .query({ prompt: 'hello', onProgress })
        .finally(() => {
          settledAfter = events.length
        }),
    )
    expect(events).toEqual([
      { type: 'message', content: 'Hel' },
      { type: 'error', code: error.code, message: error.message },
    ])
    expect(settledAfter).toBe(2)
  })

  it('come one by one while the answer is still arriving', async () => {
    const server = await startScriptedServer()
    let hear: (event: ProviderProgressEvent) => void = () => {}
    const heard = () =>
      new Promise<ProviderProgressEvent>((resolve) => {
        hear = resolve
      })
    const onProgress = (event: ProviderProgressEvent) => hear(event)
    let next = heard()
    const result = providerOf(server).query({ prompt: 'hello', onProgress })
    const chat = await server.nextChat()
    for (const content of ['One', ' two', ' three']) {
      await chat.send(text(content))
      expect(await next).toEqual({ type: 'message', content })
      next = heard()
    }
    await chat.end(finish)
    expect(await next).toEqual({ type: 'completion' })
    expect(await result).toBe('One two three')
  })
})

describe('an async listener', () => {
  it('is called in order, one event at a time, and waited for before the promise settles', async () => {
    const server = await startScriptedServer()
    const pieces = Array.from({ length: 40 }, (_, index) => `${index} `)
    server.answersChats({ chunks: answer(...pieces) })
    const seen: ProviderProgressEvent[] = []
    let running = 0
    let most = 0
    const onProgress = async (event: ProviderProgressEvent) => {
      running += 1
      most = Math.max(most, running)
      await new Promise(setImmediate)
      seen.push(event)
      running -= 1
    }
    expect(await providerOf(server).query({ prompt: 'hello', onProgress })).toBe(pieces.join(''))
    expect(most).toBe(1)
    expect(textOf(seen)).toBe(pieces.join(''))
    expect(seen.at(-1)).toEqual({ type: 'completion' })
  })

  it('is waited for before the promise rejects', async () => {
    const server = await startScriptedServer()
    server.answersChats({ status: 400, chunks: [refusal('boom')] })
    const seen: string[] = []
    const onProgress = async (event: ProviderProgressEvent) => {
      await new Promise(setImmediate)
      seen.push(event.type)
    }
    await failureOf(providerOf(server).query({ prompt: 'hello', onProgress }))
    expect(seen).toEqual(['error'])
  })
})

describe('a listener that never returns', () => {
  const never = () => new Promise<void>(() => {})

  it('does not hold up an abort', async () => {
    const server = await startScriptedServer()
    const controller = new AbortController()
    const { signal } = controller
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', signal, onProgress: never }))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'), text('lo'))
    controller.abort('enough')
    await chat.leftByClient
    expect(await failure).toMatchObject({ code: 'aborted', cause: 'enough' })
  })

  it('does not hold up the closing of its provider', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const failure = failureOf(provider.query({ prompt: 'hello', onProgress: never }))
    const chat = await server.nextChat()
    await chat.send(role, text('Hel'))
    await provider.close()
    await chat.leftByClient
    expect(await failure).toMatchObject({ code: 'aborted' })
  })

  it('does not outlast the time for the whole call', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: [role, text('Hel')], end: 'open' })
    const timeout = { total: 200 }
    const failure = failureOf(providerOf(server).query({ prompt: 'hello', timeout, onProgress: never }))
    expect(await failure).toMatchObject({ code: 'timeout', clock: 'total', partial: { content: 'Hel' } })
  })
})

describe('what a listener throws', () => {
  const values = [new Error('of the listener'), 'a text', undefined, null, 0, Number.NaN, { code: 'aborted' }]

  it.each(values)('rejects with that very value and closes the connection: %s', async (thrown) => {
    const server = await startScriptedServer()
    const heard: string[] = []
    const throwing = (event: ProviderProgressEvent) => {
      heard.push(event.type)
      throw thrown
    }
    const rejecting = (event: ProviderProgressEvent) => {
      heard.push(event.type)
      return Promise.reject(thrown)
    }
    for (const onProgress of [throwing, rejecting]) {
      const failure = failureOf(providerOf(server).query({ prompt: 'hello', onProgress }))
      const chat = await server.nextChat()
      await chat.send(role, text('Hel'))
      await chat.leftByClient
      expect(await failure).toBe(thrown)
    }
    // No event follows, and no error event tells the listener what it threw.
    expect(heard).toEqual(['message', 'message'])
  })

  it.each(values)('at the end of an answer rejects with it, too: %s', async (thrown) => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const onProgress = (event: ProviderProgressEvent) => {
      if (event.type === 'completion') throw thrown
    }
    expect(await failureOf(providerOf(server).query({ prompt: 'hello', onProgress }))).toBe(thrown)
  })

  it('takes the place of the error that it was told', async () => {
    const server = await startScriptedServer()
    server.answersChats({ status: 400, chunks: [refusal('boom')] })
    const thrown = new Error('of the listener')
    const onProgress = () => Promise.reject(thrown)
    expect(await failureOf(providerOf(server).query({ prompt: 'hello', onProgress }))).toBe(thrown)
  })

  it('comes out of the loop of a stream', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const thrown = new Error('of the listener')
    const onProgress = () => {
      throw thrown
    }
    const stream = providerOf(server).stream({ ...asking('hello'), onProgress })
    const loop = async () => {
      for await (const event of stream) expect(event.type).toBe('message')
    }
    expect(await failureOf(loop())).toBe(thrown)
    expect(await failureOf(stream.response())).toBe(thrown)
  })
})

describe('two hundred streams at once', () => {
  it('each give the right text, in order', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const stories = Array.from({ length: 200 }, (_, story) =>
      Array.from({ length: 20 }, (_nothing, part) => `${story}.${part} `),
    )
    const results = stories.map(async (_parts, story) => {
      const { events, onProgress } = listener()
      const content = await provider.query({ prompt: String(story), onProgress })
      return { content, told: textOf(events) }
    })
    const chats = await Promise.all(stories.map(() => server.nextChat()))
    await Promise.all(
      chats.map((chat) => {
        const [{ content }] = chat.json.messages as [{ content: string }]
        return chat.end(...answer(...(stories[Number(content)] ?? [])))
      }),
    )
    const told = await Promise.all(results)
    expect(told).toEqual(stories.map((parts) => ({ content: parts.join(''), told: parts.join('') })))
  })
})

describe('what is not handed on within a turn', () => {
  it('stays as it came while other answers arrive', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const spin = () => {
      const end = performance.now() + 3
      while (performance.now() < end);
    }
    const letters = [...'abcdefghijklmnop']
    const slow = listener()
    const slowAnswer = provider.query({
      prompt: 'slow',
      onProgress(event) {
        slow.onProgress(event)
        spin()
      },
    })
    const slowChat = await server.nextChat()
    await slowChat.send(letters.map((letter) => text(letter)).join(''))
    while (slow.events.length === 0) await new Promise(setImmediate)
    const others = ['of other', 'lengths than', 'those'].map(async (words) => {
      const { events, onProgress } = listener()
      const result = provider.query({ prompt: words, onProgress })
      const chat = await server.nextChat()
      const [{ content }] = chat.json.messages as [{ content: string }]
      await chat.end(...answer(...content))
      await result
      return textOf(events)
    })
    expect(await Promise.all(others)).toEqual(['of other', 'lengths than', 'those'])
    await slowChat.end(finish)
    expect(await slowAnswer).toBe(letters.join(''))
    expect(slow.events.slice(0, -1)).toEqual(letters.map((content) => ({ type: 'message', content })))
  })
})

describe('a short answer beside a stream that never rests', () => {
  it('waits neither with its first event nor with its end', async () => {
    const server = await startScriptedServer()
    const provider = providerOf(server)
    const noise = provider.query({ prompt: 'noise', onProgress: () => {} })
    const noisy = await server.nextChat()
    const turns: number[] = []
    for (let turn = 0; turn < 100; turn += 1) {
      const begunAt = performance.now()
      let isHeard = false
      const onProgress = () => {
        isHeard = true
      }
      const result = provider.query({ prompt: 'hello', onProgress })
      const chat = await server.nextChat()
      await noisy.send(text('noise '))
      await chat.send(text('Hello'))
      while (!isHeard) await new Promise(setImmediate)
      await noisy.send(text('noise '))
      await chat.end(finish)
      await result
      turns.push(performance.now() - begunAt)
    }
    await noisy.end(finish)
    await noise
    // Deltas come at most every 5 ms. Were one of these two held back like them, no turn at all could be shorter.
    const [quick] = turns.toSorted((a, b) => a - b).slice(10)
    expect(quick).toBeLessThan(5)
  })
})

describe('the end of an answer that nobody listens to', () => {
  it('does not wait either', async () => {
    const server = await startScriptedServer()
    server.answersChats({ chunks: answer('Hello') })
    const provider = providerOf(server)
    const turns: number[] = []
    for (let turn = 0; turn < 100; turn += 1) {
      const begunAt = performance.now()
      await provider.query({ prompt: 'hello' })
      turns.push(performance.now() - begunAt)
    }
    const [quick] = turns.toSorted((a, b) => a - b).slice(10)
    expect(quick).toBeLessThan(5)
  })
})

describe('characters of several bytes', () => {
  const whole = 'Smile 🙂, 漢字, é, 👩‍👩‍👧!'

  it('are whole, wherever the bytes of an answer are cut', async () => {
    const server = await startScriptedServer()
    const bytes = Buffer.from([text(whole), finish].join(''))
    const { events, onProgress } = listener()
    const result = providerOf(server).query({ prompt: 'hello', onProgress })
    const chat = await server.nextChat()
    await chat.end(...Array.from(bytes, (byte) => Uint8Array.of(byte)))
    expect(await result).toBe(whole)
    expect(textOf(events)).toBe(whole)
  })

  it('are whole in long texts and among plain ones', async () => {
    const server = await startScriptedServer()
    const pieces = ['plain ', whole.repeat(100), ' plain ', '🙂', 'é', ' end']
    server.answersChats({ chunks: answer(...pieces) })
    const { events, onProgress } = listener()
    expect(await providerOf(server).query({ prompt: 'hello', onProgress })).toBe(pieces.join(''))
    expect(textOf(events)).toBe(pieces.join(''))
  })
})
