import { fileURLToPath } from 'node:url'
import { PythonEnvironment } from '../scripts/steps/python-environment.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

/** `.venv`, which has llama.cpp's server. */
export const environment = new PythonEnvironment(path('../.venv'), path('requirements.txt'))
