import { conversation } from '../conversation.mjs'
import { processCpu } from '../cpu.mjs'
import { ask } from './ask.mjs'

/** Microseconds. */
export async function run(job, client) {
  const { open } = await import(`../clients/${client.module}`)
  let firstToken = 0
  await ask(open(job.address, conversation(job.history)), job.length, () => {
    firstToken ||= processCpu()
  })
  return { processCpu: firstToken }
}
