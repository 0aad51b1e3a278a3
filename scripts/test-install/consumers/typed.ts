// Compiled as an ES module and as CommonJS, with and without @types/node and the DOM: it must need neither.
import {
  type ChatResponse,
  createProvider,
  type LocalLLMProvider,
  ModelNotFoundError,
  OpenAICompatibleProvider,
  type ProviderConfig,
  ProviderError,
  type ProviderProgressEvent,
  type QueryOptions,
} from 'local-llm-provider'

declare const console: { log(text: string): void }
declare const process: { argv: string[] }

// Users hold their settings in optional fields and pass them on.
const unset: { model?: string; timeout?: number } = {}
const config: ProviderConfig = { baseURL: process.argv[2], apiKey: undefined, model: unset.model }
const question: QueryOptions = { prompt: 'Say hello', temperature: undefined, timeout: unset.timeout }

// @ts-expect-error: a prompt is text
const wrong: QueryOptions = { prompt: 1 }

class Deaf extends OpenAICompatibleProvider {
  override query(options: QueryOptions): Promise<string> {
    return super.query({ ...options, prompt: options.prompt.toUpperCase() })
  }
}

/** What a tool should ask for: a mock fits, and so does a subclass. */
function ask(provider: Pick<LocalLLMProvider, 'query'>, options: QueryOptions): Promise<string> {
  return provider.query(options)
}

function text(event: ProviderProgressEvent): string {
  switch (event.type) {
    case 'message':
      return event.content
    default:
      return ''
  }
}

async function run(): Promise<void> {
  const provider = new OpenAICompatibleProvider(config)
  let streamed = ''
  for await (const event of provider.stream({ messages: [{ role: 'user', content: 'Say hello' }] })) {
    streamed += text(event)
  }
  const answers: string[] = [
    streamed,
    await ask(provider, question),
    await ask(new Deaf(config), question),
    await ask({ query: async () => streamed }, wrong),
  ]
  const chat: ChatResponse = await provider.chat({ messages: [{ role: 'user', content: 'Say hello' }] })
  answers.push(chat.content)
  for (const call of chat.toolCalls) {
    if (call.invalid) continue
    console.log(String(call.arguments.city))
  }
  const ollama = createProvider('ollama', { numCtx: 8192 })
  void ollama.pullModel

  const error: unknown = await provider
    .query({ prompt: 'Say hello', model: 'missing' })
    .catch((reason: unknown) => reason)
  if (!(error instanceof ProviderError && error instanceof ModelNotFoundError)) throw error
  if (error.code !== 'model_not_found') throw error
  await provider.close()

  const [answer, ...others] = answers
  if (others.some((other) => other !== answer)) throw new Error(`different answers: ${answers.join(' | ')}`)
  console.log(streamed)
}

void run()
