import OpenAI from 'openai'

export function open(address, conversation) {
  const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'none' })
  return {
    async ask(onText, { messages = conversation, signal } = {}) {
      const request = { model: 'm', messages, stream: true }
      const stream = await client.chat.completions.create(request, { signal })
      for await (const chunk of stream) {
        const text = chunk.choices[0]?.delta.content
        if (text) onText(text)
      }
    },
    async embed(input, numbers) {
      // It asks for base64 by itself, and takes numbers for that where they come unasked.
      const format = numbers ? { encoding_format: 'float' } : {}
      const { data } = await client.embeddings.create({ model: 'm', input, ...format })
      return data.map(({ embedding }) => embedding)
    },
  }
}
