import { readTexts, request } from './by-hand.mjs'

export function open(address, messages) {
  const url = `${address}/v1/chat/completions`
  return {
    async ask(onText) {
      const response = await fetch(url, request(messages))
      if (!response.ok) throw new Error(`status ${response.status}`)
      await readTexts(response.body, onText)
    },
  }
}
