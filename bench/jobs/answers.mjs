// `streams` answers side by side, `repetitions` times one after the other.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { processCpu, threadCpu } from '../cpu.mjs'
import { ask } from './ask.mjs'
import { prepare } from './prepare.mjs'

/** Milliseconds between two looks at the event loop. Finer ones cost more than a stream does. */
const DELAY_RESOLUTION = 10
const TURN_RESOLUTION = 1

/** Times in microseconds, sizes in bytes. */
export async function run(job, client) {
  const provider = await prepare(job, client)
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION })
  const turns = monitorEventLoopDelay({ resolution: TURN_RESOLUTION })
  if (job.delay) delay.enable()

  const residentBefore = process.memoryUsage.rss()
  const wallBefore = performance.now()
  const processBefore = processCpu()
  const threadBefore = threadCpu()
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    const answers = Array.from({ length: job.streams }, () => ask(provider, job.length))
    // Making many calls at once is a turn of the caller's.
    if (job.turns) turns.enable()
    await Promise.all(answers)
  }
  const wall = (performance.now() - wallBefore) * 1000
  const thread = threadCpu() - threadBefore
  const all = processCpu() - processBefore
  const resident = process.resourceUsage().maxRSS * 1024 - residentBefore

  // The turn that is under way counts when the next look is taken.
  await setTimeout(2 * DELAY_RESOLUTION)
  return {
    wall,
    threadCpu: thread,
    processCpu: all,
    resident,
    delayP99: late(delay.percentile(99), DELAY_RESOLUTION),
    longestTurn: late(turns.max, TURN_RESOLUTION),
  }
}

/** The histogram holds the time from look to look; what is over the resolution is the delay. */
function late(nanoseconds, resolution) {
  return Math.max(0, nanoseconds / 1000 - resolution * 1000)
}
