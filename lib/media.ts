import { fileURLToPath } from 'node:url'
import { describe, mistake } from './arguments'

/**
 * An image or a sound: its bytes, where it is, or itself in a text. What it is, its content tells, not its name. A data
 * URL or an address of an image goes on as it is where the server takes it; else it is decoded, or fetched from here,
 * without the provider's key and headers. None may have more than {@link Limits.maxEventBytes}.
 */
export type Media =
  | Uint8Array
  /** Also of a file. */
  | URLLike
  | `data:${string}`
  | `http://${string}`
  | `https://${string}`
  | { path: string }
  /** `mediaType` counts where the content tells nothing. */
  | { base64: string; mediaType?: string | undefined }

/** What of a `URL` is needed: not every project has its type. */
export interface URLLike {
  readonly href: string
  readonly protocol: string
}

/** A medium as it crosses to the engine: what is long crosses beside the request, by its number. */
export type CrossingMedia =
  | { bytes: number }
  | { base64: { data: number; mediaType: string | undefined } }
  | { dataUrl: number }
  | { url: string }
  | { path: string }

/** What crosses beside a request. */
export type Beside = Uint8Array[]

/** Long texts cross faster as bytes. */
const encoder = new TextEncoder()

/** `place` names it in an error: `messages[0].content[1].image`. */
export function crossingMedia(media: unknown, place: string, beside: Beside): CrossingMedia {
  if (media instanceof Uint8Array) return { bytes: beside.push(media) - 1 }
  if (typeof media === 'string') return ofAddress(media, place, beside)
  if (typeof media === 'object' && media !== null) {
    const { href, path, base64, mediaType } = media as Record<string, unknown>
    if (typeof href === 'string')
      return /^file:/i.test(href) ? { path: pathOf(href, place) } : ofAddress(href, place, beside)
    if (typeof path === 'string') return { path }
    if (typeof base64 === 'string' && (mediaType === undefined || typeof mediaType === 'string')) {
      return { base64: { data: beside.push(encoder.encode(base64)) - 1, mediaType } }
    }
  }
  throw mistake(
    `\`${place}\` must be a Uint8Array, a URL, a data URL, { path } or { base64 }, not ${describe(media)}`,
  )
}

function pathOf(address: string, place: string): string {
  try {
    return fileURLToPath(address)
  } catch (error) {
    throw mistake(`\`${place}\` is no file of this machine: ${(error as Error).message}`)
  }
}

/** A bare text is never read as a path. */
function ofAddress(address: string, place: string, beside: Beside): CrossingMedia {
  switch (/^([a-z]+):/i.exec(address)?.[1]?.toLowerCase()) {
    case 'data':
      return { dataUrl: beside.push(encoder.encode(address)) - 1 }
    case 'http':
    case 'https':
      return { url: address }
    default:
      throw mistake(
        `\`${place}\` is a text, but none that begins with data:, http:// or https://. Write a file as { path: '…' }.`,
      )
  }
}
