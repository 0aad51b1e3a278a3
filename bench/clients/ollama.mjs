import { Ollama } from 'ollama'

export function open(address, messages) {
  const client = new Ollama({ host: address })
  return {
    async ask(onText) {
      for await (const { message } of await client.chat({ model: 'm', messages, stream: true })) {
        if (message.content) onText(message.content)
      }
    },
  }
}
