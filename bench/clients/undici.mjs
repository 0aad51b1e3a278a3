import { request as send } from 'undici'
import { readTexts, request } from './by-hand.mjs'

export function open(address, conversation) {
  const url = `${address}/v1/chat/completions`
  return {
    async ask(onText, { messages = conversation, signal } = {}) {
      const { statusCode, body } = await send(url, { ...request(messages), signal })
      if (statusCode !== 200) throw new Error(`status ${statusCode}`)
      await readTexts(body, onText)
    },
  }
}
