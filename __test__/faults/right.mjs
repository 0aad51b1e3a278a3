/** The right ends of a call. `requests` is how often the server may see it. */

const NOTHING = { content: '', reasoning: '', isComplete: false, hasUsage: false }

/** The recorded answer, whole. */
export function answered({ recording }, { requests = 1 } = {}) {
  return { ends: ['answer'], told: recording.told(recording.body.length), isExact: true, requests }
}

/** An error of `code`. `told`: the text that had come, and must be in `partial`; default: none. */
export function failed(code, { told = NOTHING, isExact = true, requests = 1, clock } = {}) {
  return { ends: [code], told, isExact, requests, clock }
}

/** What a server does every time is asked for once, and twice more where retries are on. */
export function repeated({ retry }, code) {
  return failed(code, { requests: retry ? 3 : 1 })
}

/** What a server does once is an error, and with retries the answer. */
export function mended(call, code) {
  return call.retry ? answered(call, { requests: 2 }) : failed(code)
}

/** What those bytes tell that come before the fault. */
export function toldAt({ recording, at }) {
  return recording.told(at)
}

/** The answer broke off there. Whether it was complete, its bytes say. */
export function brokenOff(call) {
  const told = toldAt(call)
  return told.isComplete ? { ends: ['answer'], told, isExact: true, requests: 1 } : failed('stream', { told })
}

/** A reset may overtake what was sent before it, the headers too. */
export function afterReset(call) {
  const { ends, told } = brokenOff(call)
  return {
    ends: [...ends, 'stream', 'connection'],
    told,
    isExact: false,
    requests: call.retry ? 3 : 1,
  }
}

/** As if that had been all: an answer in which nothing came is an empty one. */
export function afterProperEnd(call) {
  const { content, reasoning, isComplete } = toldAt(call)
  return content || reasoning || isComplete ? brokenOff(call) : repeated(call, 'empty_completion')
}

/** The kept connection is replaced by another one; that may have been kept, too. */
export function replaced(call) {
  const requests = call.retry ? 3 : 1
  return { ...answered(call, { requests }), ends: ['answer', 'connection'], isExact: false }
}
