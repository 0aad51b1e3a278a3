/** What a server sends, in the protocol's own form. */

export function chunk(delta: object, finishReason: string | null = null, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }]
  return event({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })
}

export function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export const role = chunk({ role: 'assistant', content: '' })
export const text = (content: string): string => chunk({ content })
export const reasoning = (content: string): string => chunk({ reasoning_content: content })
export const comment = ': ping\n\n'
export const finish = chunk({}, 'stop')
export const done = 'data: [DONE]\n\n'

/** The chunks of a whole answer. */
export function answer(...pieces: string[]): string[] {
  return [role, ...pieces.map(text), finish, done]
}

/** An error's body, as most servers write it. */
export function refusal(message: string, more: object = {}): string {
  return JSON.stringify({ error: { message, ...more } })
}
