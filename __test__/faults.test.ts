import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('faults/run.mjs', import.meta.url))

// The short form of `npm run test:faults`. A process of its own: that it ends by itself is part of the test.
it('whatever is done to them, calls end rightly and leave nothing behind', async () => {
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(process.execPath, [program, '--quick'], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr })
    })
  })
  expect(output).toMatch(/: 0 went wrong; left behind: nothing\.\n$/)
  expect(code).toBe(0)
}, 60_000)
