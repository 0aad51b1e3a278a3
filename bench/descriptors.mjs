import { Failure } from '../scripts/steps/run.mjs'

/** What a process has open besides its streams, with room to spare. */
const OTHERS = 100

/** Throws a Failure where a process may not have that many connections. Windows has no such limit. */
export function checkDescriptors(streams) {
  // Node has raised the soft limit to the hard one, and hands that on to what it starts.
  const limit = process.report.getReport().userLimits?.open_files.soft ?? 'unlimited'
  const needed = streams + OTHERS
  if (limit === 'unlimited' || limit >= needed) return
  throw new Failure(
    `${streams} streams at once need ${needed} file descriptors, and a process may have ${limit} here. ` +
      `Raise the hard limit: \`ulimit -n ${needed}\` as root, \`--ulimit nofile=${needed}\` for a container.`,
  )
}
