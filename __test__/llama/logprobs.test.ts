import { expect, it } from 'vitest'
import { LlamaCppProvider, OpenAICompatibleProvider } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { asking } from '../support/provider.js'

const server = new LlamaServer()

it.each([OpenAICompatibleProvider, LlamaCppProvider])(
  'a real server tells log probabilities to %o',
  async (Provider) => {
    const provider = new Provider({ baseURL: server.baseURL })
    for (const [logprobs, alternatives] of [
      [true, 0],
      [3, 3],
    ] as const) {
      const answer = await provider.chat({ ...asking('hello'), seed: 7, logprobs })
      expect(answer.logprobs?.map(({ token }) => token).join('')).toBe(answer.content)
      for (const { logprob, top } of answer.logprobs ?? []) {
        expect(logprob).toBeLessThanOrEqual(0)
        expect(top).toHaveLength(alternatives)
      }
    }
  },
)

it('a real server’s exchange is told as it went', async () => {
  const provider = new LlamaCppProvider({ baseURL: server.baseURL, model: 'tiny' })
  const { raw } = await provider.chat({ ...asking('hello'), seed: 7, includeRaw: true })
  expect(raw?.url).toBe(`${server.baseURL}/chat/completions`)
  expect(JSON.parse(raw?.requestBody ?? '')).toMatchObject({ model: 'tiny', seed: 7 })
  expect(JSON.parse(raw?.lastFrame ?? '')).toHaveProperty('timings')
})
