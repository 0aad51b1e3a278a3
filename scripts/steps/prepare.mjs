import { buildAddon } from './addon.mjs'
import { compile } from './dist.mjs'
import { install } from './install.mjs'
import { checkNode } from './toolchain.mjs'

/** After it the package can be loaded from this checkout. Does only what is missing or stale. */
export async function prepare() {
  checkNode()
  await install()
  await buildAddon()
  await compile()
}
