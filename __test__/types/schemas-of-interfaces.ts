import { z } from 'zod'
import type { JSONSchema, Tool } from '../../index.js'
import { OpenAICompatibleProvider } from '../../index.js'

/** As other packages declare JSON Schema: an interface, which has no index. */
interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  items?: boolean | Schema
}

const schema: Schema = { type: 'object', properties: { path: { type: 'string' } } }
const messages = [{ role: 'user', content: 'hello' }] as const
const provider = new OpenAICompatibleProvider()

export const tool: Tool = { name: 'read', parameters: schema }
void provider.chat({ messages, responseFormat: { type: 'json_schema', schema } })

const Person = z.object({ name: z.string() })
declare const parsed: Record<string, unknown>
export const schemas: JSONSchema[] = [schema, parsed, z.toJSONSchema(Person), { type: 'object' } as const]
for (const { parameters } of [tool]) {
  /** What reads a tool can look into it. */
  const properties: unknown = parameters?.properties
  void properties
}

// @ts-expect-error: a schema object is to be converted
export const unconverted: Tool = { name: 'read', parameters: Person }
// @ts-expect-error: a class is no schema
export const ofClass: Tool = { name: 'read', parameters: class {} }
// @ts-expect-error: a list is no schema of arguments
export const list: Tool = { name: 'read', parameters: [] }
