import { checkCall, checkFields, checkObject, configOf, mistake, timeoutsOf, toJson } from './arguments'
import { Call } from './call'
import type { AbortSignalLike, CallOptions, ProviderConfig, ProviderDefinition } from './config'
import { environmentOfTransport } from './definition'
import { theOutbox } from './delivery'
import { ConnectionError } from './errors'
import { native } from './native'
import { identify, OpenAICompatibleProvider } from './provider'
import { type OwnFields, providers, type ServerKind } from './servers'
import type { ProviderStatus } from './status'

/** Where {@link discoverServers} looks, and for how long. */
export interface DiscoveryOptions {
  /** In any shape that `host` of a provider takes; one with a port is asked there alone. @defaultValue this machine */
  hosts?: readonly string[] | undefined
  /** @defaultValue where the known servers listen unless told otherwise */
  ports?: readonly number[] | undefined
  /** In milliseconds, for all of it; 0: until each has answered. @defaultValue 1500 */
  timeout?: number | undefined
  signal?: AbortSignalLike | undefined
}

/** A server that was found: `createProvider(server, { baseURL })` speaks to it. */
export interface DiscoveredServer extends ProviderStatus {
  server: ServerKind
  baseURL: string
  /** It wants a key, be it for its models or only for chats; `isConnected` is false then. */
  needsKey: boolean
}

/**
 * All LLM servers on this machine (or the given hosts), found side by side, by port. What has answered when the time is up
 * is in the list; a server that has not told its models by then is in it, too, with an `error` and without them. Which server
 * it is, its answers decide: several answer each other's paths.
 *
 * No key is sent, neither a given one nor from the environment: a server that wants one is not `isConnected`, and its `error`
 * says so. This machine is asked on IPv4 and IPv6: a server that answers on both is one, at `localhost`; two servers at one
 * port are told by their addresses.
 *
 * @throws {@link ConfigurationError} for a host that is no address; {@link AbortError}.
 */
export async function discoverServers(options: DiscoveryOptions = {}): Promise<DiscoveredServer[]> {
  checkObject(options, 'The options')
  checkFields(options, 'discovery', '')
  checkCall(options)
  const { hosts, ports, timeout = 1500, signal } = options
  if (hosts !== undefined && !isListOf(hosts, (host) => typeof host === 'string' && host !== ''))
    throw mistake('`hosts` must be a list of texts')
  if (ports !== undefined && !isListOf(ports, isPort))
    throw mistake('`ports` must be a list of whole numbers from 1 to 65535')
  if (typeof timeout !== 'number') throw mistake('`timeout` must be a number of milliseconds')
  const search = { hosts, ports, timeout: timeoutsOf(timeout), environment: environmentOfTransport() }
  return await new Call<DiscoveredServer[]>({
    provider: undefined,
    hooks: {},
    signal,
    pending: new Set(),
    start: () => native().discover(theOutbox(), toJson(search)),
    finish: (_content, _reasoning, details) => JSON.parse(details),
    listener: undefined,
    takesLater: false,
    origin: discoverServers,
  }).result
}

/**
 * Asks an address what it is, and gives the provider that is made for it, with the given configuration. A server that is
 * known by nothing but its protocol gives an {@link OpenAICompatibleProvider}. A given `apiKey` goes along. Without one,
 * the provider uses the key variable of the kind that answered on this machine, and where the address is what a URL variable
 * of that kind says. Any other address gets none: what answers there only says that it is such a server. (The key of a
 * vendor goes to its own host.)
 *
 * Where no `port` and no `baseURL` is given, {@link discoverServers} looks for one at `host` or on this machine, without the
 * key. The first by port is taken: of those that want a key, if one is given, else of those that answer without. One that
 * answers without a key is not sent the given one: nobody said that it is for him.
 *
 * @param config - As the classes take it: a number is `port`, a string is `host`. A field that only another kind of server
 * has than the one that answers is a {@link ConfigurationError}.
 *
 * @example
 * ```ts
 * const provider = await createLocalProvider({ port: 8080 })
 * console.log(provider.name) // 'llama-cpp'
 * ```
 *
 * @throws {@link ConnectionError} or another {@link ProviderError} where no LLM server is there, with what mends it as the
 * `hint`; {@link ConfigurationError} as the class does.
 */
export async function createLocalProvider(
  config?: (ProviderConfig & OwnFields & CallOptions) | number | string,
): Promise<OpenAICompatibleProvider> {
  const { signal, ...given }: ProviderConfig & CallOptions = configOf(config)
  checkCall({ signal })
  const probe = new Probe({ ...given, apiKey: given.apiKey ?? '' })
  try {
    if (probe.isAimed(given)) {
      const { server, isTrusted } = await identify(probe, { signal }, createLocalProvider)
      const Provider = providers[server]
      const hasKey = given.apiKey !== undefined || isTrusted || isNamed(given, Provider.definition)
      return new Provider(hasKey ? given : { ...given, apiKey: '' })
    }
  } finally {
    await probe.close()
  }
  const { host } = given
  const timeout = timeoutsOf(given.timeout)?.metadata
  const found = await discoverServers({ hosts: host === undefined ? undefined : [host], timeout, signal })
  const hasKey = given.apiKey !== undefined && given.apiKey !== ''
  const locked = hasKey ? found.find((server) => server.needsKey) : undefined
  const first = locked ?? found.find((server) => server.isConnected) ?? found[0]
  if (!first) {
    throw new ConnectionError({
      code: 'connection',
      message: `No LLM server was found at ${host ?? 'this machine'}`,
      hint: 'Start the server, or give the `port` at which it listens.',
    })
  }
  const key = hasKey && first.isConnected ? { apiKey: '' } : {}
  return await createLocalProvider({
    ...given,
    ...key,
    signal,
    host: undefined,
    baseURL: completed(first.baseURL, host),
  })
}

/** Whether the given address is the one that the environment has for such a server. */
function isNamed({ baseURL, host }: ProviderConfig, { baseURLEnv = [] }: ProviderDefinition): boolean {
  const given = baseURL ?? host
  return given !== undefined && [baseURLEnv].flat().some((name) => process.env[name] === given)
}

/** The base URL of a server that was found at `host`, with the user name, the password and the parameters of that. */
function completed(baseURL: string, host = ''): string {
  const [, user = '', query = ''] = /^(?:https?:\/\/)?([^/?#]*@)?[^?#]*(\?[^#]*)?/i.exec(host) ?? []
  return baseURL.replace('//', () => `//${user}`) + query
}

/** Asks what is at an address. Its kind is not known yet: no variable of the environment is meant for it. */
class Probe extends OpenAICompatibleProvider {
  /** No LLM server listens at port 1: where an address has it, nobody named another. */
  static override readonly definition: ProviderDefinition = {
    name: 'openai-compatible',
    displayName: 'LLM server',
    baseURL: 'http://localhost:1/v1',
  }

  /** Whether the configuration says at which port to ask. */
  isAimed({ port, baseURL, unixSocket }: ProviderConfig): boolean {
    const isGiven = [port, baseURL, unixSocket].some((part) => part !== undefined)
    return isGiven || new URL(this.baseURL).port !== '1'
  }
}

function isListOf(list: unknown, is: (entry: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(is)
}

function isPort(port: unknown): boolean {
  return Number.isInteger(port) && (port as number) >= 1 && (port as number) <= 65_535
}
