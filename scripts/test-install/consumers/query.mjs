import { OpenAICompatibleProvider } from 'local-llm-provider'

const provider = new OpenAICompatibleProvider({ baseURL: process.argv[2] })
console.log(await provider.query({ prompt: 'Say hello' }))
