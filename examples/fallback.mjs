// An answer from the first server that gives one:
//
//     node examples/fallback.mjs 'Why is the sky blue?' http://localhost:1234 http://localhost:8080
//
// Without addresses: the server that OPENAI_COMPATIBLE_BASE_URL names, else LM Studio's port on this machine.
import { fallback, OpenAICompatibleProvider, ProviderError } from 'local-llm-provider'

const [question = 'Say hello in one sentence.', ...addresses] = process.argv.slice(2)

const servers = (addresses.length > 0 ? addresses : [undefined]).map(
  (address) => new OpenAICompatibleProvider(address),
)
const provider = fallback(servers, {
  onFallback: (_from, _to, error) => console.error(`${error.message}: asking the next`),
})

try {
  console.log(await provider.query({ prompt: question }))
} catch (error) {
  if (!(error instanceof ProviderError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
