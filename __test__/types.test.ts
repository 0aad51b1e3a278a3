import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** What the compiler says of a project. */
function compiled(...args: string[]): Promise<string> {
  const tsc = path('../node_modules/typescript/bin/tsc')
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', path('types'), ...args], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    )
  })
}

describe('the types', () => {
  it('fit a tool with types of its own, and take undefined wherever a field is optional', async () => {
    expect(await compiled('--listFilesOnly')).toContain('host-takes-it.ts')
    expect(await compiled()).toBe('')
  })
})
