/**
 *     npm run demo
 *     npm run demo -- --url http://localhost:1234 [--model NAME] [--key KEY]
 */
import { parseArgs } from 'node:util'
import { startLlamaServer } from '../tiny-model/server.mjs'
import { installServer } from './steps/install-server.mjs'
import { prepare } from './steps/prepare.mjs'
import { Failure, heading, main } from './steps/run.mjs'

// The tiny model answers to trigger words; any other gets questions that it can understand.
const TRIGGERS = { hello: 'hello', think: 'think', story: 'story', tokens: 4000 }
const QUESTIONS = {
  hello: 'Say hello in one sentence.',
  think: 'What is two and two? Think first.',
  story: 'Tell me a very long story about the king of clocks.',
  tokens: 200,
}

await main(async () => {
  const { url, model, key } = options()
  if (!url) await installServer()
  await prepare()
  // Only now: what it loads may just have been built.
  const { play } = await import('./demo/acts.mjs')
  if (url) return play({ url, model, key, prompts: QUESTIONS })

  heading('llama.cpp’s server: starting with the tiny model')
  const server = await startLlamaServer({ alias: 'tiny-chat' })
  heading(`llama.cpp’s server: ready at ${server.url}, process ${server.pid}`)
  try {
    await play({ url: server.url, prompts: TRIGGERS, compare: true })
  } finally {
    await server.stop()
  }
})

function options() {
  try {
    const text = { type: 'string' }
    return parseArgs({ options: { url: text, model: text, key: text } }).values
  } catch (error) {
    throw new Failure(`${error.message}\nUse: npm run demo -- [--url ADDRESS] [--model NAME] [--key KEY]`)
  }
}
