import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)

/** Makes the Rust programs of the bench. */
export function buildPrograms() {
  execFileSync('cargo', ['build', '--release', '--locked', '-p', 'local-llm-bench'], {
    cwd: root,
    stdio: 'inherit',
  })
}

export function program(name) {
  return fileURLToPath(new URL(`target/release/${name}`, root))
}
