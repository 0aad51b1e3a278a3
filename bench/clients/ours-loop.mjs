import { OpenAICompatibleProvider } from '../../index.js'

export function open(address, messages) {
  const provider = new OpenAICompatibleProvider({ baseURL: `${address}/v1`, apiKey: '', model: 'm' })
  return {
    async ask(onText) {
      for await (const event of provider.stream({ messages })) {
        if (event.type === 'message') onText(event.content)
      }
    },
  }
}
