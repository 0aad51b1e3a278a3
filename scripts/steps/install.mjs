import { isFresh } from './fresh.mjs'
import { heading, run } from './run.mjs'

/** Installs node_modules where they are missing or older than the lock file. */
export async function install() {
  if (isFresh(['node_modules/.package-lock.json'], ['package-lock.json'])) {
    return heading('node_modules: up to date')
  }
  heading('node_modules: installing')
  // As `npm ci`, but that refuses a lock file without the optional packages of other platforms, and npm itself leaves
  // those out where its registry does not have them. Warnings would be about what those packages ask of Node.
  await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel', 'error'])
  heading('node_modules: installed')
}
