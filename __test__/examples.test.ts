import { type ExecFileException, execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test as it, onTestFinished } from 'vitest'
import { LlamaServer } from './support/llama-server.js'
import { type Answer, type ScriptedServer, startScriptedServer } from './support/scripted-server.js'
import { chunk, finish, role, text } from './support/wire.js'

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

/** An answer that calls one tool. */
function calling(name: string, args: object): Answer {
  const call = { index: 0, id: name, function: { name, arguments: JSON.stringify(args) } }
  return { chunks: [role, chunk({ tool_calls: [call] }), finish] }
}

/** What the model was told of its calls. */
function resultsIn(model: ScriptedServer): unknown[] {
  const messages = model.chats.at(-1)?.json.messages as { role: string; content: unknown }[]
  return messages.filter((message) => message.role === 'tool').map((message) => message.content)
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

it('extract.mjs writes what the text says, as the schema has it', async () => {
  const { code, stdout, stderr } = await run('extract.mjs', { args: ['hello'] })
  expect(stdout).toMatch(/^.+ \((glad|neutral|sad)\)\n(- .+\n?)*\n?$/)
  expect(stderr).toBe('')
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

describe('image-question.mjs', () => {
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

  it('sends the images beside the question', async () => {
    const model = await startScriptedServer()
    model.answersChats({ chunks: [role, text('Two '), text('cats.'), finish] })
    const folder = mkdtempSync(join(tmpdir(), 'images-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'cat.gif'), gif)
    const args = ['--url', model.url, 'Which?', join(folder, 'cat.gif'), 'https://example.com/cat.png']
    const { code, stdout } = await run('image-question.mjs', {
      args,
      env: { OPENAI_COMPATIBLE_BASE_URL: '', OPENAI_COMPATIBLE_API_KEY: '' },
    })
    expect([code, stdout]).toEqual([0, 'Two cats.\n'])
    expect(model.chats[0]?.json.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Which?' },
          { type: 'image_url', image_url: { url: `data:image/gif;base64,${gif.toString('base64')}` } },
          { type: 'image_url', image_url: { url: 'https://example.com/cat.png' } },
        ],
      },
    ])
  })

  it('says that the model of a real server sees none', async () => {
    const { code, stderr } = await run('image-question.mjs', {
      args: ['Which?', 'https://example.com/a.png'],
    })
    expect(stderr).toMatch(/takes no images, as the server says of it: nothing was sent\nSet `model` to one/)
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
    expect(stderr).toContain('All 2 providers failed: openai-compatible at 127.0.0.1:9: Nothing listens')
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

describe('coding-agent.mjs', () => {
  /** A directory with two files, beside one that is nobody's business. */
  function project(): string {
    const parent = mkdtempSync(join(tmpdir(), 'coding-agent-'))
    onTestFinished(() => rmSync(parent, { recursive: true }))
    const directory = join(parent, 'project')
    mkdirSync(join(directory, 'src'), { recursive: true })
    writeFileSync(join(directory, 'src', 'main.js'), 'console.log(1)\n')
    writeFileSync(join(parent, 'secret'), 'secret')
    symlinkSync(join(parent, 'secret'), join(directory, 'link'))
    return directory
  }

  it('looks at the files, writes them, and answers', async () => {
    const directory = project()
    const model = await startScriptedServer()
    model.answersChats(
      calling('list_files', {}),
      calling('read_file', { path: 'src/main.js' }),
      calling('write_file', { path: 'docs/README.md', content: '# It prints 1\n' }),
      { chunks: [role, text('Done.'), finish] },
    )
    const env = { OPENAI_COMPATIBLE_BASE_URL: model.baseURL }
    const { code, stdout, stderr } = await run('coding-agent.mjs', { args: [directory, 'Document it.'], env })
    expect(stderr).toBe('> list_files \n> read_file src/main.js\n> write_file docs/README.md\n')
    expect(stdout).toBe('Done.\n')
    expect(readFileSync(join(directory, 'docs', 'README.md'), 'utf8')).toBe('# It prints 1\n')
    expect(resultsIn(model)).toEqual([join('src', 'main.js'), 'console.log(1)\n', 'Written.'])
    expect(code).toBe(0)
  })

  it.each(['../secret', 'link', 'src/../../secret', '/etc/passwd'])(
    'leaves alone what is outside: %s',
    async (path) => {
      const directory = project()
      const model = await startScriptedServer()
      model.answersChats(calling('read_file', { path }), calling('write_file', { path, content: 'mine' }), {
        chunks: [role, text('Sorry.'), finish],
      })
      const env = { OPENAI_COMPATIBLE_BASE_URL: model.baseURL }
      const { stderr } = await run('coding-agent.mjs', { args: [directory, 'Read it.'], env })
      expect(stderr).toContain('is outside of the working directory')
      expect(resultsIn(model)).toEqual(Array(2).fill(`Error: ${path} is outside of the working directory`))
      expect(readFileSync(join(directory, '..', 'secret'), 'utf8')).toBe('secret')
    },
  )

  it('works with a real server', async () => {
    const { code, stdout, stderr } = await run('coding-agent.mjs', { args: [project(), 'use a tool'] })
    expect(stdout).toBe('The answer to that is sunny.\n')
    expect(stderr).toMatch(/^> (list_files|read_file|write_file) /)
    expect(code).toBe(0)
  })

  it('explains a server that is not there', async () => {
    const env = { OPENAI_COMPATIBLE_BASE_URL: 'http://127.0.0.1:9/v1' }
    const { code, stderr } = await run('coding-agent.mjs', { args: [project(), 'hello'], env })
    expect(stderr).toMatch(/^Nothing listens/)
    expect(code).toBe(1)
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
