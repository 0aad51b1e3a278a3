import { environment } from '../../tiny-model/python.mjs'
import { heading } from './run.mjs'

/** Installs llama.cpp's server into .venv where it is missing or outdated. */
export async function installServer() {
  if (await environment.isInstalled()) return heading('llama.cpp’s server: up to date')
  heading('llama.cpp’s server: installing into .venv (34 MB)')
  await environment.python()
  heading('llama.cpp’s server: installed')
}
