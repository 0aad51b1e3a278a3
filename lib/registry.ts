import { isDeepStrictEqual } from 'node:util'
import { checkObject, mistake } from './arguments'
import type { ProviderConfig, ProviderDefinition } from './config'
import { checkDefinition } from './definition'
import { OpenAICompatibleProvider } from './provider'
import { providers, type ServerKind } from './servers'

type ProviderClass = new (config?: ProviderConfig) => OpenAICompatibleProvider

const registered = new Map<string, ProviderClass>(Object.entries(providers))

type Classes = typeof providers

/** The class of one name; what all have in common where it is not known which name it is. */
type ClassOf<Kind extends ServerKind> = {
  [Name in ServerKind]: [Kind] extends [Name] ? Classes[Name] : never
}[ServerKind] extends infer Class extends Classes[ServerKind]
  ? [Class] extends [never]
    ? typeof OpenAICompatibleProvider
    : Class
  : never

/**
 * A provider by its server's name: `createProvider('vllm', { port: 8001 })`.
 *
 * @param config - As the class takes it: a number is `port`, a string is `host`.
 * @throws {@link ConfigurationError} for a name that nobody knows, with those that are known; and as the class does.
 */
export function createProvider<Kind extends ServerKind>(
  name: Kind,
  config?: ConstructorParameters<ClassOf<Kind>>[0],
): InstanceType<ClassOf<Kind>>
export function createProvider(
  name: string,
  config?: ProviderConfig | number | string,
): OpenAICompatibleProvider
export function createProvider(
  name: string,
  config?: ProviderConfig | number | string,
): OpenAICompatibleProvider {
  const Provider = registered.get(name)
  if (!Provider) {
    throw mistake(
      `No provider is named ${JSON.stringify(name)}`,
      `There are: ${[...registered.keys()].join(', ')}.`,
    )
  }
  return new Provider(config as ProviderConfig)
}

/**
 * Adds a name of one's own for {@link createProvider}: a `provider`, with this definition in place of its own. Without a
 * `provider`, it is an OpenAI-compatible server.
 *
 * @throws {@link ConfigurationError} for a name that exists already, and for what is no definition or no class of a provider.
 */
export function registerProvider(given: ProviderDefinition & { provider?: ProviderClass | undefined }): void {
  checkObject(given, 'The definition')
  const { provider = OpenAICompatibleProvider, ...definition } = given
  checkDefinition(definition)
  if (!isProviderClass(provider)) throw mistake('`provider` must be a class that extends one of this package')
  const { name } = definition
  if (registered.has(name)) throw mistake(`A provider named ${JSON.stringify(name)} exists already`)
  registered.set(name, defined(provider, definition))
}

/** A class with this definition: where its own is another, one that in all else, and by its name, is `Provider`. */
function defined(
  Provider: ProviderClass & { definition?: ProviderDefinition },
  definition: ProviderDefinition,
): ProviderClass {
  if (isDeepStrictEqual({ ...Provider.definition }, definition)) return Provider
  const Defined = class extends Provider {
    static override readonly definition = definition
  }
  Object.defineProperty(Defined, 'name', { value: Provider.name })
  return Defined
}

function isProviderClass(value: unknown): boolean {
  return (
    typeof value === 'function' &&
    (value === OpenAICompatibleProvider || value.prototype instanceof OpenAICompatibleProvider)
  )
}
