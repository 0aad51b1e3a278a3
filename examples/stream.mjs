// An answer as it is written:
//
//     node examples/stream.mjs 'Why is the sky blue?'
//
// OPENAI_COMPATIBLE_BASE_URL says where the server is; without it, LM Studio's port on this machine.
import { OpenAICompatibleProvider } from 'local-llm-provider'

const provider = new OpenAICompatibleProvider()
const [question = 'Say hello in one sentence.'] = process.argv.slice(2)

const stream = provider.stream({ messages: [{ role: 'user', content: question }] })
for await (const event of stream) {
  if (event.type === 'message') process.stdout.write(event.content)
  if (event.type === 'reasoning') process.stderr.write(event.content)
}

const { model, usage, timings } = await stream.response()
console.error(
  `\n${model}: ${usage?.outputTokens} tokens, the first after ${Math.round(timings.firstToken)} ms`,
)
