import { startLlamaServer } from '../tiny-model/server.mjs'
import { installServer } from './steps/install-server.mjs'
import { prepare } from './steps/prepare.mjs'
import { heading, main, run } from './steps/run.mjs'
import { checkNode, checkRust } from './steps/toolchain.mjs'

// Against real servers: LiteLLM's proxy before two of llama.cpp, and every server that a variable names, such as
// LLM_TEST_OLLAMA_URL.
await main(async () => {
  checkNode()
  checkRust()
  await installServer()
  await prepare()
  heading('LiteLLM is installed into .venv-litellm where it is missing: 750 MB')
  const llama = process.env.LLM_TEST_LLAMA_CPP_URL ? undefined : await startLlamaServer()
  try {
    if (llama) process.env.LLM_TEST_LLAMA_CPP_URL = llama.url
    await run('vitest', ['run', '--config', 'vitest.servers.config.mts', ...process.argv.slice(2)])
  } finally {
    await llama?.stop()
  }
})
