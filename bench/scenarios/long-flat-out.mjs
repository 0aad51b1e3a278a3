import { milliseconds } from './per.mjs'

export default {
  title: 'One stream of 500 000 chunks, flat out',
  job: { name: 'answers', chunks: 500_000, turns: true },
  quick: { chunks: 200_000 },
  clients: ['ours', 'openai', 'undici'],
  rows: [
    {
      row: 'turn-flat-out',
      what: 'longest turn of the event loop',
      unit: 'ms',
      value: milliseconds('longestTurn'),
      targets: [{ atMost: 10 }],
    },
  ],
}
