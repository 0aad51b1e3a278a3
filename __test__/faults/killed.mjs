import { startLlamaServer } from '../../tiny-model/server.mjs'
import { PlayingServer } from './playing-server.mjs'
import { recordings } from './recordings.mjs'

/** The servers that are killed and started again under load: how each starts at a port, and what it is asked. */
export const killed = [
  {
    name: 'killed and started again under load: a server that plays a recording',
    start: (port) => PlayingServer.start(port),
    request() {
      const [{ name, whole }] = recordings
      const prompt = JSON.stringify({
        fault: 'nothing, word by word',
        recording: name,
        at: 0,
        number: -1,
        seed: 0,
      })
      return { prompt, right: whole.content }
    },
  },
  {
    name: 'killed and started again under load: llama.cpp’s server',
    async start(port) {
      const server = await startLlamaServer({ port, slots: 4 })
      const kill = () => {
        process.kill(server.pid, 'SIGKILL')
        return server.stop()
      }
      return { port: server.port, kill }
    },
    // The tiny model's answer to any greeting.
    request: () => ({ prompt: 'hello', right: 'Hello! How can I help you today?' }),
  },
]
