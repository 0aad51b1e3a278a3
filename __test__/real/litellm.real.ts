import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LiteLLMProvider, StreamError } from '../../index.js'
import { type LlamaServer, startLlamaServer } from '../../tiny-model/server.mjs'
import { type LiteLLMProxy, startLiteLLM } from './support/litellm-proxy.js'

const KEY = 'sk-9f8e7d6c5b4a39281706f5e4d3c2b1a0'
const HELLO = 'Hello! How can I help you today?'

let servers: LlamaServer[]
let proxy: LiteLLMProxy
let provider: LiteLLMProvider

beforeAll(async () => {
  servers = await Promise.all([1, 2].map(() => startLlamaServer({ slots: 4 })))
  proxy = await startLiteLLM(
    servers.map(({ url }) => `${url}/v1`),
    KEY,
  )
  provider = new LiteLLMProvider({ baseURL: proxy.baseURL, apiKey: KEY, model: 'tiny' })
}, 600_000)

afterAll(async () => {
  await provider?.close()
  await proxy?.stop()
  await Promise.all(servers?.map((server) => server.stop()) ?? [])
})

describe('LiteLLM’s proxy in front of two servers', () => {
  it('tells its models', async () => {
    const status = await provider.getStatus()
    expect(status).toMatchObject({ isConnected: true, server: 'litellm', availableModels: ['tiny'] })
  })

  it('refuses another key', async () => {
    const stranger = new LiteLLMProvider({
      baseURL: proxy.baseURL,
      apiKey: `${KEY}x`,
      model: 'tiny',
      retry: false,
    })
    expect(await stranger.validateConfiguration()).toBe(false)
  })

  // The answer for whoever outgrows one machine.
  it('loses no request while one of them is killed', async () => {
    const asked = 400
    let [answered, broken] = [0, 0]
    const ask = async (): Promise<string> => {
      try {
        return await provider.query({ prompt: 'hello' })
      } catch (error) {
        // Text of it had come when its server died: such an answer is never begun anew behind the caller's back.
        if (!(error instanceof StreamError && error.partial?.content)) throw error
        broken += 1
        return await ask()
      }
    }
    const worker = async () => {
      const answers: string[] = []
      while (answered < asked) {
        answered += 1
        answers.push(await ask())
        if (answered >= asked / 4) kill()
      }
      return answers
    }
    let isKilled = false
    const kill = () => {
      if (isKilled) return
      isKilled = true
      process.kill((servers[0] as LlamaServer).pid, 'SIGKILL')
    }
    const answers = (await Promise.all(Array.from({ length: 8 }, worker))).flat()
    expect(isKilled).toBe(true)
    expect(answers).toEqual(Array(answers.length).fill(HELLO))
    expect(answers.length).toBeGreaterThanOrEqual(asked)
    // Only what was on its way just then can have been cut.
    expect(broken).toBeLessThanOrEqual(8)
    console.log(`${answers.length} answers, ${broken} of them after a stream that the kill had cut`)
  }, 120_000)
})
