/** A virtual environment of Python in `folder`, with what a file of requirements asks for. */
export class PythonEnvironment {
  constructor(folder: string, requirements: string)
  /** True if it holds what it should. */
  isInstalled(): Promise<boolean>
  /** The path of its Python; creates it where it is missing or outdated. */
  python(): Promise<string>
}
