import { aChunk } from './per.mjs'

export default {
  title: 'One stream of 20 000 chunks, flat out, a callback for each',
  job: { name: 'answers', chunks: 20_000 },
  quick: { chunks: 10_000 },
  clients: ['ours', 'ours-loop', 'openai', 'ai', 'ollama', 'undici', 'fetch', 'rust'],
  rows: [
    {
      row: '1',
      what: 'JavaScript-thread CPU a chunk',
      unit: 'µs',
      value: aChunk('threadCpu'),
      targets: [{ of: 'openai', atMost: 1 / 60 }],
    },
    {
      row: '2',
      what: 'process CPU a chunk',
      unit: 'µs',
      value: aChunk('processCpu'),
      targets: [
        { of: 'openai', atMost: 1 / 8 },
        { of: 'rust', atMost: 1.5 },
      ],
    },
  ],
}
