import { rename, rm } from 'node:fs/promises'
import { date, isFresh } from './fresh.mjs'
import { heading, run } from './run.mjs'

/** Compiles lib/ into dist/. */
export async function compile() {
  if (isFresh(['dist/index.js'], ['lib', 'tsconfig.json', 'native.d.ts']))
    return heading('TypeScript: up to date')
  heading('TypeScript: compiling lib/')
  const began = new Date()
  // Beside, then swapped in: a test that runs meanwhile never sees half of it, and no file outlives its source.
  const fresh = `.cache/dist-${process.pid}`
  try {
    await run('tsc', ['-p', 'lib', '--outDir', fresh])
    date([`${fresh}/index.js`], began)
    await rm('dist', { recursive: true, force: true })
    await rename(fresh, 'dist')
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  heading('TypeScript: compiled into dist/')
}
