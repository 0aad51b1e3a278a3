import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addonFile, platform } from './addon.mjs'
import { Failure, heading, root } from './run.mjs'

const stage = join(root, '.cache', 'pack')
const kilobytes = (bytes) => `${Math.ceil(bytes / 1000)} kB`
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/**
 * Packs the package and this machine's platform package as a release does, and gives the tarballs' paths.
 * The checkout itself stays as it is: its package.json must not ask npm for packages that are in no registry yet.
 */
export function pack() {
  rmSync(stage, { recursive: true, force: true })
  mkdirSync(stage, { recursive: true })
  return { main: tarball(stageMain()), platform: tarball(stagePlatform()) }
}

function stageMain() {
  const { devDependencies, scripts, ...manifest } = manifestOf(root)
  const { version, napi } = manifest
  const platforms = readdirSync(join(root, 'npm')).map((name) => manifestOf(join(root, 'npm', name)))
  if (platforms.length !== napi.targets.length || platforms.some((other) => other.version !== version)) {
    throw new Failure('npm/ does not fit package.json: run `npx napi create-npm-dirs`')
  }
  manifest.optionalDependencies = Object.fromEntries(platforms.map(({ name }) => [name, version]))

  const folder = join(stage, 'main')
  for (const file of ['README.md', 'LICENSE', ...manifest.files]) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, file), { recursive: true })
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  return folder
}

function stagePlatform() {
  const folder = join(stage, platform)
  cpSync(join(root, 'npm', platform), folder, { recursive: true })
  cpSync(join(root, addonFile), join(folder, addonFile))
  return folder
}

function tarball(folder) {
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', stage], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      shell: process.platform === 'win32',
    }),
  )
  heading(`${packed.filename}: ${kilobytes(packed.size)}, installed ${kilobytes(packed.unpackedSize)}`)
  return join(stage, packed.filename)
}
