import { milliseconds } from './per.mjs'

export default {
  title: 'An answer that is aborted between two tokens',
  job: { name: 'abort', chunks: 100, rate: 2, repetitions: 20 },
  quick: { repetitions: 10 },
  clients: ['ours', 'ours-loop', 'openai', 'ai', 'undici', 'fetch'],
  rows: [
    {
      row: '18',
      what: 'from the abort to when the server sees the connection end',
      unit: 'ms',
      value: milliseconds('abort'),
      targets: [{ of: 'openai', atMost: 1 }],
    },
  ],
}
