// A commit message for what is staged:
//
//     git diff --staged | node examples/commit-message.mjs
//
// OPENAI_COMPATIBLE_BASE_URL says where the server is; without it, LM Studio's port on this machine.
import { text } from 'node:stream/consumers'
import {
  AuthenticationError,
  ConnectionError,
  ContextLengthError,
  OpenAICompatibleProvider,
  ProviderError,
} from 'local-llm-provider'

const provider = new OpenAICompatibleProvider()

try {
  const message = await provider.query({
    systemPrompt: 'Write a commit message for this diff: one line, imperative, at most 72 characters.',
    prompt: await text(process.stdin),
    temperature: 0.2,
    onProgress(event) {
      if (event.type === 'reasoning') process.stderr.write(event.content)
    },
  })
  console.log(message.trim())
} catch (error) {
  if (!(error instanceof ProviderError)) throw error
  console.error(explain(error))
  process.exitCode = 1
}

function explain(error) {
  if (error instanceof ConnectionError) return `No server answers at ${provider.baseURL}. ${error.hint ?? ''}`
  if (error instanceof AuthenticationError) return `The server wants another key: ${error.message}`
  if (error instanceof ContextLengthError) return 'The diff is too long for this model: stage less at a time.'
  return [error.message, error.hint].filter(Boolean).join('\n')
}
