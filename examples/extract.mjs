// What a text says, as data:
//
//     node examples/extract.mjs 'Ada Lovelace, born in 1815, wrote the first program.'
//
// OPENAI_COMPATIBLE_BASE_URL says where the server is; without it, LM Studio's port on this machine. Needs `zod`.
import { InvalidResponseError, OpenAICompatibleProvider } from 'local-llm-provider'
import { z } from 'zod'

const Note = z.object({
  title: z.string().describe('A headline of a few words'),
  mood: z.enum(['glad', 'neutral', 'sad']),
  people: z.array(z.string()).max(3).describe('The names of all who are mentioned'),
})

const provider = new OpenAICompatibleProvider()
const [text = 'Ada Lovelace, born in 1815, wrote the first program.'] = process.argv.slice(2)

try {
  const { parsed, finishReason } = await provider.chat({
    messages: [
      { role: 'system', content: 'Extract what the text says as JSON.' },
      { role: 'user', content: text },
    ],
    responseFormat: { type: 'json_schema', name: 'note', schema: Note },
    temperature: 0,
    maxTokens: 1000,
  })
  // Typed by the schema; absent where the answer was cut off.
  if (parsed)
    console.log(`${parsed.title} (${parsed.mood})\n${parsed.people.map((name) => `- ${name}`).join('\n')}`)
  else console.error(`No whole answer: ${finishReason}`)
} catch (error) {
  if (!(error instanceof InvalidResponseError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
