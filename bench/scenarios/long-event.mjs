import { anAnswerMs } from './per.mjs'

export default {
  title: 'An answer of 4 MB in one event',
  job: { name: 'answers', chunks: 1, size: 4_000_000, repetitions: 5 },
  quick: { repetitions: 2 },
  clients: ['ours', 'openai', 'ai', 'ollama', 'undici', 'fetch'],
  rows: [
    {
      row: '17',
      what: 'JavaScript-thread CPU an answer',
      unit: 'ms',
      value: anAnswerMs('threadCpu'),
      targets: [{ of: 'openai', atMost: 1 / 50 }],
    },
  ],
}
