/** Three significant digits. */
export function amount(value) {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
}

export function ratio(value) {
  return value < 1 ? `1/${amount(1 / value)}` : `${amount(value)} ×`
}

/** '1/8 of openai', '1.5 × Rust alone'. */
export function share(value, whole) {
  return value < 1 ? `${ratio(value)} of ${whole}` : `${ratio(value)} ${whole}`
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
