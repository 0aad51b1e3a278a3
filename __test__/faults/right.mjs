/** The right ends of a call. `requests` is how often the server may see it. */

const NOTHING = { content: '', reasoning: '', isComplete: false, hasUsage: false }

/** The recorded answer, whole. */
export function answered({ recording }, { requests = 1 } = {}) {
  return { ends: ['answer'], told: recording.told(recording.body.length), isExact: true, requests }
}

/** One of `codes`. `told`: the text that had come, and must be in `partial`; default: none. */
export function failed(codes, { told = NOTHING, isExact = true, requests = 1, clock } = {}) {
  return { ends: [codes].flat(), told, isExact, requests, clock }
}

/** What a server does every time is asked for once, and twice more where retries are on. */
export function repeated({ retry }, codes) {
  return failed(codes, { requests: retry ? 3 : 1 })
}

/** What a server does once is an error, and with retries the answer. */
export function mended(call, codes) {
  return call.retry ? answered(call, { requests: 2 }) : failed(codes)
}

/** The answer broke off after `at` of its bytes, which all arrived. Whether it is complete, they say. */
export function brokenOff({ recording, at }, codes = 'stream') {
  const told = recording.told(at)
  return told.isComplete ? { ends: ['answer'], told, isExact: true, requests: 1 } : failed(codes, { told })
}
