import { toJson } from './arguments'
import type { ChatMessage } from './chat'

/** A request on its way to the engine. */
export interface Crossing {
  json: string
  /** The long texts, joined; absent where there is none. */
  texts: string | undefined
  /** Of each of them: the number of its message, and its length in UTF-16 units. */
  places: Uint32Array | undefined
}

/** From so many UTF-16 units on, a text crosses beside the JSON: to write it into JSON costs three times as much. */
const LONG = 256

/** Where no text is long, nothing is copied. */
export function crossing(request: { messages: readonly ChatMessage[] } & Record<string, unknown>): Crossing {
  const { messages } = request
  let texts = ''
  const places: number[] = []
  const lightened: ChatMessage[] = []
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as ChatMessage
    const content = message?.content
    if (typeof content !== 'string' || content.length < LONG || 'toJSON' in message) {
      lightened.push(message)
      continue
    }
    texts += content
    places.push(index, content.length)
    lightened.push({ ...message, content: '' })
  }
  if (places.length === 0) return { json: toJson(request), texts: undefined, places: undefined }
  const json = toJson({ ...request, messages: lightened })
  return { json, texts, places: new Uint32Array(places) }
}
