import { OpenAICompatibleProvider } from '../../index.js'
import { eachOf, outcomeOf, TIMEOUT } from './calls.mjs'
import { mistakes } from './judge.mjs'

/** So many calls run at the same time. */
const WIDTH = 16

/** What `retry` is, where retries are on: without waits worth the name. */
export const RETRIES = { baseDelay: 1 }

/** Plays all cases; gives each with what became of it, and what is wrong with that. */
export async function play(cases, { server, closedPort, signal }) {
  const providers = new Map()
  const providerOf = (door, retry) => {
    const key = `${door} ${retry}`
    const baseURL = door === 'closed' ? `http://127.0.0.1:${closedPort}/v1` : server.baseURL(door)
    const config = { baseURL, model: 'm', apiKey: '', retry: retry ? RETRIES : false }
    if (!providers.has(key)) providers.set(key, new OpenAICompatibleProvider(config))
    return providers.get(key)
  }
  const played = []
  await eachOf(cases, WIDTH, async (one) => {
    const { fault, recording, at, way, retry, number, seed } = one
    const provider = providerOf(fault.door ?? 'closing', retry)
    const prompt = JSON.stringify({ fault: fault.name, recording: recording.name, at, number, seed })
    const outcome = await outcomeOf(way, provider, { prompt, signal, timeout: fault.timeout })
    played.push({ ...one, outcome })
  })
  const requests = await server.requests()
  return played.map((one) => ({ ...one, wrong: wrongWith(one, requests.get(one.number)) }))
}

function wrongWith({ outcome, ...one }, requests) {
  const { fault, recording } = one
  const right = { ...fault.right(one), totalTokens: recording.whole.totalTokens }
  // Behind these doors nobody reads a request.
  const arrived = fault.plays.length > 0 ? (requests ?? []) : undefined
  return mistakes(outcome, { right, arrived, clocks: { ...TIMEOUT, ...fault.timeout } })
}
