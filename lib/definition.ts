import { checkObject, checkSpelling, checkText, describe, mistake } from './arguments'
import type { ProviderDefinition } from './config'
import type { Facts } from './servers/facts'

/** What every provider asks the environment for. */
const TRANSPORT = [
  'http_proxy',
  'HTTP_PROXY',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'REQUEST_METHOD',
]

/** Checks that `given` is a definition. `place` names its fields in an error: `definition.`. */
export function checkDefinition(given: ProviderDefinition, place = ''): void {
  checkObject(given, place === '' ? 'The definition' : `\`${place.slice(0, -1)}\``)
  checkSpelling(given, 'definition', place)
  for (const field of ['name', 'displayName', 'baseURL'] as const) checkText(given[field], `${place}${field}`)
  if (!/^https?:\/\//i.test(given.baseURL))
    throw mistake(
      `\`${place}baseURL\` must begin with http:// or https://, and ${describe(given.baseURL)} does not`,
      "It is the whole address, with its path: 'http://localhost:9000/v1'.",
    )
  for (const field of ['baseURLEnv', 'apiKeyEnv'] as const) checkNames(given[field], `${place}${field}`)
  const { apiKeyRequired } = given
  if (apiKeyRequired !== undefined && typeof apiKeyRequired !== 'boolean')
    throw mistake(`\`${place}apiKeyRequired\` must be true or false, not ${describe(apiKeyRequired)}`)
}

function checkNames(given: unknown, place: string): void {
  const isName = (name: unknown) => typeof name === 'string' && name !== ''
  if (given !== undefined && ![given].flat().every(isName))
    throw mistake(`\`${place}\` must be the name of an environment variable, or a list of such`)
}

/** The variables that a definition names, those of its kind and of the transport, as this thread sees them. */
export function environmentOf(definition: ProviderDefinition, kind: Facts): Record<string, string> {
  return valuesOf([
    ...list(definition.baseURLEnv),
    ...list(definition.apiKeyEnv),
    ...kind.headerEnv.map(({ variable }) => variable),
    ...kind.settingsEnv,
    ...TRANSPORT,
  ])
}

/** The variables of the transport alone. */
export function environmentOfTransport(): Record<string, string> {
  return valuesOf(TRANSPORT)
}

function valuesOf(names: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of names) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}

/** A definition as the engine reads it: one name is a list of one. */
export function listed(definition: ProviderDefinition): Record<string, unknown> {
  return { ...definition, baseURLEnv: list(definition.baseURLEnv), apiKeyEnv: list(definition.apiKeyEnv) }
}

function list(names: string | readonly string[] | undefined): readonly string[] {
  return typeof names === 'string' ? [names] : (names ?? [])
}
