/**
 *     npm run test:faults
 *     npm run test:faults -- --seed 7   makes the choices of an earlier run again
 *     npm run test:faults -- --quick    plays a part in some seconds, and writes nothing
 */
import { join } from 'node:path'
import { installServer } from './steps/install-server.mjs'
import { prepare } from './steps/prepare.mjs'
import { heading, main, run } from './steps/run.mjs'

await main(async () => {
  await installServer()
  await prepare()
  heading('Faults: what becomes of calls when servers and connections fail')
  await run('node', [join('__test__', 'faults', 'run.mjs'), ...process.argv.slice(2)])
})
