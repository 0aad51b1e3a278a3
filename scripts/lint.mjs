import { prepare } from './steps/prepare.mjs'
import { heading, main, runAll } from './steps/run.mjs'

await main(async () => {
  await prepare()
  await runAll({
    rustfmt: ['cargo', ['fmt', '--all', '--check']],
    clippy: ['cargo', ['clippy', '--workspace', '--all-targets', '--', '-D', 'warnings']],
    tsc: ['tsc', ['--noEmit', '-p', '.']],
    biome: ['biome', ['check', '--error-on-warnings']],
  })
  heading('No lint complains')
})
