import { LlamaCppProvider, type OpenAICompatibleProvider } from '../../index.js'

const provider = new LlamaCppProvider()
const messages = [{ role: 'user', content: 'hello' }] as const

/** Its own fields, and any that is not known here. */
export const answers = [
  provider.query({ prompt: 'hello', extraBody: { grammar: 'root ::= "yes"', n_probs: 3, newest: true } }),
  provider.chat({ messages, extraBody: { samplers: ['top_k'], logit_bias: [[15, false]] } }),
  provider.stream({ messages, extraBody: { mirostat: 2 } }),
]

/** It goes where any provider goes. */
export const any: OpenAICompatibleProvider = provider

// @ts-expect-error: a grammar is a text
export const wrong = provider.query({ prompt: 'hello', extraBody: { grammar: 3 } })
