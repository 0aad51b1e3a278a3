// What is allocated on V8's heap: what it grows by, from collection to collection.
import { GCProfiler, getHeapStatistics } from 'node:v8'
import { ask } from './ask.mjs'
import { prepare } from './prepare.mjs'

/** Bytes. */
export async function run(job, client) {
  const provider = await prepare(job, client)
  const collections = new GCProfiler()
  collections.start()
  let start = getHeapStatistics().used_heap_size
  await ask(provider, job.length)
  const end = getHeapStatistics().used_heap_size
  let allocated = 0
  for (const { beforeGC, afterGC } of collections.stop().statistics) {
    allocated += beforeGC.heapStatistics.usedHeapSize - start
    start = afterGC.heapStatistics.usedHeapSize
  }
  return { allocated: allocated + end - start }
}
