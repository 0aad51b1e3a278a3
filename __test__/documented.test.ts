import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** All sources of the engine, without their tests. */
function sources(): string[] {
  const folder = 'crates/engine/src'
  const files = readdirSync(new URL(`../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
  const texts = files.filter((file) => /(?<!tests)\.rs$/.test(file)).map((file) => read(`${folder}/${file}`))
  return texts.map((text) => text.split('#[cfg(test)]\nmod tests {')[0] as string)
}

/** The code spans in each cell of the first table under a heading of the README. */
function tableOf(heading: string): string[][][] {
  const section = read('README.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = section.split('| --- |\n')[1]?.split('\n\n')[0]?.split('\n') ?? []
  return rows.map((row) =>
    row.split(' | ').map((cell) => [...cell.matchAll(/`([\w?]+)`/g)].map(([, name]) => name as string)),
  )
}

it('each code of a warning stands in the README, and no other', () => {
  const made = sources().flatMap((text) => [...text.matchAll(/\bWarning::new\(\s*("?)(\w+)/g)])
  expect(made.filter(([, quote]) => !quote).map(([words]) => words)).toEqual([])
  // And what is found out in JavaScript.
  const ofLoops = [...read('lib/tool-loop.ts').matchAll(/#warn\(\s*'(\w+)'/g)]
  const codes = new Set([...made.map(([, , code]) => code), ...ofLoops.map(([, code]) => code)])
  expect(codes.size).toBeGreaterThan(15)
  const documented = tableOf('How deviant servers are read').flatMap(([names = []]) => names)
  expect(documented.sort()).toEqual([...codes].sort())
})

it('each event stands in the README with its fields, and no other', () => {
  const typed = [...read('lib/events.ts').matchAll(/\| \{ type: '(\w+)'(.*) \}/g)].map(
    ([, type, fields = '']) => [[type], [...fields.matchAll(/; (\w+\??):/g)].map(([, name]) => name)],
  )
  expect(typed.length).toBeGreaterThan(5)
  expect(tableOf('Events').map(([type, fields]) => [type, fields])).toEqual(typed)
})
