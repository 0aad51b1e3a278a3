import { OpenAICompatibleProvider, ProviderError } from '../../index.js'
import { Failure } from '../steps/run.mjs'
import { answer, reasoning } from './answer.mjs'
import { cancel } from './cancel.mjs'
import { cost } from './cost.mjs'
import { slotsOf } from './slots.mjs'
import { status } from './status.mjs'

/** The demo, against the server at `url`. */
export async function play({ url, model, key, ...script }) {
  try {
    const provider = new OpenAICompatibleProvider({ host: url, model, apiKey: key })
    await acts(provider, key, script).finally(() => provider.close())
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    throw new Failure([error.message, error.hint].filter(Boolean).join('\n'))
  }
}

async function acts(provider, key, { prompts, compare }) {
  await status(provider)
  await answer(provider, prompts.hello)
  await reasoning(provider, prompts.think)
  await cancel(provider, prompts.story, slotsOf(provider.baseURL, key))
  await cost(provider, prompts.story, prompts.tokens, { compare })
}
