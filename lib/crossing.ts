import { toJson } from './arguments'
import type { ChatMessage, ContentPart } from './chat'
import { type Beside, crossingMedia, type Media } from './media'

/** A request on its way to the engine. */
export interface Crossing {
  json: string
  /** The long texts, joined; absent where there is none. */
  texts: string | undefined
  /** Of each of them: the number of its message, and its length in UTF-16 units. */
  places: Uint32Array | undefined
  /** Images and sounds, by their numbers in the JSON; absent where there is none. */
  media: Beside | undefined
}

/** From so many UTF-16 units on, a text crosses beside the JSON: to write it into JSON costs three times as much. */
const LONG = 256

/** Where no text is long, nothing is copied. */
export function crossing(request: { messages: readonly ChatMessage[] } & Record<string, unknown>): Crossing {
  const { messages } = request
  let texts = ''
  const places: number[] = []
  const media: Beside = []
  let hasParts = false
  const light: ChatMessage[] = []
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as ChatMessage
    const content = message?.content
    if (Array.isArray(content)) {
      hasParts = true
      light.push(withoutMedia(message, index, media))
      continue
    }
    if (typeof content !== 'string' || content.length < LONG || 'toJSON' in message) {
      light.push(message)
      continue
    }
    texts += content
    places.push(index, content.length)
    light.push({ ...message, content: '' })
  }
  const hasLong = places.length > 0
  return {
    json: toJson(hasLong || hasParts ? { ...request, messages: light } : request),
    texts: hasLong ? texts : undefined,
    places: hasLong ? new Uint32Array(places) : undefined,
    media: media.length > 0 ? media : undefined,
  }
}

/** What errors call a part whose place in the messages says nothing to the caller. */
const places = new WeakMap<ContentPart, string>()

/** An image that errors call by its `place`. */
export function imageAt(image: Media, place: string): ContentPart {
  const part: ContentPart = { type: 'image', image }
  places.set(part, place)
  return part
}

/** The message of this number, without its images and sounds: they are added to `media`. */
export function withoutMedia(message: ChatMessage, number: number, media: Beside): ChatMessage {
  if (!Array.isArray(message?.content)) return message
  const content = lightened(message.content, `messages[${number}].content`, media)
  return { ...message, content } as ChatMessage
}

/** What a tool gave, on its way to the engine. */
export function crossingParts(parts: readonly ContentPart[]): { json: string; media: Beside } {
  const media: Beside = []
  return { json: toJson(lightened(parts, 'result', media)), media }
}

function lightened(parts: readonly ContentPart[], at: string, media: Beside): object[] {
  return parts.map((part, index) => {
    if (part?.type !== 'image' && part?.type !== 'audio') return part
    const place = places.get(part) ?? `${at}[${index}].${part.type}`
    const given = part.type === 'image' ? part.image : part.audio
    return { ...part, [part.type]: crossingMedia(given, place, media), place }
  })
}
