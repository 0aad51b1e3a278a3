import { readFileSync } from 'node:fs'

const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Microseconds of CPU that the JavaScript thread has used (CLOCK_THREAD_CPUTIME_ID, which Node 20 does not show). */
export function threadCpu() {
  if (process.threadCpuUsage) return sum(process.threadCpuUsage())
  // Linux writes this account up when the thread leaves the processor, else at the next tick: so it sleeps a moment.
  Atomics.wait(nobody, 0, 0, 1)
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1000
}

/** Microseconds of CPU that all threads of the process have used. */
export function processCpu() {
  return sum(process.cpuUsage())
}

function sum({ user, system }) {
  return user + system
}
