/** Something that the model may ask for. */
export interface Tool {
  /** Servers that take only letters, digits, `_` and `-` are sent another; calls have this one. */
  name: string
  description?: string | undefined
  /** JSON Schema of the arguments. @defaultValue an object without properties */
  parameters?: Record<string, unknown> | undefined
  /** The server holds the model to the schema, where it can. */
  strict?: boolean | undefined
}

/**
 * What the model asked for. It has its arguments, or the reason why not. `repaired`: what the model wrote was no JSON as
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
  | { invalid: string; arguments?: undefined }
)

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
   * `'auto'`: calls that the model wrote into its text are read there, too. `'native'`: only those that the server
   * tells apart. @defaultValue 'auto'
   */
  toolMode?: 'auto' | 'native' | undefined
  /** Leave the markup of calls that were read from the text in `content`. @defaultValue false */
  keepToolMarkup?: boolean | undefined
}
