import { Failure } from '../steps/run.mjs'
import { act, milliseconds, number, row } from './screen.mjs'

export async function status(provider) {
  act('Who is there')
  const { isConnected, error, server, version, loadedModel, contextLength, latency } =
    await provider.getStatus()
  if (!isConnected) throw new Failure(`Not connected to ${provider.baseURL}: ${error}`)
  row('server', [server, version].filter(Boolean).join(' '))
  row('answered within', milliseconds(latency))
  row('model', loadedModel)
  row('context', contextLength ? `${number(contextLength)} tokens` : 'the server does not tell')
  const models = await provider.listModels()
  for (const [index, model] of models.entries()) row(index === 0 ? 'models' : '', describe(model))
}

function describe({ name, size, quantization, loaded }) {
  const details = [size, quantization, loaded && 'loaded'].filter(Boolean)
  return details.length > 0 ? `${name} (${details.join(', ')})` : name
}
