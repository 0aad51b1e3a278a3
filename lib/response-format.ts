import { mistake } from './arguments'
import { ConfigurationError, wordsOf } from './errors'
import { CONVERT, isJSONSchema } from './tool-arguments'
import type { JSONSchema } from './tools'

/**
 * A schema object that can also say what it accepts as JSON Schema: those of current Zod and ArkType, and of Valibot by
 * its `toStandardJsonSchema`. It types `parsed`, and its own validation has the last word: what that throws, the call rejects with.
 *
 * @see https://standardschema.dev/json-schema
 */
export interface StandardJSONSchema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly types?: { readonly input: unknown; readonly output: T } | undefined
    readonly validate: (value: unknown) => unknown
    readonly jsonSchema: { input(options: { target: string }): Record<string, unknown> }
  }
}

/**
 * What the text of an answer must be. The server is asked in the surest way that it has; a way that it refuses gives way
 * to the next, with a warning `response_format`, and the last of all is to describe the format in the prompt. What was
 * found out is remembered for the model.
 *
 * Whatever the way, the answer is checked. Where the server is not known to hold the model to the format, its text is
 * held back until all of it has been found to fit; if it does not, the model is told what is wrong and asked once more
 * (warning `response_format_repair`). So it is with what a schema object's own validation finds wrong, unless its text was
 * handed out already: to `onProgress` or a stream, of a server that holds the model to the schema. An answer that does not fit
 * is an {@link InvalidResponseError}.
 */
export type ResponseFormat<T = unknown> =
  /** A JSON object, whatever is in it. */
  | { type: 'json_object' }
  /** JSON that fits a schema of draft 2020-12 or 7. `name`: what the server calls it. `strict`: goes on as it is. */
  | {
      type: 'json_schema'
      name?: string | undefined
      schema: JSONSchema | StandardJSONSchema<T>
      strict?: boolean | undefined
    }
  /** A text that the pattern matches as a whole. Without look-around, back references and classes of Unicode. (`chat<string>` types `parsed`.) */
  | { type: 'regex'; pattern: string }
  /** One of these texts, which type `parsed`. */
  | { type: 'choice'; choices: [T] extends [string] ? readonly T[] : readonly string[] }
  /** A text that a grammar in GBNF allows. It is not checked; llama.cpp, vLLM, LocalAI and some loaders of text-generation-webui know it. */
  | { type: 'grammar'; grammar: string }

type Validate = (value: unknown) => unknown

/** A format on its way to the engine, and the caller's own validation. */
export interface AskedFormat {
  format: Record<string, unknown> | undefined
  validate: Validate | undefined
}

/** What a format holds beside its type. */
const FIELDS: Record<string, readonly string[]> = {
  json_object: [],
  json_schema: ['schema', 'name', 'strict'],
  regex: ['pattern'],
  choice: ['choices'],
  grammar: ['grammar'],
}

/** A format, checked. */
export function formatOf(given: ResponseFormat | undefined): AskedFormat {
  if (given === undefined) return { format: undefined, validate: undefined }
  const format = given as unknown as Record<string, unknown>
  const fields = typeof given === 'object' && given !== null ? FIELDS[given.type] : undefined
  if (fields === undefined) {
    const known = Object.keys(FIELDS).join("', '")
    throw mistake(
      `\`responseFormat\` must be an object with the type '${known}'`,
      "A schema is given as { type: 'json_schema', schema }.",
    )
  }
  for (const name of Object.keys(given)) {
    if (name === 'type' || fields.includes(name)) continue
    const others = Object.keys(FIELDS).filter((type) => FIELDS[type]?.includes(name))
    const known = fields.length > 0 ? `With this type, there are: ${fields.join(', ')}.` : undefined
    throw mistake(
      `\`responseFormat.${name}\` is no field of the type '${given.type}'`,
      others.length > 0 ? `It is one of the type '${others.join("', '")}'.` : known,
    )
  }
  for (const name of ['name', 'pattern', 'grammar']) checkText(format, name, fields[0] === name)
  if (given.type === 'choice') checkChoices(given.choices)
  if (given.type !== 'json_schema') return { format, validate: undefined }
  const { schema, validate } = schemaOf(given.schema)
  return { format: { ...format, schema, hasValidator: validate !== undefined }, validate }
}

function checkText(format: Record<string, unknown>, name: string, isRequired: boolean): void {
  const value = format[name]
  if (value === undefined && !isRequired) return
  if (typeof value !== 'string' || value === '')
    throw mistake(`\`responseFormat.${name}\` must be a text that is not empty`)
}

function checkChoices(choices: unknown): void {
  const isList = Array.isArray(choices) && choices.length > 0
  if (!isList || choices.some((choice) => typeof choice !== 'string' || choice === ''))
    throw mistake('`responseFormat.choices` must be a list of texts that are not empty')
}

/** The JSON Schema of what was given, and what validates besides. */
function schemaOf(given: unknown): { schema: Record<string, unknown>; validate: Validate | undefined } {
  const standard = standardOf(given)
  if (standard !== undefined) {
    return { schema: converted(standard), validate: standard.validate as Validate | undefined }
  }
  if (isJSONSchema(given)) return { schema: given, validate: undefined }
  throw mistake(
    '`responseFormat.schema` is no JSON Schema, nor a schema object that can say what it is as one',
    `${CONVERT} Current Zod and ArkType schemas are taken as they are.`,
  )
}

type Standard = StandardJSONSchema<unknown>['~standard']

function standardOf(given: unknown): Standard | undefined {
  // A schema of ArkType's is a function.
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null) return undefined
  const standard = (given as { '~standard'?: Partial<Standard> })['~standard']
  return typeof standard?.jsonSchema?.input === 'function' ? (standard as Standard) : undefined
}

function converted({ jsonSchema }: Standard): Record<string, unknown> {
  try {
    return jsonSchema.input({ target: 'draft-2020-12' })
  } catch (cause) {
    throw new ConfigurationError(
      {
        code: 'configuration',
        message: `\`responseFormat.schema\` cannot be written as JSON Schema: ${wordsOf(cause)}`,
      },
      { cause },
    )
  }
}

/** A finding, as validations of the standard tell it. */
interface Issue {
  message: string
  path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined
}

/** Has `validate` look at `value`: what it made of that, or what it found wrong. What it throws is the caller's. */
export async function validated(
  validate: Validate,
  value: unknown,
): Promise<{ value: unknown } | { problem: string }> {
  const result = (await validate(value)) as { value?: unknown; issues?: readonly Issue[] | undefined }
  if (!result.issues) return { value: result.value }
  const told = result.issues.slice(0, 4).map(({ path = [], message }) => {
    const keys = path.map((key) => String(typeof key === 'object' ? key.key : key))
    const place = keys.map((key) => `/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`).join('')
    return `${place || 'the whole'}: ${message}`
  })
  return { problem: told.join('; ') || 'it does not say why' }
}
