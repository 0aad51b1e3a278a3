import { readFileSync } from 'node:fs'
import type { Answer } from './scripted-server.js'

const root = new URL('../../crates/engine/tests/recordings/', import.meta.url)

/** What a server said, byte for byte, as an answer: `ollama/api-ps`. Each line is a piece of its own. */
export function recording(name: string): Answer {
  const read = (file: string) => readFileSync(new URL(`${name}/${file}`, root), 'utf8')
  const [status = '', ...headers] = read('response.headers').split('\r\n')
  const type = headers.find((header) => /^content-type:/i.test(header))?.replace(/^.*?: */, '')
  return {
    status: Number(status.split(' ')[1]),
    headers: type === undefined ? {} : { 'Content-Type': type },
    chunks: read('response.body').split(/(?<=\n)/),
  }
}
