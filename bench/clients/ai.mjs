import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'

export function open(address, messages) {
  const model = createOpenAICompatible({ name: 'bench', baseURL: `${address}/v1` })('m')
  return {
    async ask(onText) {
      for await (const text of streamText({ model, messages }).textStream) onText(text)
    },
  }
}
