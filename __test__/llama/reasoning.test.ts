import { expect, it } from 'vitest'
import { LlamaCppProvider, OpenAICompatibleProvider } from '../../index.js'
import { LlamaServer } from '../support/llama-server.js'
import { asking } from '../support/provider.js'

const server = new LlamaServer()

it.each([OpenAICompatibleProvider, LlamaCppProvider])(
  'a real server is told whether to reason, by %o',
  async (Provider) => {
    const provider = new Provider({ baseURL: server.baseURL })
    for (const reasoning of [undefined, true, 'low', 'high'] as const) {
      const { reasoning: told, warnings } = await provider.chat({ ...asking('think'), seed: 7, reasoning })
      expect(told, `${reasoning}`).toContain('Let me count')
      expect(warnings).toEqual([])
    }
    const { reasoning, warnings } = await provider.chat({
      ...asking('think'),
      seed: 7,
      maxTokens: 64,
      reasoning: false,
    })
    expect(reasoning).toBeUndefined()
    expect(warnings).toEqual([])
  },
)
