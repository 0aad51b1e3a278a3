import { anAnswerMs } from './per.mjs'

/** `form` is how the server writes the numbers. */
export function embeddings(form) {
  const written = form === 'base64' ? 'in base64' : 'as numbers'
  return {
    title: `Embeddings of 256 texts, 1024 numbers each, ${written}`,
    job: { name: 'embeddings', form, texts: 256, width: 1024, repetitions: 20 },
    quick: { repetitions: 10 },
    clients: ['ours', 'openai', 'ai', 'fetch'],
    rows: [
      {
        row: '12',
        what: 'JavaScript-thread CPU a request',
        unit: 'ms',
        value: anAnswerMs('threadCpu'),
        targets: [{ of: 'openai', atMost: 1 / 14 }],
      },
      {
        row: '12',
        what: 'process CPU a request',
        unit: 'ms',
        value: anAnswerMs('processCpu'),
        targets: [{ of: 'openai', atMost: form === 'base64' ? 1 / 6 : 1 / 1.8 }],
      },
    ],
  }
}
