import { mistake } from './arguments'
import type { ProviderConfig, ProviderDefinition } from './config'
import { OpenAICompatibleProvider } from './provider'
import { providers, type ServerKind } from './servers'

type ProviderClass = new (config?: ProviderConfig) => OpenAICompatibleProvider

const registered = new Map<string, ProviderClass>(Object.entries(providers))

/**
 * A provider by its server's name: `createProvider('vllm', { port: 8001 })`.
 *
 * @throws {@link ConfigurationError} for a name that nobody knows, with those that are known; and as the class does.
 */
export function createProvider(
  name: ServerKind | (string & {}),
  config?: ProviderConfig,
): OpenAICompatibleProvider {
  const Provider = registered.get(name)
  if (!Provider) {
    throw mistake(
      `No provider is named ${JSON.stringify(name)}`,
      `There are: ${[...registered.keys()].join(', ')}.`,
    )
  }
  return new Provider(config)
}

/**
 * Adds a name of one's own for {@link createProvider}. Without a `provider`, it is an OpenAI-compatible server with this
 * definition.
 *
 * @throws {@link ConfigurationError} for a name that exists already.
 */
export function registerProvider({
  provider,
  ...definition
}: ProviderDefinition & { provider?: ProviderClass | undefined }): void {
  const { name } = definition
  if (typeof name !== 'string' || name === '') throw mistake('`name` must be a text')
  if (registered.has(name)) throw mistake(`A provider named ${JSON.stringify(name)} exists already`)
  registered.set(
    name,
    provider ??
      class extends OpenAICompatibleProvider {
        static override readonly definition = definition
      },
  )
}
