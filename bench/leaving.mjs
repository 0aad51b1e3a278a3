import { get } from 'node:http'
import { json } from 'node:stream/consumers'

/** The quickest of so many exchanges says what the server's clock shows by this process's. */
const EXCHANGES = 20

/**
 * When the server last saw a client leave in the middle of an answer: `left` in microseconds by its clock, null where
 * none has; `at` in milliseconds by `performance.now()`.
 */
export async function lastLeaving(server) {
  let quickest = { took: Number.POSITIVE_INFINITY }
  for (let count = 0; count < EXCHANGES; count++) {
    const asked = performance.now()
    const { answered, now, left } = await exchange(`${server}/leaving`)
    const took = answered - asked
    if (took < quickest.took) quickest = { took, left, at: asked + took / 2 - (now - left) / 1000 }
  }
  return quickest
}

function exchange(url) {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      const answered = performance.now()
      json(response).then((times) => resolve({ answered, ...times }), reject)
    }).on('error', reject)
  })
}
