// The lines of a text that are nearest in meaning to what is sought, the three best first:
//
//     node examples/semantic-search.mjs 'how to stop an answer' < README.md
//
// OPENAI_COMPATIBLE_BASE_URL says where the server is; without it, LM Studio's port on this machine. It needs a model
// for embeddings.
import { text } from 'node:stream/consumers'
import { OpenAICompatibleProvider, ProviderError } from 'local-llm-provider'

const provider = new OpenAICompatibleProvider()
const sought = process.argv[2] ?? 'How do I install it?'
const lines = (await text(process.stdin)).split('\n').filter((line) => line.trim() !== '')

try {
  const { embeddings } = await provider.embed([sought, ...lines])
  const [target, ...others] = embeddings
  const found = others
    .map((embedding, index) => ({ line: lines[index], nearness: cosine(target, embedding) }))
    .sort((one, other) => other.nearness - one.nearness)
  for (const { line, nearness } of found.slice(0, 3)) console.log(`${nearness.toFixed(3)}  ${line}`)
} catch (error) {
  if (!(error instanceof ProviderError)) throw error
  console.error([error.message, error.hint].filter(Boolean).join('\n'))
  process.exitCode = 1
}

function cosine(one, other) {
  const product = (a, b) => a.reduce((sum, value, index) => sum + value * b[index], 0)
  return product(one, other) / Math.sqrt(product(one, one) * product(other, other))
}
