import { checkCall, checkObject, checkSpelling, mistake, timeoutsOf, toJson } from './arguments'
import type { CallOptions } from './config'
import { checkCount, checkTexts } from './embeddings'

export interface RerankRequest extends CallOptions {
  query: string
  documents: readonly string[]
  /** How many of the best are wanted. Default: all. */
  topN?: number | undefined
  /** Default: the provider's; where it has none, a model that the server calls a reranker. */
  model?: string | undefined
}

export interface RerankResponse {
  /**
   * The best first. `index` is the place in `documents`; `score` is as the server gave it, and not with every model
   * between 0 and 1.
   */
  results: { index: number; score: number }[]
  /** The model that answered, as the server names it. */
  model: string
}

/** What is to be ranked, checked, in the JSON in which it crosses to the engine. */
export function rerankRequest(request: RerankRequest): string {
  checkObject(request, 'The request')
  checkCall(request)
  checkSpelling(request, 'rerank')
  const { query, documents, topN, model, timeout } = request
  if (typeof query !== 'string') throw mistake('`query` must be a text')
  checkTexts(documents, 'documents')
  checkCount(topN, 'topN')
  return toJson({ query, documents, topN, model, timeout: timeoutsOf(timeout) })
}
