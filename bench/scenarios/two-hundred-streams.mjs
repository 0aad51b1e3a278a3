import { milliseconds } from './per.mjs'

export default {
  title: '200 streams of 50 tokens/s, for 4 s',
  job: { name: 'answers', streams: 200, chunks: 200, rate: 50, delay: true, turns: true },
  quick: { chunks: 100 },
  // The timers of a process that does nothing come late as well.
  clients: ['ours', 'openai', 'undici', 'fetch', 'nothing'],
  rows: [
    {
      row: 'delay-200',
      what: 'event-loop delay, p99',
      unit: 'ms',
      value: milliseconds('delayP99'),
      targets: [{ of: 'openai', atMost: 1 / 5 }, { atMost: 50 }],
    },
    {
      row: 'turn-200',
      what: 'longest turn of the event loop',
      unit: 'ms',
      value: milliseconds('longestTurn'),
      targets: [{ atMost: 10 }],
    },
  ],
}
