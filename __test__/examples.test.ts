import { type ExecFileException, execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test as it } from 'vitest'
import { LlamaServer } from './support/llama-server.js'

const server = new LlamaServer({ key: 'secret' })
const embedder = new LlamaServer({ embeddings: true })

interface Run {
  args?: string[]
  stdin?: string
  env?: Record<string, string>
}

interface Outcome {
  code: ExecFileException['code']
  stdout: string
  stderr: string
}

/** Runs an example as its users do: as a program of its own. */
function run(name: string, { args = [], stdin = '', env = {} }: Run = {}): Promise<Outcome> {
  const file = fileURLToPath(new URL(`../examples/${name}`, import.meta.url))
  const address = { OPENAI_COMPATIBLE_BASE_URL: server.baseURL, OPENAI_COMPATIBLE_API_KEY: 'secret' }
  const options = { env: { ...process.env, ...address, ...env } }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr })
    })
    child.stdin?.end(stdin)
  })
}

it('stream.mjs writes the answer, and the reasoning apart from it', async () => {
  const { code, stdout, stderr } = await run('stream.mjs', { args: ['Please think'] })
  expect(stdout).toBe('Four.')
  expect(stderr).toMatch(/^Let me count: one, two\n.*: \d+ tokens, the first after \d+ ms\n$/)
  expect(code).toBe(0)
})

it('cancel.mjs keeps what was written before the time was up', async () => {
  const { code, stdout } = await run('cancel.mjs', { args: ['story', '0.25'] })
  expect(stdout).toMatch(/^Once upon a time .*…\n$/)
  expect(code).toBe(0)
})

describe('semantic-search.mjs', () => {
  it('writes the three lines that are nearest, the best first', async () => {
    const env = { OPENAI_COMPATIBLE_BASE_URL: embedder.baseURL }
    const stdin = 'The river runs\n\nhello\nShe reads\n1 2 3 4\n'
    const { code, stdout } = await run('semantic-search.mjs', { args: ['She reads'], stdin, env })
    const found = stdout.trim().split('\n')
    expect(found).toHaveLength(3)
    expect(found[0]).toBe('1.000  She reads')
    const scores = found.map((line) => Number.parseFloat(line))
    expect(scores).toEqual(scores.toSorted((one, other) => other - one))
    expect(code).toBe(0)
  })

  it('says what is missing where the server has no embeddings', async () => {
    const { code, stderr } = await run('semantic-search.mjs', { stdin: 'hello' })
    expect(stderr).toContain('--embeddings')
    expect(code).toBe(1)
  })
})

describe('own-server.mjs', () => {
  it('asks the server that its own variable names', async () => {
    const env = { HOUSE_BASE_URL: server.baseURL, HOUSE_API_KEY: 'secret' }
    const { code, stdout } = await run('own-server.mjs', { env })
    expect(stdout).toBe('Hello! How can I help you today?\n')
    expect(code).toBe(0)
  })

  it('stands whole in docs/adding-a-server.md', () => {
    const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
    expect(read('docs/adding-a-server.md')).toContain(`\`\`\`js\n${read('examples/own-server.mjs')}\`\`\``)
  })
})

describe('fallback.mjs', () => {
  const nobody = 'http://127.0.0.1:9'

  it('answers from the first server that is there', async () => {
    const { code, stdout, stderr } = await run('fallback.mjs', { args: ['hello', nobody, server.url] })
    expect(stdout).toBe('Hello! How can I help you today?\n')
    expect(stderr).toBe('Nothing listens at http://127.0.0.1:9/v1 (connection refused): asking the next\n')
    expect(code).toBe(0)
  })

  it('says what all failed by where none is', async () => {
    const { code, stdout, stderr } = await run('fallback.mjs', { args: ['hello', nobody, nobody] })
    expect(stderr).toContain('All 2 providers failed: openai-compatible: Nothing listens')
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })
})

describe('which-server.mjs', () => {
  it('tells of each server which it is, and what it lacks', async () => {
    const { port } = new URL(server.url)
    const { code, stdout } = await run('which-server.mjs', { args: [port], env: { LLAMA_API_KEY: 'wrong' } })
    expect(stdout).toContain(`http://localhost:${port}/v1  llama-cpp`)
    expect(stdout).toMatch(/wrong: key: The server does not take the key: Invalid API Key\. /)
    expect(code).toBe(0)
  })

  it('says so where there is none', async () => {
    const { code, stdout } = await run('which-server.mjs', { args: ['9'] })
    expect(stdout).toBe('No server was found.\n')
    expect(code).toBe(0)
  })
})

describe('commit-message.mjs', () => {
  const diff = '+console.log("hello")\n'

  it('prints the message', async () => {
    const { code, stdout } = await run('commit-message.mjs', { stdin: diff })
    expect(stdout).toBe('Hello! How can I help you today?\n')
    expect(code).toBe(0)
  })

  it.each([
    {
      mistake: 'a server that is not there',
      options: { env: { OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:9/v1' } },
      explanation: 'No server answers',
    },
    {
      mistake: 'a wrong key',
      options: { env: { OPENAI_COMPATIBLE_API_KEY: 'wrong' } },
      explanation: 'The server wants another key',
    },
    {
      mistake: 'a diff that is too long',
      options: { stdin: '+ a line\n'.repeat(5000) },
      explanation: 'The diff is too long',
    },
  ])('explains $mistake', async ({ options, explanation }) => {
    const { code, stdout, stderr } = await run('commit-message.mjs', { stdin: diff, ...options })
    expect(stderr).toContain(explanation)
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })
})
