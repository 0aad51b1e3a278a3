import { clients } from './clients.mjs'
import { amount, ratio, table } from './format.mjs'
import { targetText, verdict } from './verdict.mjs'

/** Ours beside openai, target by target. */
export function summary(rows, reason) {
  const head = ['row', 'what', 'unit', 'ours', 'openai', 'Rust alone', 'ours : openai', 'target', 'verdict']
  const lines = rows.map(({ row, title, what, unit, figures, targets }) => {
    const value = (name) => (figures[name] ? amount(figures[name].median) : '–')
    const measured = [value('ours'), value('openai'), value('rust'), toOpenai('ours', figures)]
    const wanted = targets.map((target) => targetText(target, unit))
    const verdicts = targets.map((target) => verdict(target, figures, reason))
    return [
      row,
      `${title}: ${what}`,
      unit,
      ...measured,
      wanted.join('<br>'),
      [...new Set(verdicts)].join('<br>'),
    ]
  })
  return table(head, lines)
}

/** Every client of one row, best first. */
export function details({ row, title, what, unit, figures }) {
  const sorted = Object.entries(figures).sort(([, a], [, b]) => a.median - b.median)
  const lines = sorted.map(([name, { median, min, max }]) => [
    clients[name].title,
    amount(median),
    `${amount(min)} – ${amount(max)}`,
    toOpenai(name, figures),
  ])
  const head = ['client', `${unit}, median`, 'min – max', ': openai']
  return `### ${row}. ${title}: ${what}\n\n${table(head, lines)}`
}

/** How many times less than openai; two bars a doubling. */
export function chart(rows) {
  const lines = rows.flatMap(({ row, title, what, figures }) => {
    const times = figures.openai?.median / figures.ours?.median
    if (!Number.isFinite(times) || times < 1) return []
    const bar = '█'.repeat(Math.max(1, Math.round(2 * Math.log2(times))))
    return [`${row.padEnd(13)} ${bar.padEnd(16)} ${amount(times).padStart(5)} ×  ${title}: ${what}`]
  })
  return ['```', ...lines, '```'].join('\n')
}

function toOpenai(name, figures) {
  const value = figures[name]?.median / figures.openai?.median
  return Number.isFinite(value) && value > 0 ? ratio(value) : '–'
}
