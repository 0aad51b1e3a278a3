import { setMaxListeners } from 'node:events'
import { checkObject, describe, mistake, timeoutsOf } from './arguments'
import { CANCELLED, type CallSetup, type PendingCall } from './call'
import type {
  ChatMessage,
  ChatRequest,
  ChatResponse,
  ContentPart,
  Timings,
  ToolLoopResponse,
  Usage,
} from './chat'
import { errorOf, keepMessages, type PartialAnswer, ProviderError, type Refusal, wordsOf } from './errors'
import type { ProviderProgressEvent } from './events'
import type { ChatProvider } from './provider'
import { toolsOf } from './tool-arguments'
import type { Tool, ToolCall, ToolLoopOptions } from './tools'
import { type Given, Turns } from './turns'

export type ToolLoopRequest<T = unknown> = ChatRequest<T> & ToolLoopOptions

/** What a loop shares with the other calls of its provider. */
export interface LoopSetup {
  pending: Set<PendingCall>
  /** The provider's own `timeout.total`: it is for all of the loop. */
  total: number | undefined
  origin: CallSetup<unknown>['origin']
  /** Rejects for images and sounds that no chat of the provider could show. */
  checkMedia: CheckMedia
  /** Why the last answer is none for this caller. */
  refuse: ((response: ChatResponse) => Refusal | undefined) | undefined
}

type CheckMedia = (parts: readonly ContentPart[], signal: AbortSignal) => Promise<void>

/** Whom the loop asks. */
type Asked = Pick<ChatProvider, 'name' | 'chat'>

const DEFAULT_ROUNDS = 10

/** A call that stands in so many rounds one after the other, of which none brings anything new, is not executed any more. */
const SAME_CALLS = 3

/** What the model reads then. */
const REPEATED =
  'This same call was made before, and its result is known. It was not executed again: answer with what you know.'

/** So much of what was written as arguments is shown to the model again, in UTF-16 units. */
const MOST_SHOWN = 2000

/** Asks `provider` in rounds, and executes what it calls. */
export function runToolLoop<T>(
  provider: Asked,
  request: ToolLoopRequest<T>,
  { pending, total, origin, checkMedia, refuse }: LoopSetup,
): Promise<ToolLoopResponse<T>> {
  checkLoop(request)
  toolsOf(request)
  const timeout = { total, ...timeoutsOf(request.timeout) }
  return new Turns<Asked, ToolLoopResponse<T>>({
    providers: [provider],
    isAlone: true,
    options: { ...request, timeout },
    listener: request.onProgress,
    onFallback: undefined,
    pending,
    isClosed: false,
    origin,
    ask: (asked, given, turn) => {
      const controller = new AbortController()
      // Of all tools, side by side: Node warns at the eleventh.
      setMaxListeners(0, controller.signal)
      turn.stop = (reason) => controller.abort(reason)
      const loop = new ToolLoop(asked, request, given, controller.signal, checkMedia).run()
      return refuse ? loop.then((response) => unlessRefused(asked, response, refuse(response))) : loop
    },
  }).result
}

function unlessRefused<R extends ToolLoopResponse>(
  { name: server }: Asked,
  response: R,
  refusal: Refusal | undefined,
): R {
  if (refusal === undefined) return response
  const { attempts } = response.timings
  const error = errorOf({ ...refusal, server, attempts, partial: partialOf(response) })
  if (response.messages.length > 1 && !response.openCalls) keepMessages(error, response.messages)
  throw error
}

function checkLoop({ maxToolRounds, workingDirectory }: ToolLoopOptions): void {
  if (maxToolRounds !== undefined && !(Number.isSafeInteger(maxToolRounds) && maxToolRounds > 0))
    throw mistake(`\`maxToolRounds\` must be a whole number, 1 or more, not ${describe(maxToolRounds)}`)
  if (workingDirectory !== undefined && typeof workingDirectory !== 'string')
    throw mistake('`workingDirectory` must be a string')
}

/** Checks that each of `tools` can be executed: a text cannot hold what is called. */
export function checkExecutable(tools: readonly Tool[]): void {
  for (const tool of tools) {
    checkObject(tool, 'Each of `tools`')
    if (tool.execute === undefined)
      throw mistake(
        `\`query\` cannot answer a call of the tool ${JSON.stringify(tool.name)}: it has no \`execute\``,
        'Give it one, or use `runTools`, `chat` or `stream`, which give the calls to you.',
      )
  }
}

