import { checkCall, checkObject, checkSpelling, describe, mistake, timeoutsOf, toJson } from './arguments'
import type { Usage } from './chat'
import type { CallOptions } from './config'

export interface EmbedOptions extends CallOptions {
  /** Default: the provider's; where it has none, the embedding model that the server has loaded, else its first. */
  model?: string | undefined
  /** The length of each embedding, for models that can shorten them. Default: the model's own. */
  dimensions?: number | undefined
  /** How many texts a request holds at most; more are sent one after the other. @defaultValue 256 */
  batchSize?: number | undefined
}

export interface EmbedResponse {
  /** One for each text, in their order, and all of one length. Each has memory of its own. */
  embeddings: Float32Array[]
  /** The model that answered, as the server names it. */
  model: string
  /** Absent where the server does not tell. */
  usage?: Usage
}

/** What is to be embedded, checked, in the JSON in which it crosses to the engine. */
export function embedRequest(input: string | readonly string[], options: EmbedOptions): string {
  checkObject(options, 'The options')
  checkCall(options)
  checkSpelling(options, 'embed')
  const texts = typeof input === 'string' ? [input] : input
  checkTexts(texts, 'input')
  const { model, dimensions, batchSize, timeout } = options
  checkCount(dimensions, 'dimensions')
  checkCount(batchSize, 'batchSize')
  return toJson({ input: texts, model, dimensions, batchSize, timeout: timeoutsOf(timeout) })
}

/** Cuts what the engine gave, which is all in one, into embeddings that can be kept and handed on one by one. */
export function embeddingsOf(details: string, numbers: Float32Array): EmbedResponse {
  const { count, ...response } = JSON.parse(details)
  const width = numbers.length / count
  const embeddings = Array.from({ length: count }, (_, index) =>
    numbers.slice(index * width, (index + 1) * width),
  )
  return { embeddings, ...response }
}

/** Checks that `texts` is a list of texts. */
export function checkTexts(texts: unknown, name: string): void {
  if (!Array.isArray(texts)) throw mistake(`\`${name}\` must be a list of texts`)
  const wrong = texts.findIndex((text) => typeof text !== 'string')
  if (wrong >= 0) throw mistake(`\`${name}[${wrong}]\` must be a text, not ${typeof texts[wrong]}`)
}

/** Checks that `value`, where it is given, is a number of things. */
export function checkCount(value: unknown, name: string): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) > 0))
    throw mistake(`\`${name}\` must be a whole number, 1 or more, not ${describe(value)}`)
}
