import { OpenAICompatibleProvider } from '../../index.js'

export function open(address, conversation) {
  const provider = new OpenAICompatibleProvider({ baseURL: `${address}/v1`, apiKey: '', model: 'm' })
  return {
    ask(onText, { messages = conversation, signal } = {}) {
      const history = messages.slice(0, -1)
      const prompt = messages.at(-1).content
      const onProgress = (event) => {
        if (event.type === 'message') onText(event.content)
      }
      return provider.query({ prompt, history, onProgress, signal })
    },
    async embed(texts) {
      const { embeddings } = await provider.embed(texts)
      return embeddings
    },
  }
}
