import { OpenAICompatibleProvider } from '../../index.js'

export function open(address, conversation) {
  const provider = new OpenAICompatibleProvider({ baseURL: `${address}/v1`, apiKey: '', model: 'm' })
  return {
    async ask(onText, { messages = conversation, signal } = {}) {
      for await (const event of provider.stream({ messages, signal })) {
        if (event.type === 'message') onText(event.content)
      }
    },
  }
}