/** The rounds of one call. */
class ToolLoop<T> {
  readonly #provider: Asked
  readonly #request: ToolLoopRequest<T>
  readonly #listener: Given['onProgress']
  readonly #timeout: Given['timeout']
  readonly #signal: AbortSignal
  readonly #checkMedia: CheckMedia
  /** Resolves once the call is over, whatever its tools do. */
  readonly #over: Promise<'over'>
  readonly #tools: ReadonlyMap<string, Tool>
  readonly #started = performance.now()
  readonly #rounds: ChatResponse<T>[] = []
  readonly #messages: ChatMessage[] = []
  /** How many rounds of the complete ones are in `#messages`: a history must not end with calls that have no answer. */
  #complete = 0
  /** In how many rounds up to now each call of the last one stood, since a round brought something new. */
  #repeated = new Map<string, number>()
  /** What each call was answered with last. */
  readonly #answers = new Map<string, string>()
  readonly #warnings: ChatResponse['warnings'] = []
  readonly #toldWarnings = new Set<string>()
  /** Resolves once the listener has taken what it was told of tools. */
  #told: Promise<unknown> = Promise.resolve()

  constructor(
    provider: Asked,
    request: ToolLoopRequest<T>,
    { onProgress, timeout }: Given,
    signal: AbortSignal,
    checkMedia: CheckMedia,
  ) {
    this.#provider = provider
    this.#request = request
    this.#listener = onProgress
    this.#timeout = timeout
    this.#signal = signal
    this.#checkMedia = checkMedia
    this.#over = new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve('over'), { once: true })
    })
    this.#tools = new Map(request.tools?.map((tool) => [tool.name, tool]))
  }

  async run(): Promise<ToolLoopResponse<T>> {
    try {
      return await this.#run()
    } catch (error) {
      // What was executed has had its effect: the caller can go on from there.
      if (this.#complete > 0 && error instanceof ProviderError)
        keepMessages(error, this.#messages.slice(0, this.#complete))
      throw error
    }
  }

  async #run(): Promise<ToolLoopResponse<T>> {
    const { maxToolRounds = DEFAULT_ROUNDS } = this.#request
    let isStuck = false
    for (;;) {
      const isLast = isStuck || this.#rounds.length + 1 >= maxToolRounds
      const response = await this.#ask(isLast)
      const { toolCalls } = response
      this.#rounds.push(response)
      this.#messages.push(response.message)
      if (toolCalls.length === 0) return this.#whole(response)
      isStuck = this.#countRepeated(toolCalls)
      const openCalls = await this.#answer(response, isLast)
      if (isLast || openCalls.length > 0) return this.#whole(response, openCalls)
    }
  }

  #ask(isLast: boolean): Promise<ChatResponse<T>> {
    const { messages } = this.#request
    const listener = this.#listener
    return this.#provider.chat<T>({
      ...this.#request,
      messages: [...messages, ...this.#messages],
      toolChoice: isLast ? 'none' : this.#choice(),
      timeout: this.#timeLeft(),
      signal: this.#signal,
      onProgress: listener && ((event) => (this.#isToldAlready(event) ? undefined : listener(event))),
    })
  }

  /** What must be called need not be called in every round. */
  #choice(): ToolLoopRequest['toolChoice'] {
    const { toolChoice } = this.#request
    const isForced = toolChoice === 'required' || typeof toolChoice === 'object'
    return isForced && this.#rounds.length > 0 ? undefined : toolChoice
  }

  #timeLeft(): Given['timeout'] {
    const total = this.#timeout?.total
    if (!total) return this.#timeout
    return { ...this.#timeout, total: Math.max(1, Math.ceil(this.#started + total - performance.now())) }
  }

  /** Each round may have the same warning. */
  #isToldAlready(event: ProviderProgressEvent): boolean {
    if (event.type !== 'warning') return false
    const key = textOf(event)
    if (this.#toldWarnings.has(key)) return true
    this.#toldWarnings.add(key)
    return false
  }

  /** Whether every call of this round has been made too often. */
  #countRepeated(calls: readonly ToolCall[]): boolean {
    const before = this.#repeated
    const keys = calls.map(keyOf)
    // Beside another call, the same one may have another result: a test after a change.
    const isNew = keys.some((key) => !before.has(key))
    this.#repeated = new Map(keys.map((key) => [key, isNew ? 1 : (before.get(key) ?? 0) + 1]))
    return calls.every((call) => this.#isRepeated(call))
  }

  /** What is answered otherwise than before is worth to be asked again. */
  #noteAnswer(call: ToolCall, content: Content): void {
    const [key, answer] = [keyOf(call), JSON.stringify(content)]
    const before = this.#answers.get(key)
    if (before !== undefined && before !== answer) this.#repeated.set(key, 1)
    this.#answers.set(key, answer)
  }

  #isRepeated(call: ToolCall): boolean {
    return (this.#repeated.get(keyOf(call)) ?? 0) >= SAME_CALLS
  }

  /** Adds one message for each call, but for those that are the caller's to answer: it gives those. */
  async #answer(response: ChatResponse, isLast: boolean): Promise<ToolCall[]> {
    const contents = await Promise.race([this.#contents(response.toolCalls, isLast), this.#over])
    if (contents === 'over' || this.#signal.aborted) throw cancelled(response, this.#signal.reason)
    const openCalls: ToolCall[] = []
    for (const [index, call] of response.toolCalls.entries()) {
      const content = contents[index]
      if (content === undefined) openCalls.push(call)
      else this.#messages.push({ role: 'tool', toolCallId: call.id, name: call.name, content })
    }
    if (openCalls.length === 0) this.#complete = this.#messages.length
    return openCalls
  }

  /** What each call is answered with; nothing where its tool has no `execute`. */
  async #contents(calls: readonly ToolCall[], isLast: boolean): Promise<(Content | undefined)[]> {
    const contents: (Promise<Content> | Content | undefined)[] = []
    for (const call of calls) {
      const tool = this.#tools.get(call.name)
      const refusal = this.#refusal(call, tool, isLast)
      if (refusal === REPEATED)
        await this.#warn(
          'repeated_call',
          `The call of ${call.name} was made ${SAME_CALLS} times, with the same result; it is not executed again.`,
        )
      if (refusal !== undefined || call.arguments === undefined) contents.push(errorText(refusal ?? ''))
      else if (tool?.execute === undefined) contents.push(undefined)
      else {
        const { id: callId, name: toolName, arguments: input } = call
        await this.#tellStart(toolName, callId, input)
        if (this.#signal.aborted) break
        const content = this.#execute(tool, callId, input).then((answer) => {
          this.#noteAnswer(call, answer)
          return answer
        })
        // It may fail by the listener before all of them are waited for.
        content.catch(() => {})
        contents.push(content)
      }
    }
    return await Promise.all(contents)
  }

  /** Why a call is not executed: the model is told. */
  #refusal(call: ToolCall, tool: Tool | undefined, isLast: boolean): string | undefined {
    if (call.invalid !== undefined)
      return `This call cannot be used: ${call.invalid}. Its arguments were written as: ${call.rawArguments.slice(0, MOST_SHOWN)}`
    if (tool === undefined)
      return `There is no tool ${JSON.stringify(call.name)}. There are: ${[...this.#tools.keys()].join(', ')}`
    if (isLast) return 'No more calls are executed.'
    return this.#isRepeated(call) ? REPEATED : undefined
  }

  async #execute(tool: Tool, callId: string, input: Record<string, unknown>): Promise<Content> {
    const { workingDirectory } = this.#request
    const context = {
      callId,
      signal: this.#signal,
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
    }
    const end = { type: 'tool_end', toolName: tool.name, callId } as const
    let content: Content
    let outcome: { result: unknown } | { error: string }
    try {
      // What the tool makes of it is not what the model wrote.
      const result = await tool.execute?.(structuredClone(input), context)
      content = contentOf(result)
      if (typeof content !== 'string') await this.#checkMedia(content, this.#signal)
      outcome = { result }
    } catch (thrown) {
      const error = wordsOf(thrown)
      content = errorText(error)
      outcome = { error }
    }
    await this.#tell({ ...end, ...outcome })
    return content
  }

  /** The listener's own `input`: what it makes of that is neither what the tool gets nor what the history holds. */
  async #tellStart(toolName: string, callId: string, input: Record<string, unknown>): Promise<void> {
    if (this.#listener)
      await this.#tell({ type: 'tool_start', toolName, callId, input: structuredClone(input) })
  }

  /** Tells the listener, after what it was told before. */
  async #tell(event: ProviderProgressEvent): Promise<void> {
    const listener = this.#listener
    if (!listener) return
    const told = this.#told.then(() => (this.#signal.aborted ? undefined : listener(event)))
    this.#told = told.catch(() => {})
    await told
  }

  async #warn(code: string, message: string): Promise<void> {
    const warning = { code, message }
    if (this.#warnings.some((known) => textOf(known) === textOf(warning))) return
    this.#warnings.push(warning)
    await this.#tell({ type: 'warning', ...warning })
  }

  /** The last answer, with what all rounds took. */
  #whole(last: ChatResponse<T>, openCalls: ToolCall[] = []): ToolLoopResponse<T> {
    const warnings = [...this.#rounds.flatMap((round) => round.warnings), ...this.#warnings]
    const { usage: _, ...response } = last
    const usage = usageOf(this.#rounds)
    return {
      ...response,
      ...(usage === undefined ? {} : { usage }),
      timings: timingsOf(this.#rounds, performance.now() - this.#started),
      warnings: [...new Map(warnings.map((warning) => [textOf(warning), warning])).values()],
      messages: this.#messages,
      ...(openCalls.length > 0 ? { openCalls } : {}),
    }
  }
}

type Content = string | readonly ContentPart[]

function keyOf(call: ToolCall): string {
  return JSON.stringify([call.name, call.arguments ?? call.rawArguments])
}

function textOf({ code, message }: { code: string; message: string }): string {
  return `${code} ${message}`
}

function errorText(message: string): string {
  return `Error: ${message}`
}

/** What a tool gave, as the model reads it. Throws for what JSON cannot hold. */
function contentOf(result: unknown): Content {
  if (result === undefined) return ''
  if (typeof result === 'string' || isContent(result)) return result
  const json: string | undefined = JSON.stringify(result)
  if (json === undefined) throw new TypeError(`The tool gave a ${typeof result}: JSON cannot hold it`)
  return json
}

function isContent(result: unknown): result is readonly ContentPart[] {
  const isPart = (part: unknown) => {
    const { type, text, image, audio, format } = (part ?? {}) as Record<string, unknown>
    if (type === 'image') return image !== undefined
    if (type === 'audio') return audio !== undefined && typeof format === 'string'
    return type === 'text' && typeof text === 'string'
  }
  return Array.isArray(result) && result.length > 0 && result.every(isPart)
}

function cancelled(response: ChatResponse, cause: unknown): Error {
  const { attempts } = response.timings
  return errorOf({ code: 'aborted', message: CANCELLED, attempts, partial: partialOf(response) }, { cause })
}

function partialOf({ content, reasoning, toolCalls }: ChatResponse): PartialAnswer {
  return { content, toolCalls, ...(reasoning === undefined ? {} : { reasoning }) }
}

/** The sum; nothing where one round was not counted. */
function usageOf(rounds: readonly ChatResponse[]): Usage | undefined {
  const sum: Usage = { inputTokens: 0, outputTokens: 0, totalTokens: 0 }
  for (const { usage } of rounds) {
    if (usage === undefined) return undefined
    for (const [name, count] of Object.entries(usage) as [keyof Usage, number][])
      sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}

/** The first token is that of the first round, the speed that of the last. */
function timingsOf(rounds: readonly ChatResponse[], total: number): Timings {
  const all = rounds.map(({ timings }) => timings)
  const { firstToken } = all[0] ?? {}
  const { tokensPerSecond } = all.at(-1) ?? {}
  const summed = (name: 'serverPrompt' | 'serverGeneration') => {
    const times = all.map((timings) => timings[name])
    return times.includes(undefined)
      ? {}
      : { [name]: times.reduce<number>((sum, time) => sum + (time ?? 0), 0) }
  }
  return {
    total,
    ...(firstToken === undefined ? {} : { firstToken }),
    ...summed('serverPrompt'),
    ...summed('serverGeneration'),
    ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }),
    attempts: all.reduce((sum, { attempts }) => sum + attempts, 0),
    cached: all.every(({ cached }) => cached),
  }
}
