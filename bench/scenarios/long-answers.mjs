import { anAnswerMs } from './per.mjs'

/** Answers of a million characters after `history` turns of 1 kB each. */
export function longAnswers(text, history) {
  const kind = text === 'ascii' ? 'ASCII' : 'not ASCII'
  const after = history > 0 ? `, after ${history} kB of history` : ''
  return {
    title: `Answers of a million characters in 250 chunks, ${kind}`,
    job: { name: 'answers', chunks: 250, size: 4000, text, repetitions: 20, history },
    quick: { repetitions: 10 },
    clients: ['ours', 'openai', 'ai', 'undici', 'fetch', 'rust'],
    rows: [
      {
        row: '10',
        what: `JavaScript-thread CPU an answer${after}`,
        unit: 'ms',
        value: anAnswerMs('threadCpu'),
        targets: [{ of: 'openai', atMost: 1 / 3.3 }],
      },
      {
        row: '10',
        what: `process CPU an answer${after}`,
        unit: 'ms',
        value: anAnswerMs('processCpu'),
        targets: [{ of: 'openai', atMost: 1 / 1.3 }],
      },
    ],
  }
}
