import type {
  ChatRequest,
  GroqProvider,
  OpenAICompatibleProvider,
  OpenAIProvider,
  OpenRouterExtraBody,
  OpenRouterProvider,
} from '../../index.js'

/** What is known of a server's own fields is checked, and what is not known is taken. */
export async function asked(
  openai: OpenAIProvider,
  groq: GroqProvider,
  openrouter: OpenRouterProvider,
  request: ChatRequest,
): Promise<void> {
  const { messages } = request
  const extraBody: OpenRouterExtraBody = { provider: { order: ['a'], sort: 'price' }, models: ['m', 'n'] }
  await openrouter.query({ prompt: 'hello', extraBody })
  await openrouter.chat({ messages, extraBody: { ...extraBody, of_tomorrow: true } })
  await openai.query({ prompt: 'hello', extraBody: { service_tier: 'flex', of_tomorrow: 1 } })
  await groq.chat({ messages, extraBody: { reasoning_format: 'hidden' } })
  // Who holds a request for any server asks any server.
  const any: OpenAICompatibleProvider = openrouter
  await any.chat(request)

  // @ts-expect-error: a number of them
  await openrouter.query({ prompt: 'hello', extraBody: { models: 1 } })
  // @ts-expect-error: no such way to sort
  openrouter.stream({ messages, extraBody: { provider: { sort: 'beauty' } } })
  // @ts-expect-error: no such verbosity
  await openai.chat({ messages, extraBody: { verbosity: 'endless' } })
  // @ts-expect-error: no such format
  await groq.query({ prompt: 'hello', extraBody: { reasoning_format: 'loud' } })
}
