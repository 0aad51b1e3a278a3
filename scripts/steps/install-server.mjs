import { isInstalled, python } from '../../tiny-model/python.mjs'
import { heading } from './run.mjs'

/** Installs llama.cpp's server into .venv where it is missing or outdated. */
export async function installServer() {
  if (await isInstalled()) return heading('llama.cpp’s server: up to date')
  heading('llama.cpp’s server: installing into .venv (34 MB)')
  await python()
  heading('llama.cpp’s server: installed')
}
