import { milliseconds } from './per.mjs'

export default {
  title: 'From the start of the process to the first token',
  job: { name: 'start', chunks: 2, rate: 100 },
  clients: ['ours', 'openai', 'ai', 'ollama', 'undici', 'fetch'],
  rows: [
    {
      row: '14',
      what: 'process CPU, Node’s own start included',
      unit: 'ms',
      value: milliseconds('processCpu'),
      targets: [{ of: 'openai', atMost: 0.4 }],
    },
  ],
}
