import type { Outbox, Provider } from '../native'

/** The binding crate, as the addon exports it. */
interface Native {
  Outbox: new (
    deliver: (text: string, runs: number[] | Uint32Array, numbers: Float32Array[] | null) => void,
  ) => Outbox
  openProvider(config: string): Provider | string
  discover(outbox: Outbox, search: string): number
  /** JSON */
  serverFacts(): string
}

export type { Outbox, Provider }

let loaded: Native | undefined

/** The addon for this platform; loaded when it is first asked for, so that an import costs next to nothing. */
export function native(): Native {
  loaded ??= load()
  return loaded
}

function load(): Native {
  try {
    return require('../native.js') as Native
  } catch (cause) {
    throw new Error(explanation(), { cause })
  }
}

/** What a user can do about an addon that does not load: the loader itself only says that it did not. */
function explanation(): string {
  const { platform, arch, version } = process
  return [
    `local-llm-provider could not load its native addon for ${platform}-${arch} (Node ${version}).`,
    'The usual causes:',
    '- npm left out the optional dependencies (npm/cli#4828, or --omit=optional): remove node_modules and package-lock.json, and install again.',
    '- node_modules was copied from another platform (an image, a share): install on the machine that runs it.',
    '- A bundler packed this package: leave it external (esbuild: --external:local-llm-provider; Next.js: serverExternalPackages).',
    '- There is no build for this platform: build it from source with Rust, see CONTRIBUTING.md.',
    'What the loader said is in `cause`.',
  ].join('\n')
}
