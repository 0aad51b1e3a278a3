const megabytes = (name) => (outcome) => outcome[name] / 1e6

export default {
  title: 'Installed by npm into an empty folder',
  job: { name: 'install' },
  clients: ['ours', 'openai', 'ai', 'ollama', 'undici'],
  rows: [
    {
      row: '15',
      what: 'all files of all packages, the platform’s own included',
      unit: 'MB',
      value: megabytes('bytes'),
      targets: [{ atMost: 9 }],
    },
    {
      row: '15',
      what: 'packages',
      unit: 'packages',
      value: ({ packages }) => packages,
      targets: [{ atMost: 2 }],
    },
    {
      row: '15',
      what: 'of all files, compiled addons (`.node`)',
      unit: 'MB',
      value: megabytes('addon'),
      targets: [{ atMost: 7.5 }],
    },
  ],
}
