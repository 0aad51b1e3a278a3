import { checkObject, checkText, mistake } from './arguments'
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
 * @throws {@link ConfigurationError} for a name that exists already, and for what is no definition or no class of a provider.
 */
export function registerProvider(given: ProviderDefinition & { provider?: ProviderClass | undefined }): void {
  checkObject(given, 'The definition')
  const { provider, ...definition } = given
  const { name } = definition
  for (const field of ['name', 'displayName', 'baseURL'] as const) checkText(definition[field], field)
  if (provider !== undefined && !isProviderClass(provider))
    throw mistake('`provider` must be a class that extends one of this package')
  if (registered.has(name)) throw mistake(`A provider named ${JSON.stringify(name)} exists already`)
  registered.set(
    name,
    provider ??
      class extends OpenAICompatibleProvider {
        static override readonly definition = definition
      },
  )
}

function isProviderClass(value: unknown): boolean {
  return (
    typeof value === 'function' &&
    (value === OpenAICompatibleProvider || value.prototype instanceof OpenAICompatibleProvider)
  )
}
