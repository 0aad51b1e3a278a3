import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { heading, root } from '../steps/run.mjs'

const STRICT = {
  target: 'es2022',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  outDir: 'out',
}
const MODULES = [
  { module: 'node16', files: ['typed.mts', 'typed.cts'] },
  { module: 'esnext', moduleResolution: 'bundler', files: ['typed.mts'] },
]
const NEITHER = { lib: ['es2022'], types: [] }
const DOM = { lib: ['es2022', 'dom'], types: [] }
const NODE = { lib: ['es2022'], types: ['node'] }

/** Compiles the consumer in every way that users compile, and hands each result to `runs`. */
export async function checkTypes({ project, folder, install, execute, runs, typescript, devDependencies }) {
  const compilers = []
  for (const version of typescript) compilers.push({ version, tsc: await compiler(version) })
  for (const extension of ['mts', 'cts']) {
    await cp(join(project, 'typed.ts'), join(project, `typed.${extension}`))
  }
  await compileAll('without @types/node, with and without the DOM', [NEITHER, DOM])
  await install(project, `@types/node@${devDependencies['@types/node']}`)
  await compileAll('with @types/node', [NODE])

  async function compiler(version) {
    const path = ['node_modules', 'typescript', 'bin', 'tsc']
    if (version === devDependencies.typescript) return join(root, ...path)
    heading(`Installing TypeScript ${version}`)
    const target = join(folder, `typescript-${version}`)
    await mkdir(target)
    await install(target, `typescript@${version}`)
    return join(target, ...path)
  }

  async function compileAll(title, surroundings) {
    for (const { version, tsc } of compilers) {
      heading(`TypeScript ${version} ${title}`)
      for (const surrounding of surroundings)
        for (const kind of MODULES) await compile(tsc, surrounding, kind)
    }
  }

  async function compile(tsc, surrounding, { files, ...kind }) {
    const compilerOptions = { ...STRICT, ...surrounding, ...kind }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    await execute(process.execPath, [tsc, '-p', '.'], project)
    for (const file of files) await runs(join('out', file.replace(/ts$/, 'js')))
  }
}
