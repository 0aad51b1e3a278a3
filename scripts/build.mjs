import { prepare } from './steps/prepare.mjs'
import { main } from './steps/run.mjs'

await main(prepare)
