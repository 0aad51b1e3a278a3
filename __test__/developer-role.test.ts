import { describe, expect, it } from 'vitest'
import { createProvider } from '../index.js'
import { greeting } from './support/hosted.js'
import { KEY } from './support/witness.js'

const messages = [
  { role: 'developer', content: 'Be brief.' },
  { role: 'user', content: 'hello' },
] as const

async function rolesSent(name: string, extraBody?: Record<string, unknown>): Promise<string[]> {
  const server = await greeting()
  const provider = createProvider(name, { baseURL: server.baseURL, apiKey: KEY, model: 'm' })
  expect((await provider.chat({ messages, extraBody })).warnings).toEqual([])
  const chat = await server.nextChat()
  return (chat.json.messages as { role: string }[]).map(({ role }) => role)
}

describe('the role `developer`', () => {
  it.each(['openai', 'openrouter'])('is sent to %s as it is', async (name) => {
    expect(await rolesSent(name)).toEqual(['developer', 'user'])
  })

  it.each(['openai-compatible', 'llama-cpp', 'vllm', 'text-generation-webui', 'groq'])(
    'is `system` to %s, whose templates may drop a message of another role',
    async (name) => {
      expect(await rolesSent(name)).toEqual(['system', 'user'])
    },
  )

  it('is sent as it is to all where it stands in the body itself', async () => {
    expect(await rolesSent('llama-cpp', { messages })).toEqual(['developer', 'user'])
  })
})
