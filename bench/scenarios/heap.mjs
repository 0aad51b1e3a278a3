import { aChunk } from './per.mjs'

export default {
  title: 'What one stream of 20 000 chunks allocates on V8’s heap',
  job: { name: 'heap', chunks: 20_000 },
  clients: ['ours', 'ours-loop', 'openai', 'ai', 'ollama', 'undici', 'fetch'],
  rows: [
    {
      row: '16',
      what: 'V8 heap a chunk',
      unit: 'bytes',
      value: aChunk('allocated'),
      targets: [{ atMost: 100 }],
    },
  ],
}
