import { OpenAICompatibleProvider } from '../../index.js'

export function open(address, messages) {
  const provider = new OpenAICompatibleProvider({ baseURL: `${address}/v1`, apiKey: '', model: 'm' })
  const history = messages.slice(0, -1)
  const prompt = messages.at(-1).content
  return {
    ask(onText) {
      const onProgress = (event) => {
        if (event.type === 'message') onText(event.content)
      }
      return provider.query({ prompt, history, onProgress })
    },
  }
}
