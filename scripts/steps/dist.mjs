import { rename, rm } from 'node:fs/promises'
import { date, isFresh } from './fresh.mjs'
import { heading, run } from './run.mjs'

/** Compiles lib/ into dist/: the types file by file, the code in one file, because each costs time to load. */
export async function compile() {
  if (isFresh(['dist/index.js'], ['lib', 'tsconfig.json', 'native.d.ts']))
    return heading('TypeScript: up to date')
  heading('TypeScript: compiling lib/')
  const began = new Date()
  // Beside, then swapped in: a test that runs meanwhile never sees half of it, and no file outlives its source.
  const fresh = `.cache/dist-${process.pid}`
  try {
    await run('tsc', ['-p', 'lib', '--outDir', fresh])
    const form = ['--format', 'cjs', '--platform', 'node', '--external', '../native.js']
    await run('rolldown', ['lib/index.ts', ...form, '--file', `${fresh}/index.js`, '--logLevel', 'warn'])
    date([`${fresh}/index.js`], began)
    await rm('dist', { recursive: true, force: true })
    await rename(fresh, 'dist')
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
  heading('TypeScript: compiled into dist/')
}
