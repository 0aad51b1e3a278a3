import { mistake } from '../arguments'
import type { ProviderDefinition } from '../config'
import { native } from '../native'

/** What the engine knows of a kind of server, whose name stands in `definition`. */
export interface Facts {
  definition: ProviderDefinition
  headerEnv: readonly { header: string; variable: string }[]
  settingsEnv: readonly string[]
  /** Fields of the configuration that it alone has. */
  settings: readonly string[]
}

let all: ReadonlyMap<string, Facts> | undefined

/** All kinds, by name; read when they are first asked for, so that an import loads no addon. */
export function kinds(): ReadonlyMap<string, Facts> {
  all ??= new Map(
    (JSON.parse(native().serverFacts()) as (ProviderDefinition & Facts)[]).map((known) => {
      const { headerEnv, settingsEnv, settings, ...definition } = known
      return [
        known.name,
        { definition: Object.freeze(definition), headerEnv, settingsEnv, settings },
      ] as const
    }),
  )
  return all
}

/** The definition of one of the kinds: always the same object. */
export function definitionOf(name: string): ProviderDefinition {
  return (kinds().get(name) as Facts).definition
}

/** The kind that a class is made for, or the class that it extends. */
export function kindOf(provider: { definition: ProviderDefinition }): Facts {
  const known = [...kinds().values()]
  let ancestor: { definition?: ProviderDefinition } = provider
  for (;;) {
    const { definition } = ancestor
    const kind = known.find((each) => each.definition === definition)
    // The class that all others extend is of a kind.
    if (kind) return kind
    ancestor = Object.getPrototypeOf(ancestor)
  }
}

/** Checks that a configuration has no field that only another kind of server has: it would be ignored. */
export function checkOthersSettings(given: object, own: Facts): void {
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || own.settings.includes(name)) continue
    const other = [...kinds().values()].find(({ settings }) => settings.includes(name))
    if (other) {
      throw mistake(
        `\`${name}\` is no field of ${own.definition.displayName}`,
        `It is one of ${other.definition.displayName}: \`createProvider('${other.definition.name}', …)\`.`,
      )
    }
  }
}
