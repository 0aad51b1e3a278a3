import type { VLLMProvider } from '../../index.js'

declare const provider: VLLMProvider

/** The fields of vLLM's own are checked in each kind of call, and others are taken as they are. */
export const calls = [
  provider.query({
    prompt: '',
    extraBody: { min_tokens: 1, structured_outputs: { choice: ['a'] }, other: 'x' },
  }),
  provider.chat({ messages: [], extraBody: { use_beam_search: true, n: 4, length_penalty: undefined } }),
  provider.stream({ messages: [], extraBody: { chat_template_kwargs: { enable_thinking: false } } }),
  // @ts-expect-error: a number
  provider.query({ prompt: '', extraBody: { min_tokens: '1' } }),
  // @ts-expect-error: a list of texts
  provider.chat({ messages: [], extraBody: { structured_outputs: { choice: 'a' } } }),
  // @ts-expect-error: a number
  provider.stream({ messages: [], extraBody: { priority: 'high' } }),
]
