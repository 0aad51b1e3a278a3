import { anAnswerMs } from './per.mjs'

/** Without those clients that need minutes for it. */
export default {
  title: 'An answer of 16 MB in one event',
  job: { name: 'growth', chunks: 1, size: 16_000_000, repetitions: 5 },
  quick: { repetitions: 2 },
  clients: ['ours', 'ai', 'undici', 'fetch'],
  rows: [
    {
      row: '17',
      what: 'JavaScript-thread CPU an answer',
      unit: 'ms',
      value: anAnswerMs('whole'),
      targets: [],
    },
    {
      row: '17',
      what: 'JavaScript-thread CPU, to that of 4 MB',
      unit: '×',
      value: ({ whole, quarter }) => whole / quarter,
      targets: [{ atMost: 5 }],
    },
  ],
}
