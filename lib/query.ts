import { checkObject, describe, mistake } from './arguments'
import type { ChatMessage, ChatResponse, QueryOptions } from './chat'
import { imageAt } from './crossing'
import type { Refusal } from './errors'
import { checkMessages, checkMethod } from './misplaced'

/** A prompt as the conversation that it is. */
export function conversation(options: QueryOptions): ChatMessage[] {
  checkObject(options, 'The options')
  const { prompt, systemPrompt, history, images } = options
  if (typeof prompt !== 'string') {
    // It may stand in another field.
    checkMethod(options, 'query')
    throw mistake('`prompt` must be a string')
  }
  if (systemPrompt != null && typeof systemPrompt !== 'string')
    throw mistake(`\`systemPrompt\` must be a string, not ${describe(systemPrompt)}`)
  if (history != null && !Array.isArray(history))
    throw mistake(`\`history\` must be a list of messages, not ${describe(history)}`)
  checkMessages(history, 'history')
  if (images !== undefined && !Array.isArray(images)) {
    throw mistake(`\`images\` must be a list, not ${describe(images)}`)
  }
  const parts = images?.map((image, index) => imageAt(image, `images[${index}]`)) ?? []
  const content = parts.length > 0 ? [{ type: 'text', text: prompt } as const, ...parts] : prompt
  const messages: ChatMessage[] = [...(history ?? []), { role: 'user', content }]
  if (systemPrompt) messages.unshift({ role: 'system', content: systemPrompt })
  return messages
}

/** Why an answer is not the text that a query was to give, if it is not: a text cannot tell that of itself. */
export function refusalOf(
  { responseFormat, tools }: QueryOptions,
  content: string,
  { finishReason, parsed, toolCalls }: Pick<ChatResponse, 'finishReason' | 'parsed' | 'toolCalls'>,
): Refusal | undefined {
  const isEmpty = content.trim() === ''
  if (toolCalls.length > 0 && (isEmpty || responseFormat !== undefined)) {
    const names = [...new Set(toolCalls.map(({ name }) => name))].join(', ')
    return {
      code: isEmpty ? 'empty_completion' : 'invalid_response',
      message: `In place of an answer, the model called tools that are not executed any more: ${names}`,
      hint: tools?.length
        ? 'A higher `maxToolRounds` lets it call more before it must answer; `runTools` gives all that it did.'
        : 'None were offered as `tools`: offer them, or use `chat`, which gives the calls to you.',
    }
  }
  const isCut = finishReason === 'length' || finishReason === 'content_filter'
  if (responseFormat === undefined || !isCut || parsed !== undefined) return undefined
  const by = finishReason === 'length' ? 'its limit of tokens' : 'a content filter'
  return {
    code: 'invalid_response',
    message: `The answer was cut off by ${by} before it had the format that was asked for`,
    hint: 'What came is in `partial`. Raise `maxTokens`, or the context that the model is loaded with; `chat` gives a cut answer, too.',
  }
}
