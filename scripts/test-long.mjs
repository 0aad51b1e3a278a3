import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { installServer } from './steps/install-server.mjs'
import { prepare } from './steps/prepare.mjs'
import { heading, main, root, run, runAll } from './steps/run.mjs'
import { checkRust } from './steps/toolchain.mjs'

const OLDEST_NODE = '20.0.0'
const OTHER_NODES = ['22', '24']
const OTHER_TYPESCRIPTS = ['5.2.2', '5.9.3']

// What takes too long for every run: more cases for each property, many streams at once, and the versions that this
// machine does not have.
await main(async () => {
  checkRust()
  await installServer()
  await prepare()
  const nodes = []
  for (const version of [OLDEST_NODE, ...OTHER_NODES]) nodes.push(await node(version))
  const others = OTHER_NODES.map((version, index) => [
    `Tests of the package with Node ${version}`,
    [nodes[index + 1], [join('node_modules', 'vitest', 'vitest.mjs'), 'run']],
  ])
  const versions = [
    ...nodes.flatMap((executable) => ['--node', executable]),
    ...OTHER_TYPESCRIPTS.flatMap((version) => ['--typescript', version]),
  ]
  process.env.PROPTEST_CASES = '20000'
  await runAll({
    'Tests of the engine with 20000 cases for each property': ['cargo', ['test', '-p', 'local-llm-engine']],
    'What becomes of calls when servers and connections fail': ['node', [join('scripts', 'test-faults.mjs')]],
    ...Object.fromEntries(others),
    '2000 streams at once, every character compared': [
      'node',
      [join('scripts', 'bench.mjs'), '--rows', 'streams-2000', '--clients', 'ours', '--rounds', '1'],
    ],
    'The packed package with other versions of Node and TypeScript': [
      'node',
      [join('scripts', 'test-install.mjs'), ...versions],
    ],
  })
})

/** Downloads a Node from npm into .cache, once, and gives its executable. */
async function node(version) {
  const system = { win32: 'win' }[process.platform] ?? process.platform
  const name = `node-${system}-${process.arch}`
  const folder = join(root, '.cache', `node-${version}`)
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const executable = join(folder, 'node_modules', name, 'bin', file)
  if (!existsSync(executable)) {
    heading(`Node ${version}: downloading`)
    await run('npm', ['install', '--prefix', folder, `${name}@${version}`])
  }
  return executable
}
