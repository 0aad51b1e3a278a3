import type { ChatMessage, ChatProvider, ToolCall, ToolLoopResponse } from '../../index.js'

/** Whichever way a caller asks, it is known afterwards what a call has. */
export function used(calls: readonly ToolCall[]): unknown[] {
  const found: unknown[] = []
  for (const call of calls) {
    if (call.invalid) continue
    found.push(call.arguments.city, call.repaired)
  }
  for (const call of calls) {
    if (call.invalid === undefined) found.push(call.arguments.city)
    else found.push(call.invalid.length)
  }
  for (const call of calls) {
    if (call.arguments) found.push(call.arguments.city)
    else found.push(call.invalid satisfies string)
  }
  return found
}

/** One may be written by hand. */
const head = { id: '1', name: 'weather', rawArguments: '{' }
export const written: ToolCall[] = [
  { ...head, invalid: 'cut off' },
  { ...head, invalid: `cut off behind ${head.rawArguments}` },
  { ...head, arguments: {}, repaired: undefined },
]

// @ts-expect-error: neither arguments nor a reason
export const neither: ToolCall = head

/** What a loop left open is answered in the history. */
export async function answered(provider: ChatProvider, messages: ChatMessage[]): Promise<ChatMessage[]> {
  const response: ToolLoopResponse = await provider.runTools({ messages })
  const results = (response.openCalls ?? []).map(({ id }) => ({
    role: 'tool' as const,
    toolCallId: id,
    content: 'done',
  }))
  return [...messages, ...response.messages, ...results]
}
