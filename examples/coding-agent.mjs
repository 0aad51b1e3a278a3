// A small coding agent: it lists, reads and writes the files of one directory, and none outside of it.
//
//     node examples/coding-agent.mjs ./some-project 'Write a README that says what this project does.'
//
// OPENAI_COMPATIBLE_BASE_URL says where the server is; without it, LM Studio's port on this machine.
import { lstatSync, realpathSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { OpenAICompatibleProvider, ProviderError } from 'local-llm-provider'

const [directory = '.', task = 'What is in this directory?'] = process.argv.slice(2)

const path = { type: 'string', description: 'Relative to the working directory' }
const content = { type: 'string', description: 'All of the file' }

const tools = [
  {
    name: 'list_files',
    description: 'Lists all files in the working directory.',
    async execute(_args, { workingDirectory }) {
      const entries = await readdir(workingDirectory, { recursive: true, withFileTypes: true })
      const files = entries.filter((entry) => entry.isFile())
      const paths = files.map(({ parentPath, path: parent, name }) => join(parentPath ?? parent, name))
      return paths.map((file) => relative(workingDirectory, file)).join('\n')
    },
  },
  {
    name: 'read_file',
    description: 'Reads a file.',
    parameters: { type: 'object', properties: { path }, required: ['path'] },
    async execute(args, { workingDirectory, signal }) {
      return await readFile(inside(workingDirectory, args.path), { encoding: 'utf8', signal })
    },
  },
  {
    name: 'write_file',
    description: 'Writes a file, in place of the one that is there.',
    parameters: { type: 'object', properties: { path, content }, required: ['path', 'content'] },
    async execute(args, { workingDirectory, signal }) {
      const file = inside(workingDirectory, args.path)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, args.content, { signal })
      return 'Written.'
    },
  },
]

/** A file's place. One that is outside is an error that the model reads: also where a link leads out. */
function inside(workingDirectory, name) {
  const file = resolve(workingDirectory, name)
  let known = file
  while (!lstatSync(known, { throwIfNoEntry: false })) known = dirname(known)
  if (!`${realpathSync(known)}${sep}`.startsWith(`${workingDirectory}${sep}`))
    throw new Error(`${name} is outside of the working directory`)
  return file
}

function show(event) {
  if (event.type === 'message') process.stdout.write(event.content)
  if (event.type === 'tool_start') console.error(`> ${event.toolName} ${event.input.path ?? ''}`)
  if (event.type === 'tool_end' && event.error) console.error(`  ${event.error}`)
}

try {
  await new OpenAICompatibleProvider().query({
    systemPrompt:
      'You are a programmer. Look at the files before you answer, and change them if you are asked to.',
    prompt: task,
    tools,
    workingDirectory: realpathSync(directory),
    maxToolRounds: 30,
    onProgress: show,
  })
  console.log()
} catch (error) {
  if (!(error instanceof ProviderError)) throw error
  console.error([error.message, error.hint].filter(Boolean).join('\n'))
  process.exitCode = 1
}
