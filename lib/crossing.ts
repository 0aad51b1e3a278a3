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

/** `request` is the rest of it. */
export function crossing(messages: readonly ChatMessage[], request: Record<string, unknown>): Crossing {
  let texts = ''
  const places: number[] = []
  const lightened = messages.map((message, index) => {
    const content = message?.content
    if (typeof content !== 'string' || content.length < LONG || 'toJSON' in message) return message
    texts += content
    places.push(index, content.length)
    return { ...message, content: '' }
  })
  const json = toJson({ messages: lightened, ...request })
  if (places.length === 0) return { json, texts: undefined, places: undefined }
  return { json, texts, places: new Uint32Array(places) }
}
