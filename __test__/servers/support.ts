import { onTestFinished } from 'vitest'
import type { OpenAICompatibleProvider, ProviderConfig } from '../../index.js'
import { type Answer, json, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'

/** A server that answers these questions, such as `GET /version`, and all others with 404. */
export async function startServer(answers: Record<string, Answer>): Promise<ScriptedServer> {
  const server = await startScriptedServer()
  server.answersQuestions(json({ detail: 'Not Found' }, 404))
  for (const [question, answer] of Object.entries(answers)) server.answersTo(question, answer)
  return server
}

/** A provider of this class for one test. */
export function open<T extends OpenAICompatibleProvider>(
  Provider: new (config: ProviderConfig) => T,
  server: ScriptedServer,
  config: ProviderConfig = {},
): T {
  const provider = new Provider({ baseURL: server.baseURL, retry: { baseDelay: 1 }, ...config })
  onTestFinished(() => provider.close())
  return provider
}
