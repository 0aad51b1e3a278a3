import { setTimeout as sleep } from 'node:timers/promises'
import { act, milliseconds, note, number, paragraph, prompt, row } from './screen.mjs'

const SHOWN = 40
const WITHIN = 5_000

/** Cancels an answer, and asks llama.cpp's own /slots whether the server has stopped. */
export async function cancel(provider, text, slots) {
  act('A long story, cancelled')
  prompt(text)
  const story = await tell(provider, text, slots)
  if (!story.aborted)
    return note('The server was faster: the answer was complete before it could be cancelled.')

  row('then', `AbortController.abort() after ${SHOWN} pieces`)
  row('the call rejected', `with ${story.error.name}, ${milliseconds(story.rejected - story.aborted)} later`)
  row('nothing is lost', `error.partial.content has ${number(story.error.partial.content.length)} characters`)
  if (!story.before) return note('This server has no /slots, so what it did then cannot be seen from here.')
  await prove(story, slots)
}

async function tell(provider, text, slots) {
  const controller = new AbortController()
  const story = { pieces: 0 }
  const { write, end } = paragraph()
  try {
    const messages = [{ role: 'user', content: text }]
    for await (const { type, content } of provider.stream({ messages, signal: controller.signal })) {
      if (type !== 'message') continue
      story.pieces += 1
      if (story.pieces <= SHOWN) write(content)
      if (story.pieces !== SHOWN) continue
      write(' …')
      story.before = await slots()
      story.aborted = performance.now()
      controller.abort()
    }
  } catch (error) {
    if (!story.aborted) throw error
    story.rejected = performance.now()
    story.error = error
  } finally {
    end()
  }
  return story
}

/** Two looks after the abort, half a second apart: had the server gone on, the second would show it. */
async function prove({ before, aborted }, slots) {
  row('/slots before', describe(before))
  let after = await slots(before.id)
  while (after.is_processing && performance.now() - aborted < WITHIN) {
    await sleep(2)
    after = await slots(before.id)
  }
  const wait = milliseconds(performance.now() - aborted)
  if (after.is_processing) throw new Error(`the server is still generating ${wait} after the abort`)
  row(`/slots ${wait} after`, describe(after))
  await sleep(500)
  const later = await slots(before.id)
  row('/slots 0.5 s later', describe(later))
  if (later.is_processing || later.tokens !== after.tokens) throw new Error('the server went on generating')
  note('The server has stopped: the second look shows no token more than the first.')
}

function describe({ is_processing, decoded, tokens, size }) {
  // It counts what it decodes only while it does.
  const state = is_processing ? `is_processing true, n_decoded ${number(decoded)}` : 'is_processing false'
  return `${state}, ${number(tokens)} of ${number(size)} tokens in its context`
}
