import { processCpu } from '../cpu.mjs'

/** Microseconds of CPU, and the bytes that are resident after it. */
export async function run(_job, client) {
  const before = processCpu()
  for (const name of client.packages) await import(name)
  return { processCpu: processCpu() - before, resident: process.memoryUsage.rss() }
}
