import { readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

function newest(path) {
  const entry = statSync(path, { throwIfNoEntry: false })
  if (!entry) return 0
  if (!entry.isDirectory()) return entry.mtimeMs
  // The folder's own time counts as well: that is how a deleted file shows.
  return Math.max(entry.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** True if every output exists and none is older than an input; an input that does not exist is ignored. */
export function isFresh(outputs, inputs) {
  const oldest = Math.min(...outputs.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -1))
  return oldest >= Math.max(...inputs.map(newest))
}

/** Dates outputs back to the time their build began: what was edited during the build is then newer. */
export function date(outputs, began) {
  for (const path of outputs) utimesSync(path, began, began)
}
