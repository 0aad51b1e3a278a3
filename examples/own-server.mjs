// A server of one's own: its name, address and variables, and what it wants in each request.
//
//     HOUSE_BASE_URL=http://localhost:8080/v1 node examples/own-server.mjs 'Say hello.'
import { createProvider, OpenAICompatibleProvider, registerProvider } from 'local-llm-provider'

class HouseProvider extends OpenAICompatibleProvider {
  static definition = {
    name: 'house',
    displayName: 'House',
    baseURL: 'http://localhost:9000/v1',
    baseURLEnv: 'HOUSE_BASE_URL',
    apiKeyEnv: 'HOUSE_API_KEY',
  }

  requestHeaders(headers) {
    return { ...headers, 'X-Team': 'compilers' }
  }

  requestBody(body) {
    return { ...body, top_k: 20 }
  }
}

registerProvider({ ...HouseProvider.definition, provider: HouseProvider })

const [question = 'Say hello.'] = process.argv.slice(2)
console.log(await createProvider('house').query({ prompt: question }))
