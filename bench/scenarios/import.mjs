import { milliseconds } from './per.mjs'

export default {
  title: 'Import',
  job: { name: 'import' },
  clients: ['ours', 'openai', 'ai', 'ollama', 'undici', 'nothing'],
  rows: [
    {
      row: '13',
      what: 'CPU of the import',
      unit: 'ms',
      value: milliseconds('processCpu'),
      targets: [{ of: 'openai', atMost: 1 / 8 }],
    },
    {
      row: '13',
      what: 'resident after it, added to an empty process’s',
      unit: 'MiB',
      value: (outcome) => outcome.resident / 2 ** 20,
      over: 'nothing',
      targets: [{ of: 'openai', atMost: 1 / 2 }],
    },
  ],
}
