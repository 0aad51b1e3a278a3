import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'

export function open(address, conversation) {
  const model = createOpenAICompatible({ name: 'bench', baseURL: `${address}/v1` })('m')
  return {
    async ask(onText, { messages = conversation, signal } = {}) {
      const { textStream } = streamText({ model, messages, abortSignal: signal })
      for await (const text of textStream) onText(text)
    },
  }
}
