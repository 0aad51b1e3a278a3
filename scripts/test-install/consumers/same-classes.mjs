import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import * as imported from 'local-llm-provider'

const required = createRequire(import.meta.url)('local-llm-provider')

assert.equal(imported.OpenAICompatibleProvider, required.OpenAICompatibleProvider)
assert.equal(imported.ProviderError, required.ProviderError)
const { default: whole, ...named } = imported
assert.equal(whole, required)
for (const [name, value] of Object.entries(required)) assert.equal(named[name], value, name)

const error = await new imported.OpenAICompatibleProvider({ baseURL: process.argv[2], model: 'missing' })
  .query({ prompt: 'Say hello' })
  .catch((reason) => reason)
assert(error instanceof required.ModelNotFoundError)
assert(error instanceof required.ProviderError)
