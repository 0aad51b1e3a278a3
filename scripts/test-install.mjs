/**
 * Installs the packed tarballs into an empty project, as a user does, and uses them from there.
 *
 *     node scripts/test-install.mjs [--typescript 5.9.3]… [--node /path/to/node]…
 */
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { platform } from './steps/addon.mjs'
import { pack } from './steps/pack.mjs'
import { prepare } from './steps/prepare.mjs'
import { heading, main, root } from './steps/run.mjs'
import { startScriptedServer } from './test-install/scripted-server.mjs'
import { checkTypes } from './test-install/types.mjs'
import { withoutRust } from './test-install/without-rust.mjs'

const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const { typescript, node } = parseArgs({
  options: {
    typescript: { type: 'string', multiple: true, default: [devDependencies.typescript, '7.0.2'] },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
}).values

await main(async () => {
  await prepare()
  const tarballs = pack()
  const folder = await mkdtemp(join(tmpdir(), 'local-llm-provider-'))
  const server = await startScriptedServer()
  try {
    await check(folder, tarballs, server.baseURL)
  } finally {
    server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  heading('The packages install and work')
})

async function check(folder, tarballs, baseURL) {
  heading('Installing into an empty project, without Rust')
  const execute = await withoutRust(folder)
  const install = (target, ...packages) =>
    execute('npm', ['install', '--prefix', target, ...packages], target)
  const project = join(folder, 'project')
  await cp(join('scripts', 'test-install', 'consumers'), project, { recursive: true })
  await writeFile(join(project, 'package.json'), '{ "private": true }')
  await install(project, tarballs.main, tarballs.platform)
  const installed = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'))
  assert.deepEqual(installed, ['local-llm-provider', `local-llm-provider-${platform}`])

  const runs = async (file, expected = 'Hello from the wire.\n') => {
    for (const executable of node) {
      assert.equal(await execute(resolve(executable), [file, baseURL], project), expected, file)
    }
  }
  heading('An ES module, CommonJS, and the same classes in both')
  await runs('query.mjs')
  await runs('query.cjs')
  await runs('same-classes.mjs', '')
  await checkTypes({ project, folder, install, execute, runs, typescript, devDependencies })
}
