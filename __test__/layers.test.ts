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

/** The code of each file: without comments, and without the tests at its end. */
function codeOf(folder: string, extension: string): { file: string; lines: string[] }[] {
  const root = new URL(`../${folder}/`, import.meta.url)
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith(extension),
  )
  return files.map((name) => {
    const file = name.replaceAll('\\', '/')
    const [code = ''] = readFileSync(new URL(file, root), 'utf8').split(/#\[cfg\(test\)\]\s*mod tests \{/)
    return { file, lines: code.split('\n').filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line)) }
  })
}

const engine = linesOf('crates/engine/src', '.rs')
const binding = linesOf('src', '.rs')
const lib = linesOf('lib', '.ts')

const having = (lines: string[], words: RegExp) => lines.filter((line) => words.test(line))

describe('what goes over the wire', () => {
  it.each([
    /["'`]data: ?["'`]/,
    /\bfinish_reason\b/,
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

describe('a server’s name', () => {
  const names =
    /llama|lm.?studio|ollama|vllm|text.?gen|\btgi\b|localai|litellm|groq|open.?router|openai(?!.?compatible)/i

  /** A protocol is named after the server that made it, and some names are words of the wire. */
  const wire = /"[^"]*(x_groq|x-litellm-call-id|\/openai\/v1)[^"]*"/g
  const dialects = /\b(openai|ollama|OpenAi|Ollama)\b/g
  const dialectOfAll = /\b(openai::OpenAi|OpenAi)\b/g
  const exports = /export (type )?\{[^}]*\} from '\.\/servers\/[\w-]+'/g

  it.each([
    ['the engine', codeOf('crates/engine/src', '.rs')],
    ['lib', codeOf('lib', '.ts')],
    ['the binding', codeOf('src', '.rs')],
  ])('stands in the files of the servers only: %s', (_layer, sources) => {
    // Llama is a family of models, too.
    const isApart = (file: string) => file.startsWith('servers/') || file.startsWith('text/tools/')
    const outside = sources.filter(({ file }) => !isApart(file) && !file.endsWith('tests.rs'))
    expect(outside.length).toBeGreaterThan(0)
    const named = outside.flatMap(({ file, lines }) => {
      const own = lines
        .join('\n')
        .replace(wire, '')
        .replace(exports, '')
        .replace(dialectOfAll, '')
        .split('\n')
      const code = file.startsWith('protocol/') ? own.map((line) => line.replace(dialects, '')) : own
      return having(code, names).map((line) => `${file}: ${line}`)
    })
    expect(named).toEqual([])
  })

  it('is found where it stands', () => {
    const found = codeOf('crates/engine/src', '.rs').filter(({ lines }) => having(lines, names).length > 0)
    expect(found.map(({ file }) => file)).toContain('servers/vllm.rs')
  })
})

describe('the binding', () => {
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
