import { request as send } from 'undici'
import { readTexts, request } from './by-hand.mjs'

export function open(address, messages) {
  const url = `${address}/v1/chat/completions`
  return {
    async ask(onText) {
      const { statusCode, body } = await send(url, request(messages))
      if (statusCode !== 200) throw new Error(`status ${statusCode}`)
      await readTexts(body, onText)
    },
  }
}
