// `streams` answers side by side, `repetitions` times one after the other.
import { setTimeout } from 'node:timers/promises'
import { processCpu, threadCpu } from '../cpu.mjs'
import { eventLoopDelay } from '../event-loop-delay.mjs'
import { ask } from './ask.mjs'
import { prepare } from './prepare.mjs'

/** Milliseconds: one turn is often shorter than the usual time between two looks. */
const TURN_RESOLUTION = 1

/** Times in microseconds, sizes in bytes. */
export async function run(job, client) {
  const answer = client.module
    ? await answersOf(job, client)
    : () => setTimeout((1000 * job.chunks) / job.rate)
  const delay = eventLoopDelay()
  const turns = eventLoopDelay(TURN_RESOLUTION)
  if (job.delay) delay.enable()

  const residentBefore = process.memoryUsage.rss()
  const wallBefore = performance.now()
  const processBefore = processCpu()
  const threadBefore = threadCpu()
  for (let repetition = 0; repetition < job.repetitions; repetition++) {
    const answers = Array.from({ length: job.streams }, answer)
    // Making many calls at once is a turn of the caller's.
    if (job.turns) turns.enable()
    await Promise.all(answers)
  }
  const wall = (performance.now() - wallBefore) * 1000
  const thread = threadCpu() - threadBefore
  const all = processCpu() - processBefore
  const resident = process.resourceUsage().maxRSS * 1024 - residentBefore

  await delay.settled()
  return {
    wall,
    threadCpu: thread,
    processCpu: all,
    resident,
    delayP99: delay.p99(),
    longestTurn: turns.longest(),
  }
}

async function answersOf(job, client) {
  const provider = await prepare(job, client)
  return () => ask(provider, job.length)
}
