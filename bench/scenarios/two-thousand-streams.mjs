import { milliseconds } from './per.mjs'

export default {
  title: '2000 streams of 20 tokens/s, for 5 s, every character compared',
  job: { name: 'numbered', streams: 2000, chunks: 100, rate: 20, text: 'numbered' },
  quick: { chunks: 50 },
  clients: ['ours', 'openai', 'undici', 'fetch'],
  rows: [
    {
      row: 'streams-2000',
      what: 'event-loop delay, p99',
      unit: 'ms',
      value: milliseconds('delayP99'),
      targets: [{ atMost: 100 }],
    },
  ],
}
