import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/** Looks at the event loop every `resolution` milliseconds once it is enabled. Gives microseconds. */
export function eventLoopDelay(resolution) {
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
