// Which LLM servers are here, and what is wrong with those that cannot be asked:
//
//     node examples/which-server.mjs            all known ports of this machine
//     node examples/which-server.mjs 8080 8000  these
import { createProvider, discoverServers } from 'local-llm-provider'

const ports = process.argv.slice(2).map(Number)
const servers = await discoverServers(ports.length > 0 ? { ports } : {})
if (servers.length === 0) console.log('No server was found.')

for (const { server, baseURL, version, loadedModel, contextLength } of servers) {
  console.log([baseURL, server, version, loadedModel, contextLength].filter(Boolean).join('  '))
  const provider = createProvider(server, { baseURL })
  const { checks } = await provider.diagnose()
  for (const { ok, id, found, fix } of checks) {
    if (fix) console.log(`  ${ok ? 'hint' : 'wrong'}: ${id}: ${found}. ${fix}`)
  }
  await provider.close()
}
