import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/** Milliseconds between two looks at the event loop. Finer ones cost more than a stream does. */
const RESOLUTION = 10

/** By how much timers come late, in microseconds, from `enable` on. */
export function eventLoopDelay(resolution = RESOLUTION) {
  const histogram = monitorEventLoopDelay({ resolution })
  // The histogram holds the time from look to look; what is over the resolution is the delay.
  const late = (nanoseconds) => Math.max(0, nanoseconds / 1000 - resolution * 1000)
  return {
    enable: () => histogram.enable(),
    /** The turn that is under way counts when the next look is taken. */
    settled: () => setTimeout(2 * resolution),
    p99: () => late(histogram.percentile(99)),
    longest: () => late(histogram.max),
  }
}
