import { setTimeout } from 'node:timers/promises'
import { conversation } from '../conversation.mjs'

/** Opens the client, and has it answer once: first use has rows of its own. */
export async function prepare(job, client) {
  const { open } = await import(`../clients/${client.module}`)
  const messages = conversation(job.history)
  await open(job.warmUp, messages).ask(() => {})
  await setTimeout(50)
  return open(job.address, messages)
}
