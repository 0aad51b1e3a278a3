// An answer that you can stop with Ctrl-C, and that stops by itself after a while:
//
//     node examples/cancel.mjs 'Tell me a long story.' 10
//
// Either way the server stops generating, and what it had written is not lost.
// OPENAI_COMPATIBLE_BASE_URL says where the server is; without it, LM Studio's port on this machine.
import { AbortError, OpenAICompatibleProvider } from 'local-llm-provider'

const provider = new OpenAICompatibleProvider()
const [prompt = 'Tell me a long story.', seconds = 10] = process.argv.slice(2)

const person = new AbortController()
process.once('SIGINT', () => person.abort())

try {
  const signal = AbortSignal.any([person.signal, AbortSignal.timeout(seconds * 1000)])
  console.log(await provider.query({ prompt, signal }))
} catch (error) {
  if (!(error instanceof AbortError)) throw error
  console.log(`${error.partial?.content ?? ''}…`)
}
