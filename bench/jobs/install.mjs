// What npm puts into an empty folder for a client: ours as a release packs it, the others from the registry.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '../../scripts/steps/pack.mjs'

/** Bytes of all files of the packages, of their `.node` files, and how many packages. */
export async function run({ client: name }, { packages }) {
  const folder = mkdtempSync(join(tmpdir(), 'local-llm-bench-'))
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const wanted = name === 'ours' ? Object.values(pack()) : packages.map(pinned)
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...wanted], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
    return await count(join(folder, 'node_modules'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** In the version that the other rows measure. */
function pinned(name) {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return `${name}@${JSON.parse(manifest).devDependencies[name]}`
}

async function count(folder) {
  const notes = join(folder, '.package-lock.json')
  const { packages } = JSON.parse(readFileSync(notes, 'utf8'))
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const bytes = (chosen) => chosen.reduce((sum, file) => sum + statSync(file).size, 0)
  return {
    bytes: bytes(files.filter((file) => file !== notes)),
    addon: bytes(files.filter((file) => file.endsWith('.node'))),
    packages: Object.keys(packages).length,
  }
}
