import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** All lines of the sources below a folder of the repository. */
function linesOf(folder: string, extension: string): string[] {
  const root = new URL(`../${folder}/`, import.meta.url)
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith(extension),
  )
  return names.flatMap((name) => readFileSync(new URL(name.replaceAll('\\', '/'), root), 'utf8').split('\n'))
}

const engine = linesOf('crates/engine/src', '.rs')
const binding = linesOf('src', '.rs')
const lib = linesOf('lib', '.ts')

const having = (lines: string[], words: RegExp) => lines.filter((line) => words.test(line))

describe('what goes over the wire', () => {
  it.each([
    /["'`]data:/,
    /\bchoices\b/,
    /\bSSE\b/i,
    /event-stream/,
    /\[DONE\]/,
    /\bmax_tokens\b/,
    /stream_options/,
  ])('is known to the engine alone: %s', (words) => {
    expect(having(engine, words)).not.toEqual([])
    expect(having(binding, words)).toEqual([])
    expect(having(lib, words)).toEqual([])
  })
})

describe('the binding', () => {
  it('is made for no server', () => {
    const servers = /llama|lm.?studio|vllm|groq|openrouter|litellm|localai/i
    expect(having(engine, servers)).not.toEqual([])
    expect(having(binding, /#\[napi/)).not.toEqual([])
    expect(having(binding, servers)).toEqual([])
  })

  it('is the only one that knows Node', () => {
    expect(having(binding, /\bnapi::/)).not.toEqual([])
    expect(having(engine, /\bnapi\b/)).toEqual([])
  })
})

describe('the environment', () => {
  it('is read on the caller’s thread alone', () => {
    expect(having(lib, /process\.env/)).not.toEqual([])
    expect(having([...binding, ...engine], /\benv::var/)).toEqual([])
  })
})
