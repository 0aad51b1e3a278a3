import { monitorEventLoopDelay } from 'node:perf_hooks'
import { act, milliseconds, note, number, prompt, row } from './screen.mjs'

/** How much of this program's only JavaScript thread an answer takes, beside the least that a client written in JavaScript does. */
export async function cost(provider, text, maxTokens, { compare }) {
  act('What that costs your program')
  prompt(`${text} (${number(maxTokens)} tokens)`)
  const ask = () => provider.query({ prompt: text, maxTokens, onProgress() {} })
  const plain = () => readPlainly(provider, text, maxTokens)
  // Neither is measured while it warms up.
  for (const client of compare ? [ask, plain] : []) await client()

  report('this package', await measure(ask))
  if (compare) report('fetch and JSON.parse', await measure(plain))
  note(
    'Busy: the event loop had work (perf_hooks.eventLoopUtilization). What is not busy is free for your own code.',
  )
  note('Delay: the longest that a timer came late (perf_hooks.monitorEventLoopDelay).')
  note('CPU: all threads of this process together, the engine’s own included (process.cpuUsage).')
}

async function measure(work) {
  const resolution = 5
  const delay = monitorEventLoopDelay({ resolution })
  delay.enable()
  const cpu = process.cpuUsage()
  const loop = performance.eventLoopUtilization()
  const began = performance.now()
  await work()
  const total = performance.now() - began
  const { active } = performance.eventLoopUtilization(loop)
  const { user, system } = process.cpuUsage(cpu)
  delay.disable()
  return { total, active, cpu: (user + system) / 1e3, delay: Math.max(0, delay.max / 1e6 - resolution) }
}

function report(name, { total, active, delay, cpu }) {
  const share = ((active / total) * 100).toFixed(1)
  const figures = [`busy ${milliseconds(active)} of ${milliseconds(total)} (${share} %)`]
  row(name, [...figures, `delay ${milliseconds(delay)}`, `CPU ${milliseconds(cpu)}`].join(', '))
}

/** The same answer without any package: no errors, no reasoning, no tools, no time limits. */
async function readPlainly({ baseURL }, text, maxTokens) {
  const body = {
    model: 'default',
    messages: [{ role: 'user', content: text }],
    max_tokens: maxTokens,
    stream: true,
  }
  const answer = await fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  let content = ''
  let rest = ''
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      if (!line.startsWith('data: {')) continue
      content += JSON.parse(line.slice(6)).choices[0]?.delta.content ?? ''
    }
  }
  return content
}
