import { median } from './median.mjs'

/** What a row says of each client: median, minimum and maximum over the rounds. */
export function figures(row, job, names, outcomes) {
  const of = {}
  for (const name of names.filter((client) => client !== row.over)) {
    const values = outcomes.map((outcome) => {
      const base = row.over ? row.value(outcome[row.over], job) : 0
      return row.value(outcome[name], job) - base
    })
    // A client without this value: Rust has no JavaScript thread.
    if (values.every(Number.isFinite)) {
      of[name] = { median: median(values), min: Math.min(...values), max: Math.max(...values) }
    }
  }
  return of
}
