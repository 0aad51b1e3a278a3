import { bold, cyan, dim } from '../steps/terminal.mjs'

const INDENT = '   '
const WIDTH = Math.min(process.stdout.columns || 100, 100)

let acts = 0

export const number = (value) => Math.round(value).toLocaleString('en')
export const milliseconds = (value) => `${value < 10 ? value.toFixed(1) : number(value)} ms`

export function act(title) {
  acts += 1
  console.log(`\n${cyan(bold(`${acts}  ${title}`))}`)
}

export function prompt(text) {
  console.log(INDENT + dim(`> ${text}`))
}

export function note(text) {
  console.log(INDENT + dim(text))
}

export function row(label, value) {
  console.log(INDENT + dim(label.padEnd(22)) + value)
}

/** Writes text that arrives in pieces, indented, and wrapped between words. */
export function paragraph(style = (text) => text) {
  let column = 0
  const write = (piece) => {
    for (const word of piece.match(/\n|[^\S\n]*\S+|[^\S\n]+/g) ?? []) {
      if (word === '\n' || (word !== word.trimStart() && column + word.length > WIDTH)) end()
      if (word === '\n') continue
      const text = column === 0 ? INDENT + word.trimStart() : word
      process.stdout.write(style(text))
      column += text.length
    }
  }
  const end = () => {
    if (column > 0) process.stdout.write('\n')
    column = 0
  }
  return { write, end }
}
