import { readFileSync } from 'node:fs'

/** Plain text with characters of several bytes, reasoning, and a usage that comes in a chunk of its own. */
const CASES = [
  'llama.cpp/chat-unicode-stream',
  'llama.cpp/chat-reasoning-stream',
  'ollama/v1-chat-stream-usage',
]

const folder = new URL('../../crates/engine/tests/recordings/', import.meta.url)

/** A recorded answer, and what a reader knows who has read its first bytes. */
class Recording {
  constructor(name) {
    const read = (file) => readFileSync(new URL(`${name}/${file}`, folder))
    const { answer } = JSON.parse(read('expected.json'))
    this.name = name
    this.body = read('response.body')
    /** What it means, as those say who recorded it. */
    this.whole = { content: answer.text, reasoning: answer.reasoning ?? '', totalTokens: answer.usage.total }
    this.doneAt = this.body.indexOf('data: [DONE]')
    /** The ends of those events after which some text has come, and more is to come. */
    this.middles = this.#ends().filter((end) => {
      const { content, reasoning, isComplete } = this.told(end)
      return (content || reasoning) && !isComplete
    })
  }

  #ends() {
    const ends = []
    for (let end = this.body.indexOf('\n\n'); end >= 0; end = this.body.indexOf('\n\n', end + 2))
      ends.push(end + 2)
    return ends
  }

  /**
   * What the first `length` bytes tell. Read plainly, event by event: these recordings hold nothing that deviates, so it
   * shares neither code nor cleverness with what is tested.
   */
  told(length) {
    const told = { content: '', reasoning: '', isComplete: false, hasUsage: false }
    for (const event of this.body.subarray(0, length).toString().split('\n\n')) {
      if (event === 'data: [DONE]') told.isComplete = true
      const chunk = chunkOf(event)
      if (!chunk) continue
      const [choice] = chunk.choices
      told.content += choice?.delta.content ?? ''
      told.reasoning += choice?.delta.reasoning_content ?? ''
      told.isComplete ||= Boolean(choice?.finish_reason)
      told.hasUsage ||= 'usage' in chunk || 'timings' in chunk
    }
    return told
  }
}

/** The JSON of an event; undefined where it is cut off, or none. */
function chunkOf(event) {
  try {
    return JSON.parse(event.slice('data: '.length))
  } catch {
    return undefined
  }
}

export const recordings = CASES.map((name) => new Recording(name))

export function recordingOf(name) {
  return recordings.find((recording) => recording.name === name)
}
