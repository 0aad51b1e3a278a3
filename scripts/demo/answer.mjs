import { dim } from '../steps/terminal.mjs'
import { act, milliseconds, note, number, paragraph, prompt } from './screen.mjs'

export async function answer(provider, text) {
  act('An answer, token by token')
  await show(provider, text)
}

export async function reasoning(provider, text) {
  act('Reasoning, apart from the answer')
  const { reasoning: thoughts } = await show(provider, text)
  if (!thoughts) note('This model did not reason.')
}

async function show(provider, text) {
  prompt(text)
  const stream = provider.stream({ messages: [{ role: 'user', content: text }] })
  const paragraphs = { reasoning: paragraph(dim), message: paragraph() }
  let pieces = 0
  for await (const { type, content } of stream) {
    if (!(type in paragraphs)) continue
    if (type === 'message') paragraphs.reasoning.end()
    paragraphs[type].write(content)
    pieces += 1
  }
  paragraphs.message.end()
  const response = await stream.response()
  note(summary(response, pieces))
  return response
}

function summary({ usage, timings }, pieces) {
  const tokens = usage
    ? `${number(usage.outputTokens)} tokens in ${number(pieces)} pieces`
    : `${number(pieces)} pieces`
  const first = `the first after ${milliseconds(timings.firstToken)}`
  const total = `all after ${milliseconds(timings.total)}`
  const speed =
    timings.tokensPerSecond && `the server made ${number(timings.tokensPerSecond)} tokens a second`
  return [tokens, first, total, speed].filter(Boolean).join(', ')
}
