/**
 * Who is measured. `module` has `open(address, conversation)`, whose `ask(onText, { messages, signal })` asks that
 * conversation where no other messages are given; some also have `embed(texts, numbers)`, with `numbers` where the
 * server has no base64. `packages` are what a user of it imports, as seen from a folder below; `program` is no
 * JavaScript.
 */
export const clients = {
  ours: { title: 'local-llm-provider', module: 'ours.mjs', packages: ['../../index.js'] },
  'ours-loop': {
    title: 'local-llm-provider, `for await`',
    module: 'ours-loop.mjs',
    packages: ['../../index.js'],
  },
  openai: { title: 'openai', module: 'openai.mjs', packages: ['openai'] },
  ai: { title: 'ai', module: 'ai.mjs', packages: ['ai', '@ai-sdk/openai-compatible'] },
  ollama: { title: 'ollama (its own protocol)', module: 'ollama.mjs', packages: ['ollama'] },
  undici: { title: 'undici, by hand', module: 'undici.mjs', packages: ['undici'] },
  fetch: { title: 'fetch, by hand', module: 'fetch.mjs', packages: [] },
  socket: { title: 'raw socket', module: 'socket.mjs', packages: [] },
  nothing: { title: 'empty process', packages: [] },
  rust: { title: 'Rust alone', program: 'rust-alone' },
}
