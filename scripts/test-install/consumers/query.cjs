const { OpenAICompatibleProvider } = require('local-llm-provider')

const provider = new OpenAICompatibleProvider({ baseURL: process.argv[2] })
provider.query({ prompt: 'Say hello' }).then(console.log)
