import { endOf } from './judge.mjs'

/** The outcomes, a row for each of `names`. */
export function tableOf(played, names) {
  const lines = names.map((name) => {
    const calls = played.filter(({ fault }) => fault.name === name)
    const wrong = calls.filter((one) => one.wrong.length > 0)
    return [name, calls.length, endsOf(calls, false), endsOf(calls, true), wrong.length]
  })
  return [
    ['what is done to it', 'calls', 'ends without retries', 'ends with retries', 'wrong'],
    ['---', '--:', '---', '---', '--:'],
    ...lines,
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

/** '18 answer, 3 `stream`' */
function endsOf(calls, retry) {
  const counts = new Map()
  for (const one of calls.filter((call) => call.retry === retry)) {
    const end = endOf(one.outcome)
    counts.set(end, (counts.get(end) ?? 0) + 1)
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  return sorted.map(([end, count]) => `${count} ${end === 'answer' ? end : `\`${end}\``}`).join(', ')
}
