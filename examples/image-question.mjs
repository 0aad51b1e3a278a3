// Asks about images, by their paths or addresses, and writes the answer as it comes:
//
//     node examples/image-question.mjs --url http://localhost:8080 'What is on these?' cat.png https://example.com/dog.jpg
//
// Without --url, OPENAI_COMPATIBLE_BASE_URL says where the server is, or it is LM Studio's port on this machine. It needs a
// model that sees images.
import { parseArgs } from 'node:util'
import { OpenAICompatibleProvider, ProviderError } from 'local-llm-provider'

const { values, positionals } = parseArgs({ options: { url: { type: 'string' } }, allowPositionals: true })
const [prompt = 'What is on this image?', ...places] = positionals
const images = places.map((place) => (/^https?:/.test(place) ? place : { path: place }))

try {
  await new OpenAICompatibleProvider({ host: values.url }).query({
    prompt,
    images,
    onProgress(event) {
      if (event.type === 'message') process.stdout.write(event.content)
    },
  })
  process.stdout.write('\n')
} catch (error) {
  if (!(error instanceof ProviderError)) throw error
  console.error([error.message, error.hint].filter(Boolean).join('\n'))
  process.exitCode = 1
}
