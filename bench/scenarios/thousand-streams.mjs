import { aChunk, milliseconds } from './per.mjs'

export default {
  title: '1000 streams of 50 tokens/s, for 4 s',
  job: { name: 'answers', streams: 1000, chunks: 200, rate: 50, delay: true },
  quick: { chunks: 100 },
  clients: ['ours', 'openai', 'ai', 'ollama', 'undici', 'fetch', 'rust'],
  rows: [
    {
      row: '5',
      what: 'JavaScript-thread CPU a chunk',
      unit: 'µs',
      value: aChunk('threadCpu'),
      targets: [{ of: 'openai', atMost: 1 / 14 }],
    },
    {
      row: '6',
      what: 'process CPU a chunk',
      unit: 'µs',
      value: aChunk('processCpu'),
      targets: [
        { of: 'rust', atMost: 1.4 },
        { of: 'openai', atMost: 1 / 2.1 },
      ],
    },
    {
      row: '7',
      what: 'event-loop delay, p99',
      unit: 'ms',
      value: milliseconds('delayP99'),
      targets: [{ of: 'openai', atMost: 1 / 100 }],
    },
    {
      row: '8',
      what: 'resident a stream, at most',
      unit: 'KiB',
      value: (outcome, job) => outcome.resident / 1024 / job.streams,
      targets: [{ of: 'openai', atMost: 1 / 3 }],
    },
  ],
}
