import type { ProviderDefinition } from './config'

/** The variables that a definition names, as this thread sees them. */
export function environmentOf(definition: ProviderDefinition): Record<string, string> {
  const names = [...list(definition.baseURLEnv), ...list(definition.apiKeyEnv)]
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  )
}

/** A definition as the engine reads it: one name is a list of one. */
export function listed(definition: ProviderDefinition): Record<string, unknown> {
  return { ...definition, baseURLEnv: list(definition.baseURLEnv), apiKeyEnv: list(definition.apiKeyEnv) }
}

function list(names: string | readonly string[] | undefined): readonly string[] {
  return typeof names === 'string' ? [names] : (names ?? [])
}
