import { describe, expect, it } from 'vitest'
import { AbortError, type ProviderProgressEvent, TimeoutError } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { asking, providerOf } from '../support/provider.js'
import { failureOf } from '../support/witness.js'

const server = new LlamaServer()
const provider = () => providerOf(server)

/** Resolves with the story's first words. */
function beginning(): { onProgress: (event: ProviderProgressEvent) => void; begun: Promise<void> } {
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  return { onProgress: (event) => event.type === 'message' && begin(), begun }
}

describe('a real server stops generating', () => {
  it('when the signal aborts', async () => {
    const controller = new AbortController()
    const { onProgress, begun } = beginning()
    const failure = failureOf(provider().query({ prompt: 'story', signal: controller.signal, onProgress }))
    await begun
    await server.generates()
    controller.abort()
    const error = await failure
    expect(error).toBeInstanceOf(AbortError)
    expect(error.partial?.content).toMatch(/^Once/)
    await server.stopsEarly()
  })

  it('when the loop is left', async () => {
    const stream = provider().stream(asking('story'))
    for await (const event of stream) {
      if (event.type === 'message') break
    }
    const error = await failureOf(stream.response())
    expect(error).toBeInstanceOf(AbortError)
    expect(error.partial?.content).toMatch(/^Once/)
    await server.stopsEarly()
  })

  it('when the loop throws', async () => {
    const stream = provider().stream(asking('story'))
    const loop = async () => {
      for await (const event of stream) {
        if (event.type === 'message') throw new Error('of the loop')
      }
    }
    await expect(loop()).rejects.toThrow('of the loop')
    expect(await failureOf(stream.response())).toBeInstanceOf(AbortError)
    await server.stopsEarly()
  })

  it('when the stream is cancelled', async () => {
    const stream = provider().stream(asking('story'))
    await server.generates()
    stream.cancel('enough')
    expect(await failureOf(stream.response())).toMatchObject({ code: 'aborted', cause: 'enough' })
    await server.stopsEarly()
  })

  it('when the stream is disposed of', async () => {
    const stream = provider().stream(asking('story'))
    await server.generates()
    await stream[Symbol.asyncDispose]()
    expect(await failureOf(stream.response())).toBeInstanceOf(AbortError)
    await server.stopsEarly()
  })

  it('when onProgress throws', async () => {
    const thrown = new Error('of the listener')
    const onProgress = () => {
      throw thrown
    }
    expect(await failureOf(provider().query({ prompt: 'story', onProgress }))).toBe(thrown)
    await server.stopsEarly()
  })

  it('when onProgress rejects', async () => {
    const thrown = new Error('of the listener')
    const onProgress = () => Promise.reject(thrown)
    expect(await failureOf(provider().query({ prompt: 'story', onProgress }))).toBe(thrown)
    await server.stopsEarly()
  })

  it('when the provider is closed', async () => {
    const closing = provider()
    const { onProgress, begun } = beginning()
    const failure = failureOf(closing.query({ prompt: 'story', onProgress }))
    await begun
    await closing.close()
    const error = await failure
    expect(error).toBeInstanceOf(AbortError)
    expect(error.partial?.content).toMatch(/^Once/)
    await server.stopsEarly()
    expect(await failureOf(closing.query({ prompt: 'hello' }))).toMatchObject({ code: 'aborted' })
    await closing.close()
  })

  it('when the time for the whole call is up', async () => {
    const error = await failureOf(provider().query({ prompt: 'story', timeout: { total: 500 } }))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ clock: 'total', retryable: false })
    expect(error.partial?.content).toMatch(/^Once/)
    await server.stopsEarly()
  })
})
