import { readFileSync, writeFileSync } from 'node:fs'

const page = new URL('../../docs/reliability.md', import.meta.url)
const BEGIN = '<!-- Written by `npm run test:faults`. -->\n'
const END = '<!-- Until here. -->'

/** Puts `text` into the page, in place of what a run before has written. */
export function writeOutcomes(text) {
  const whole = readFileSync(page, 'utf8')
  const begin = whole.indexOf(BEGIN) + BEGIN.length
  writeFileSync(page, `${whole.slice(0, begin)}\n${text}\n\n${whole.slice(whole.indexOf(END))}`)
}
