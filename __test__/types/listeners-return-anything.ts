import type { ProgressCallback, ProviderProgressEvent } from '../../index.js'
import { fallback, OpenAICompatibleProvider } from '../../index.js'

const events: ProviderProgressEvent[] = []
const provider = new OpenAICompatibleProvider()

/** What a listener returns does not matter. */
void provider.query({ prompt: 'hello', onProgress: (event) => events.push(event) })
void provider.query({
  prompt: 'hello',
  onProgress: (event) => event.type === 'message' && process.stdout.write(event.content),
})
void fallback([provider]).chat({ messages: [], onProgress: async (event) => events.push(event) })
export const callback: ProgressCallback = () => null

/** A host that hands its caller's listener on may want it to return less. */
export const ofHost: (event: ProviderProgressEvent) => void | Promise<void> = callback
