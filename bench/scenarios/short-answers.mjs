import { anAnswer } from './per.mjs'

/** Answers of 200 characters after `history` turns of 1 kB each. */
export function shortAnswers(history) {
  const after = history > 0 ? `, after ${history} kB of history` : ''
  return {
    title: 'Answers of 200 characters in 4 chunks, one after the other',
    job: { name: 'answers', chunks: 4, size: 50, repetitions: 1000, history },
    quick: { repetitions: 300 },
    clients: ['ours', 'openai', 'ai', 'ollama', 'undici', 'fetch', 'rust'],
    rows: [
      {
        row: '9',
        what: `JavaScript-thread CPU an answer${after}`,
        unit: 'µs',
        value: anAnswer('threadCpu'),
        targets: [{ of: 'openai', atMost: 1 / 12 }],
      },
      {
        row: '9',
        what: `process CPU an answer${after}`,
        unit: 'µs',
        value: anAnswer('processCpu'),
        targets: [{ of: 'openai', atMost: 1 / 8 }],
      },
      {
        row: '9',
        what: `wall clock an answer${after}`,
        unit: 'µs',
        value: anAnswer('wall'),
        targets: [{ of: 'openai', atMost: 1 / 3 }],
      },
    ],
  }
}
