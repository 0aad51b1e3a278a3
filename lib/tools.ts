import type { AbortSignalLike } from './config'

/**
 * A JSON Schema as an object, also where an interface is its type. A schema object of a library is none: it can be
 * converted to one.
 */
// biome-ignore lint/suspicious/noExplicitAny: to a record of `unknown`, no interface can be assigned
export type JSONSchema = Record<string, any> & {
  readonly [name in 'safeParse' | '~run' | 'length']?: never
}

/** Something that the model may ask for. */
export interface Tool {
  /** Servers that take only letters, digits, `_` and `-` are sent another; calls have this one. */
  name: string
  description?: string | undefined
  /** JSON Schema of the arguments. @defaultValue an object without properties */
  parameters?: JSONSchema | undefined
  /** The server holds the model to the schema, where it can. */
  strict?: boolean | undefined
  /**
   * With it, `query` and `runTools` call the tool themselves. A text that it returns (or its promise gives) is the result
   * as it is, as is a list of content parts; `undefined` is an empty text, and anything else goes as JSON. What it throws
   * is the result, too: the model reads it, and goes on. So it is with an image or a sound that cannot be read.
   *
   * **The arguments are what the model wrote**, an object, but not checked against `parameters`: a field may be missing,
   * or of another type. Check what you rely on, and throw what is wrong: the model can mend it.
   *
   * (By the method form, a tool may name the arguments that its schema has: in place, or by a `type`. An `interface`,
   * TypeScript does not take here.)
   */
  execute?: { call(args: Record<string, unknown>, context: ToolContext): unknown }['call'] | undefined
}

/** What a tool is told beside its arguments. */
export interface ToolContext {
  callId: string
  /** Aborts once the call that runs the tool is over. Hand it on to whatever can be stopped: nobody waits for that. */
  signal: typeof globalThis extends { AbortSignal: { prototype: infer Signal } } ? Signal : AbortSignalLike
  /** As it was given to the call. */
  workingDirectory?: string
}

/**
 * What the model asked for. It has its arguments, or the reason why not:
 *
 * ```ts
 * for (const call of response.toolCalls) {
 *   if (call.invalid) console.error(`${call.name} cannot be called: ${call.invalid}`)
 *   else run(call.name, call.arguments)
 * }
 * ```
 *
 * `repaired`: what the model wrote was no JSON as
 * it stood; the `''` of a call without arguments does not count.
 */
export type ToolCall = {
  /** Unique within the answer, whatever the server sent. */
  id: string
  /** As the tool was offered. One that was not offered is here, too, with a warning `unknown_tool`. */
  name: string
  /** What the model wrote. */
  rawArguments: string
} & (
  | { arguments: Record<string, unknown>; repaired?: boolean | undefined; invalid?: undefined }
  /**
   * Why it cannot be used: cut off, no JSON object even after repair, or against the request's `toolChoice`. It is
   * never executed; in a loop it goes back to the model as that call's error.
   */
  | { invalid: SomeText; arguments?: undefined }
)

/** A text that is not empty, as far as TypeScript can say so: by it, `if (call.invalid) continue` tells calls apart. */
// biome-ignore lint/suspicious/noExplicitAny: of `${string}`, TypeScript makes a `string`, which may be empty
type SomeText = `${any}`

export interface ToolOptions {
  tools?: readonly Tool[] | undefined
  /**
   * Where the server does not heed it: for a name, only that tool is offered, and for `'none'`, none is; a call against
   * the choice is `invalid`, and an answer without the call it asked for has a warning `tool_choice`.
   * @defaultValue what the server does: 'auto'
   */
  toolChoice?: 'auto' | 'none' | 'required' | { name: string } | undefined
  /** `false`: at most one call an answer; what a server sends beyond that is left out, with a warning. */
  parallelToolCalls?: boolean | undefined
  /**
   * `'native'`: tools are sent as the protocol has them, and only calls that the server tells apart are read.
   * `'prompted'`: they are described in the prompt, and calls are read from the text, both in the style that the model's
   * family knows. `'auto'`: native, but calls in the text are read, too; and prompted, with a warning `tools_in_prompt`,
   * once the server has refused tools for the model or said that it takes none. @defaultValue 'auto'
   */
  toolMode?: 'auto' | 'native' | 'prompted' | undefined
  /** Leave the markup of calls that were read from the text in `content`. @defaultValue false */
  keepToolMarkup?: boolean | undefined
}

export interface ToolLoopOptions {
  /**
   * How often the model is asked, at most. The last time it is asked with `toolChoice: 'none'`, so that it answers.
   * @defaultValue 10
   */
  maxToolRounds?: number | undefined
  /** Handed to the tools as it is; the package itself touches no files. */
  workingDirectory?: string | undefined
}
