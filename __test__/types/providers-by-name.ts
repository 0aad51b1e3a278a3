import {
  createLocalProvider,
  createProvider,
  type OllamaProvider,
  type OpenAICompatibleProvider,
  type ProviderConfig,
  registerProvider,
  type ServerKind,
  VLLMProvider,
} from '../../index.js'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never
const is = <A, B>(_same: Same<A, B>) => {}

/** A known name has the configuration and the class of its server. */
const ollama = createProvider('ollama', { numCtx: 16_384, keepAlive: '10m', port: undefined })
is<typeof ollama, OllamaProvider>(true)
await ollama.pullModel('qwen3')
const vllm = createProvider('vllm', 8000)
is<typeof vllm, VLLMProvider>(true)
await createProvider('ollama', 'box').unloadModel('qwen3')
is<ReturnType<typeof createProvider<'openai-compatible'>>, OpenAICompatibleProvider>(true)

/** Of one that is known later, only what all have in common. */
declare const kind: ServerKind
declare const name: ServerKind | (string & {})
declare const config: ProviderConfig | undefined
for (const each of [createProvider(kind, config), createProvider(name, config), createProvider('house', 1)]) {
  is<typeof each, OpenAICompatibleProvider>(true)
  await each.chat({ messages: [] })
}
export const made: (name: string, config?: ProviderConfig) => OpenAICompatibleProvider = createProvider

/** One of two is asked as any is. */
const one = Math.random() < 0.5 ? createProvider('vllm') : createProvider('ollama')
await one.query({ prompt: 'hello' })

/** A class whose constructor takes objects only is a class, too. */
class House extends VLLMProvider {
  constructor(own?: ProviderConfig) {
    super({ ...own, model: 'house' })
  }
}
registerProvider({ ...House.definition, name: 'house', provider: House })

/** Which server answers is not known yet: the configuration may hold what only one has. */
await createLocalProvider(8080)
await createLocalProvider('box')
await createLocalProvider({ ...config, numCtx: 8192, signal: undefined })

// @ts-expect-error: vLLM has no such field
createProvider('vllm', { numCtx: 8192 })
// @ts-expect-error: a number of tokens
createProvider('ollama', { numCtx: '8k' })
// @ts-expect-error: not a method of vLLM
vllm.pullModel('qwen3')
// @ts-expect-error: no such field
createProvider('house', { prot: 1 })
