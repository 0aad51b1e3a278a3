import { mistake, TOOLS } from './arguments'

/** Known fields that one method does not take, though another does: they would be ignored. And what to write instead. */
const ELSEWHERE = {
  chat: {
    prompt: "Write it as a message: `messages: [{ role: 'user', content: prompt }]`.",
    systemPrompt: "Write it as a message: `messages: [{ role: 'system', content: systemPrompt }, …]`.",
    history: 'Write all turns as `messages`: `[...history, …]`.',
    images:
      "Write them as parts of a message: `{ role: 'user', content: [{ type: 'text', text }, { type: 'image', image }] }`.",
    suffix: 'Use `complete`.',
  },
  query: {
    messages: 'Write earlier turns as `history` and the question as `prompt`, or use `chat`.',
    suffix: 'Use `complete`.',
  },
  complete: Object.fromEntries(
    [
      'messages',
      'systemPrompt',
      'history',
      'images',
      'responseFormat',
      'logprobs',
      'reasoning',
      ...TOOLS,
    ].map((name) => [name, 'It is for chats only: leave it out, or use `query` or `chat`.']),
  ),
} satisfies Record<string, Record<string, string>>

/** Checks that a request has nothing that only another method takes. */
export function checkMethod(request: object, method: keyof typeof ELSEWHERE): void {
  for (const [name, hint] of Object.entries(ELSEWHERE[method])) {
    if (request[name as never] != null) throw mistake(`\`${name}\` is no field of \`${method}\``, hint)
  }
}

/** Fields that other packages' messages have, and what to write instead: they would be ignored. */
const OTHERS_FIELDS = [
  ['tool_calls', 'Write `toolCalls`, a list of `{ id, name, rawArguments, arguments }`.'],
  ['tool_call_id', 'Write `toolCallId`.'],
  ['function_call', 'Write `toolCalls`, a list of `{ id, name, rawArguments, arguments }`.'],
  ['reasoning_content', 'Write `reasoning`.'],
  ['images', "Write them as parts of the `content`: `{ type: 'image', image }`."],
] as const
const OTHERS_PARTS: Record<string, string> = {
  image_url:
    "Write `{ type: 'image', image }`: an `image` is an address, a data URL, bytes, { path } or { base64 }.",
  input_audio: "Write `{ type: 'audio', audio: { base64 }, format }`.",
}

/** Checks that messages are none of another package's. `place` names them in an error. */
export function checkMessages(messages: unknown, place: string): void {
  if (!Array.isArray(messages)) return
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]
    if (typeof message !== 'object' || message === null) continue
    for (const [name, hint] of OTHERS_FIELDS) {
      if (message[name] != null) throw mistake(`\`${place}[${index}].${name}\` is no field`, hint)
    }
    if (Array.isArray(message.content)) checkParts(message.content, `${place}[${index}].content`)
    if (
      Array.isArray(message.toolCalls) &&
      message.toolCalls.some((call: { function?: unknown }) => call?.function)
    )
      throw mistake(
        `\`${place}[${index}].toolCalls\` has a call as other packages write it`,
        'Write `{ id, name, rawArguments, arguments }`; what `chat` gives as `message` is a message as it is.',
      )
  }
}

function checkParts(parts: readonly { type?: string }[], place: string): void {
  for (const [index, part] of parts.entries()) {
    const hint = OTHERS_PARTS[part?.type ?? '']
    if (hint !== undefined)
      throw mistake(`\`${place}[${index}].type\` is none of 'text', 'image', 'audio'`, hint)
  }
}
