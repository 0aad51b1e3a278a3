import { readTexts, request } from './by-hand.mjs'

export function open(address, conversation) {
  const url = `${address}/v1/chat/completions`
  return {
    async ask(onText, { messages = conversation, signal } = {}) {
      const response = await fetch(url, { ...request(messages), signal })
      if (!response.ok) throw new Error(`status ${response.status}`)
      await readTexts(response.body, onText)
    },
    async embed(input) {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ model: 'm', input })
      const response = await fetch(`${address}/v1/embeddings`, { method: 'POST', headers, body })
      const { data } = await response.json()
      return data.map(({ embedding }) => embedding)
    },
  }
}
