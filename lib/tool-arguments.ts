import { describe, mistake, TOOLS } from './arguments'
import type { Tool, ToolOptions } from './tools'

/** What a request says of tools, checked; `undefined` where it says nothing. (Functions do not cross.) */
export function toolsOf(request: ToolOptions): Record<string, unknown> | undefined {
  const given = TOOLS.filter((name) => request[name] !== undefined)
  if (given.length === 0) return undefined
  checkChoice(request, checkTools(request.tools ?? []))
  return Object.fromEntries(given.map((name) => [name, request[name]]))
}

/** Checks that tools have names to be called by, and returns those. */
function checkTools(tools: readonly Tool[]): Set<string> {
  if (!Array.isArray(tools)) throw mistake(`\`tools\` must be a list, not ${describe(tools)}`)
  const names = new Set<string>()
  for (const [index, tool] of tools.entries()) {
    const name = tool?.name
    checkTool(tool, `tools[${index}]`)
    if (typeof name !== 'string' || name === '')
      throw mistake(`\`tools[${index}].name\` must be a text that is not empty, not ${describe(name)}`)
    if (names.has(name)) throw mistake(`\`tools\` has two tools named ${JSON.stringify(name)}`)
    if (tool.execute !== undefined && typeof tool.execute !== 'function')
      throw mistake(`\`tools[${index}].execute\` must be a function, not ${describe(tool.execute)}`)
    names.add(name)
  }
  return names
}

/** Checks that a tool is none of another package's, and that its parameters can be sent. */
function checkTool(tool: unknown, place: string): void {
  const { name, parameters, ...others } = (tool ?? {}) as Record<string, unknown>
  if (name === undefined && typeof others.function === 'object')
    throw mistake(
      `\`${place}\` is a tool as other packages write it`,
      'Write what is in its `function` without that: `{ name, description, parameters }`.',
    )
  for (const other of ['inputSchema', 'input_schema']) {
    if (others[other] != null) throw mistake(`\`${place}.${other}\` is no field`, 'Write `parameters`.')
  }
  if (parameters != null && !isJSONSchema(parameters))
    throw mistake(
      typeof parameters === 'object'
        ? `\`${place}.parameters\` is no JSON Schema`
        : `\`${place}.parameters\` must be a JSON Schema, as an object, not ${describe(parameters)}`,
      typeof parameters === 'string' ? 'Give what `JSON.parse` makes of it.' : CONVERT,
    )
}

/** Whether it can be one: what is in an instance of a class would not be what that says of itself. */
export function isJSONSchema(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  // `Object.prototype`, be it of another context.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null
  return isPlain && !('~standard' in value) && !('safeParse' in value)
}

export const CONVERT =
  'Convert it: `z.toJSONSchema(schema)` of Zod 4, `zodToJsonSchema(schema)` of the package zod-to-json-schema for ' +
  'Zod 3, `toStandardJsonSchema(schema)` of the package @valibot/to-json-schema.'

/** Checks that there is a tool to choose, where one must be called. */
function checkChoice({ toolChoice }: ToolOptions, names: Set<string>): void {
  if (toolChoice == null) return
  const isWord = ['auto', 'none', 'required'].includes(toolChoice as string)
  const wanted = typeof toolChoice === 'object' ? toolChoice.name : undefined
  if (!isWord && typeof wanted !== 'string')
    throw mistake(
      `\`toolChoice\` must be 'auto', 'none', 'required' or { name }, not ${describe(toolChoice)}`,
      choiceMeant(toolChoice, names),
    )
  if (wanted !== undefined && !names.has(wanted))
    throw mistake(`\`toolChoice\` names ${describe(wanted)}, which is none of \`tools\``)
  if (toolChoice === 'required' && names.size === 0)
    throw mistake("`toolChoice: 'required'` needs `tools` to choose from")
}

/** What to write for a choice that is written as others do. */
function choiceMeant(choice: unknown, names: Set<string>): string | undefined {
  if (choice === 'any') return "Write 'required': then one of the tools must be called."
  const { function: nested } = choice as { function?: { name?: unknown } }
  const name = typeof choice === 'string' ? choice : nested?.name
  return names.has(name as string) ? `Write { name: ${JSON.stringify(name)} }.` : undefined
}
