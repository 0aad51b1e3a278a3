import { pack } from './steps/pack.mjs'
import { prepare } from './steps/prepare.mjs'
import { main } from './steps/run.mjs'

await main(async () => {
  await prepare()
  const { main: packed, platform } = pack()
  console.log(`${packed}\n${platform}`)
})
