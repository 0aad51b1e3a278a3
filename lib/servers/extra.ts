import type { GenerationOptions } from '../config'

/** Options whose `extraBody` is one server's own. */
export type WithExtraBody<Options extends GenerationOptions, Extra> = Omit<Options, 'extraBody'> & {
  /** Merged into the top level of the request's body, in the wire's own names; wins over all other fields. */
  extraBody?: Extra | undefined
}
