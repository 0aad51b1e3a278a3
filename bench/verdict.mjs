import { clients } from './clients.mjs'
import { amount, share } from './format.mjs'

export const ENOUGH_ROUNDS = 5
export const QUIET = 1.5

/** Why this run can judge nothing, if so. */
export function unfit({ load, rounds, quick }) {
  if (load > QUIET) return `load average ${load.toFixed(2)}`
  if (rounds < ENOUGH_ROUNDS) return `fewer than ${ENOUGH_ROUNDS} rounds`
  if (quick) return 'a quick run'
  return undefined
}

export function targetText({ of, atMost }, unit) {
  return `≤ ${of ? share(atMost, clients[of].title) : `${amount(atMost)} ${unit}`}`
}

export function verdict({ of, atMost }, figures, reason) {
  const ours = figures.ours?.median
  const base = of ? figures[of]?.median : 1
  if (reason || ours === undefined || base === undefined) return `not judged: ${reason ?? 'not measured'}`
  const excess = ours / base / atMost
  return excess <= 1 ? 'met' : `**missed by ${amount(excess)} ×**`
}
