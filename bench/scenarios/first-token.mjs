export default {
  title: 'Time to the first token, one answer after the other, each from rest',
  job: { name: 'first-token', chunks: 2, rate: 100, repetitions: 100 },
  quick: { repetitions: 40 },
  clients: ['ours', 'openai', 'ai', 'ollama', 'undici', 'fetch', 'socket'],
  rows: [
    {
      row: '11',
      what: 'time to the first token, added to a raw socket’s',
      unit: 'µs',
      value: (outcome) => outcome.firstToken,
      over: 'socket',
      targets: [{ of: 'openai', atMost: 1 / 8 }, { atMost: 100 }],
    },
  ],
}
