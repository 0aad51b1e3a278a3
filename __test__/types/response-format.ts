import { z } from 'zod'
import type {
  ChatProvider,
  ChatRequest,
  ChatResponse,
  ChatStream,
  ResponseFormat,
  StandardJSONSchema,
} from '../../index.js'
import { fallback, LlamaCppProvider, OpenAICompatibleProvider, VLLMProvider } from '../../index.js'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : never
const is = <A, B>(_same: Same<A, B>) => {}

const provider = new OpenAICompatibleProvider()
const messages = [{ role: 'user', content: 'hello' }] as const
type Parsed<R extends ChatResponse> = R['parsed']

/** A schema object types the value by what its validation gives. */
declare const schema: StandardJSONSchema<{ a: number }>
const responseFormat = { type: 'json_schema', schema } as const
const answer = await provider.chat({ messages, responseFormat })
is<Parsed<typeof answer>, { a: number } | undefined>(true)
const streamed = await provider.stream({ messages, responseFormat }).response()
is<Parsed<typeof streamed>, { a: number } | undefined>(true)

/** So does Zod's, with a value that it has transformed, also where it is written in place. */
const Person = z.object({ name: z.string(), age: z.string().transform(Number), mail: z.email().optional() })
const person = await provider.chat({ messages, responseFormat: { type: 'json_schema', schema: Person } })
is<Parsed<typeof person>, { name: string; age: number; mail?: string | undefined } | undefined>(true)

/** And all that is a provider. */
for (const each of [new LlamaCppProvider(), fallback([provider]), new VLLMProvider()] as const) {
  const { parsed } = await each.chat({ messages, responseFormat })
  is<typeof parsed, { a: number } | undefined>(true)
}

const ran = await provider.runTools({ messages, responseFormat, tools: [] })
is<typeof ran.parsed, { a: number } | undefined>(true)

/** A plain schema does not, unless the caller says so; without a format, the value is of no type. */
const plain = { type: 'json_schema', schema: { type: 'object' } } as const
const unknown = await provider.chat({ messages, responseFormat: plain })
is<Parsed<typeof unknown>, unknown>(true)
const said = await provider.chat<{ b: string }>({ messages, responseFormat: plain, temperature: undefined })
is<Parsed<typeof said>, { b: string } | undefined>(true)

/** One of several texts is one of those; of texts that are known at run time only, it is a text. */
const chosen = await provider.chat({ messages, responseFormat: { type: 'choice', choices: ['yes', 'no'] } })
is<Parsed<typeof chosen>, 'yes' | 'no' | undefined>(true)
declare const choices: string[]
const of = { type: 'choice', choices } as const
for (const each of [new LlamaCppProvider(), fallback([provider]), new VLLMProvider()] as const) {
  const { parsed } = await each.runTools({ messages, responseFormat: of })
  is<typeof parsed, string | undefined>(true)
}
const matched = await provider.chat<string>({ messages, responseFormat: { type: 'regex', pattern: '[ab]' } })
is<Parsed<typeof matched>, string | undefined>(true)

/** A format that is of any kind keeps its type. */
declare const some: ResponseFormat
const answered = await provider.chat({ messages, responseFormat: some })
is<Parsed<typeof answered>, unknown>(true)
declare const typed: ResponseFormat<{ a: number }>
const typedAnswer = await provider.stream({ messages, responseFormat: typed }).response()
is<Parsed<typeof typedAnswer>, { a: number } | undefined>(true)

/** Whoever hands a request on needs to know nothing of that. */
export async function handOn<T>(to: ChatProvider, request: ChatRequest<T>): Promise<T | undefined> {
  return (await to.chat(request)).parsed
}
export async function ask<T>(format: ResponseFormat<T>): Promise<T | undefined> {
  return (await provider.chat({ messages, responseFormat: format })).parsed
}
const asked = await ask({ type: 'choice', choices: ['yes', 'no'] })
is<typeof asked, 'yes' | 'no' | undefined>(true)
export class Wrapper extends OpenAICompatibleProvider {
  override async chat<T = unknown>(request: ChatRequest<T>): Promise<ChatResponse<T>> {
    return await super.chat(request)
  }
}

export const text: Promise<string> = provider.query({ prompt: 'hello', responseFormat })
export const stream: ChatStream<{ a: number }> = provider.stream({ messages, responseFormat })

// @ts-expect-error: a class is no schema
void provider.chat({ messages, responseFormat: { type: 'json_schema', schema: class {} } })
// @ts-expect-error: a choice is a text
void provider.chat({ messages, responseFormat: { type: 'choice', choices: [1] } })
// @ts-expect-error: there is no such format
void provider.chat({ messages, responseFormat: { type: 'xml' } })
