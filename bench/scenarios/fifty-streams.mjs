import { aChunk } from './per.mjs'

export default {
  title: '50 streams of 50 tokens/s, for 4 s',
  job: { name: 'answers', streams: 50, chunks: 200, rate: 50 },
  quick: { chunks: 100 },
  clients: ['ours', 'openai', 'ai', 'ollama', 'undici', 'fetch', 'rust'],
  rows: [
    {
      row: '3',
      what: 'JavaScript-thread CPU a chunk',
      unit: 'µs',
      value: aChunk('threadCpu'),
      targets: [{ of: 'openai', atMost: 1 / 8 }],
    },
    {
      row: '4',
      what: 'process CPU a chunk',
      unit: 'µs',
      value: aChunk('processCpu'),
      targets: [{ of: 'openai', atMost: 1 / 2.8 }],
    },
  ],
}
