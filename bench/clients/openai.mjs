import OpenAI from 'openai'

export function open(address, messages) {
  const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'none' })
  return {
    async ask(onText) {
      const stream = await client.chat.completions.create({ model: 'm', messages, stream: true })
      for await (const chunk of stream) {
        const text = chunk.choices[0]?.delta.content
        if (text) onText(text)
      }
    },
  }
}
