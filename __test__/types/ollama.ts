import {
  type ChatRequest,
  type OllamaConfig,
  type OllamaExtraBody,
  OllamaProvider,
  type OpenAICompatibleProvider,
  registerProvider,
} from '../../index.js'

/** Ollama's own fields are checked, and what is not known is taken. */
export async function asked(ollama: OllamaProvider, request: ChatRequest): Promise<void> {
  const extraBody: OllamaExtraBody = { think: 'low', options: { num_ctx: 8192, of_tomorrow: 1 } }
  const config: OllamaConfig = { api: 'auto', keepAlive: '10m', numCtx: 8192, defaults: { extraBody } }
  await ollama.query({ prompt: 'hello', extraBody: { ...config.defaults?.extraBody, of_tomorrow: true } })
  await ollama.chat({ ...request, extraBody: { format: { type: 'object' }, keep_alive: -1 } })
  class House extends OllamaProvider {}
  registerProvider({ ...House.definition, name: 'house', provider: House })
  // Who holds a request for any server asks any server.
  const any: OpenAICompatibleProvider = ollama
  await any.chat(request)

  // @ts-expect-error: a number of tokens
  await ollama.query({ prompt: 'hello', extraBody: { options: { num_ctx: '8k' } } })
  // @ts-expect-error: no such format
  ollama.stream({ ...request, extraBody: { format: 'xml' } })
}
