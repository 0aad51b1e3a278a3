import { checkObject, describe, mistake, OPTIONS, optionsOf, TOOLS } from './arguments'
import { isThenable } from './call'

const configured = (field: string) => `It belongs to the provider's configuration: write \`${field}\` there.`

/** What other packages call an option, or where they take it, and what to write instead. */
const OTHERS_OPTIONS = {
  maxOutputTokens: 'Write `maxTokens`.',
  maxCompletionTokens: 'Write `maxTokens`.',
  reasoningEffort: 'Write `reasoning`.',
  timeoutMs: 'Write `timeout`.',
  abortSignal: 'Write `signal`.',
  maxSteps: 'Write `maxToolRounds`.',
  maxRetries: configured('retry: { maxRetries }'),
  retry: configured('retry'),
  headers: configured('headers'),
  numCtx: configured('numCtx'),
  keepAlive: configured('keepAlive'),
}

/** Known fields that one method does not take, though another does: they would be ignored. And what to write instead. */
const ELSEWHERE = {
  chat: {
    prompt: "Write it as a message: `messages: [{ role: 'user', content: prompt }]`.",
    systemPrompt: "Write it as a message: `messages: [{ role: 'system', content: systemPrompt }, …]`.",
    system: "Write it as a message: `messages: [{ role: 'system', content: system }, …]`.",
    history: 'Write all turns as `messages`: `[...history, …]`.',
    images:
      "Write them as parts of a message: `{ role: 'user', content: [{ type: 'text', text }, { type: 'image', image }] }`.",
    suffix: 'Use `complete`.',
  },
  query: {
    messages: 'Write earlier turns as `history` and the question as `prompt`, or use `chat`.',
    system: 'Write `systemPrompt`.',
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

const hintsOf = (method: keyof typeof ELSEWHERE) =>
  new Map(Object.entries({ ...OTHERS_OPTIONS, ...ELSEWHERE[method] }))
const OF_CHATS = hintsOf('chat')
const HINTS = {
  chat: OF_CHATS,
  stream: OF_CHATS,
  runTools: OF_CHATS,
  countTokens: OF_CHATS,
  query: hintsOf('query'),
  complete: hintsOf('complete'),
}

/** The methods that take a conversation. */
type OfChats = 'chat' | 'stream' | 'runTools' | 'countTokens'

/** Checks that it is the request of a conversation, with something to answer. Its other fields, `optionsOf` checks. */
export function checkChat(request: { messages?: unknown }, method: OfChats): void {
  checkRequest(request, method)
  const { messages } = request
  if (!Array.isArray(messages) || messages.length === 0) {
    // They may stand in another field.
    checkMethod(request, method)
    const given = Array.isArray(messages) ? 'an empty one' : describe(messages)
    throw mistake(
      `\`messages\` must be a list of at least one message, not ${given}`,
      "Write `messages: [{ role: 'user', content: … }]`.",
    )
  }
  checkMessages(messages, 'messages')
}

/** Checks that it is a request at all. */
export function checkRequest(request: unknown, method: OfChats): void {
  checkObject(request, 'The request', `Write \`${method}({ messages: [{ role: 'user', content: … }] })\`.`)
}

/** What a method does not take, and what to write instead. */
export function misplacedIn(method: string): ReadonlyMap<string, string> {
  return HINTS[method as keyof typeof HINTS] ?? OF_CHATS
}

/** Checks that a request has nothing that only another method, or another package, takes. */
export function checkMethod(request: object, method: keyof typeof HINTS): void {
  optionsOf(request, method, misplacedIn(method))
}

/** Fields that other packages' configurations have, and what to write instead: they would be ignored. */
const OTHERS_CONFIG = new Map<string, string>([
  ['url', 'Write `baseURL`.'],
  ['endpoint', 'Write `baseURL`.'],
  ['hostname', 'Write `host`.'],
  ['defaultModel', 'Write `model`.'],
  ['defaultHeaders', 'Write `headers`.'],
  ['defaultQuery', 'Write `query`.'],
  ['maxRetries', 'Write `retry: { maxRetries }`.'],
  ['insecure', 'Write `tls: { insecure }`.'],
  ...OPTIONS.map((name): [string, string] => [name, `Write \`defaults: { ${name} }\`.`]),
])

/** Checks that a configuration is none of another package's. `own`: fields that are known besides. */
export function checkConfig(config: object, own: readonly string[]): void {
  for (const name of Object.keys(config)) {
    const hint = own.includes(name) ? undefined : OTHERS_CONFIG.get(name)
    if (hint !== undefined && config[name as never] != null)
      throw mistake(`\`${name}\` is no field of the configuration`, hint)
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

/** Checks that messages are what they should be, and none of another package's. `place` names them in an error. */
export function checkMessages(messages: unknown, place: string): void {
  if (!Array.isArray(messages)) return
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index]
    if (typeof message === 'object' && message !== null) checkMessage(message, `${place}[${index}]`)
  }
}

function checkMessage(message: Record<string, unknown>, place: string): void {
  if (typeof message.role !== 'string') checkNoAnswer(message, place)
  const { content, toolCalls, tool_calls, tool_call_id, function_call, reasoning_content, images } = message
  // Most have none, which is seen without a loop.
  if (tool_calls ?? tool_call_id ?? function_call ?? reasoning_content ?? images) {
    for (const [name, hint] of OTHERS_FIELDS) {
      if (hasContent(message[name])) throw mistake(`\`${place}.${name}\` is no field`, hint)
    }
  }
  if (Array.isArray(content)) checkParts(content, `${place}.content`)
  if (Array.isArray(toolCalls) && toolCalls.some((call: { function?: unknown }) => call?.function))
    throw mistake(
      `\`${place}.toolCalls\` has a call as other packages write it`,
      'Write `{ id, name, rawArguments, arguments }`; what `chat` gives as `message` is a message as it is.',
    )
}

/** Checks that what has no role is nothing that calls give, to be appended by its messages only. */
function checkNoAnswer(given: Record<string, unknown>, place: string): void {
  if (Array.isArray(given))
    throw mistake(`\`${place}\` is a list, not a message`, 'Spread it: `[...messages, ...more]`.')
  if (isThenable(given))
    throw mistake(`\`${place}\` is a promise, not a message`, 'Await it, and append its `message`.')
  if (typeof given.response === 'function')
    throw mistake(`\`${place}\` is a stream, not a message`, 'Append `(await stream.response()).message`.')
  if (Array.isArray(given.messages))
    throw mistake(`\`${place}\` is an answer, not a message`, 'Append `...response.messages`.')
  if (typeof given.message === 'object')
    throw mistake(`\`${place}\` is an answer, not a message`, 'Append `response.message`.')
}

/** What is empty says nothing that would be lost: some servers' messages always have such fields. */
function hasContent(value: unknown): boolean {
  return value != null && value !== '' && !(Array.isArray(value) && value.length === 0)
}

function checkParts(parts: readonly { type?: string }[], place: string): void {
  for (const [index, part] of parts.entries()) {
    const hint = OTHERS_PARTS[part?.type ?? '']
    if (hint !== undefined)
      throw mistake(`\`${place}[${index}].type\` is none of 'text', 'image', 'audio'`, hint)
  }
}
