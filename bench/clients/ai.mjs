import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { embedMany, streamText } from 'ai'

export function open(address, conversation) {
  const provider = createOpenAICompatible({ name: 'bench', baseURL: `${address}/v1` })
  const model = provider('m')
  return {
    async ask(onText, { messages = conversation, signal } = {}) {
      const { textStream } = streamText({ model, messages, abortSignal: signal })
      for await (const text of textStream) onText(text)
    },
    async embed(values) {
      const { embeddings } = await embedMany({ model: provider.embeddingModel('m'), values })
      return embeddings
    },
  }
}
