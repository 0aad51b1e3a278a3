import { date, isFresh } from './fresh.mjs'
import { heading, run } from './run.mjs'
import { checkRust } from './toolchain.mjs'

const SOURCES = [
  'Cargo.toml',
  'Cargo.lock',
  'build.rs',
  'src',
  'crates/engine/Cargo.toml',
  'crates/engine/src',
]

const libc = () => (process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl')
const abi = { linux: libc, win32: () => 'msvc' }[process.platform]?.()

/** This machine's name among the platform packages: 'linux-x64-gnu', 'darwin-arm64', … */
export const platform = [process.platform, process.arch, abi].filter(Boolean).join('-')
export const addonFile = `local-llm-provider.${platform}.node`

/** Builds the addon in the release profile, the only one it is ever built in. */
export async function buildAddon() {
  // A loaded .node file must not be written into: the napi command writes beside it and renames.
  const outputs = [addonFile, 'native.js', 'native.d.ts']
  if (isFresh(outputs, SOURCES)) return heading('Addon: up to date')
  checkRust()
  heading('Addon: building in the release profile, which takes minutes the first time')
  const began = new Date()
  await run('napi', ['build', '--platform', '--release', '--js', 'native.js', '--dts', 'native.d.ts'])
  date(outputs, began)
  heading(`Addon: built ${addonFile}`)
}
