import { installServer } from './steps/install-server.mjs'
import { prepare } from './steps/prepare.mjs'
import { main, runAll } from './steps/run.mjs'
import { checkNode, checkRust } from './steps/toolchain.mjs'

// Arguments go to vitest: `npm test -- examples` runs one file of it.
await main(async () => {
  checkNode()
  checkRust()
  await installServer()
  await prepare()
  await runAll({
    'Tests of the engine': ['cargo', ['test', '-p', 'local-llm-engine', '-p', 'regex']],
    'Tests of the package': ['vitest', ['run', ...process.argv.slice(2)]],
  })
})
