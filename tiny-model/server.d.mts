export interface LlamaServerOptions {
  /** Default: a free one. */
  port?: number | undefined
  /** Requests that are answered at the same time. Default 1. */
  slots?: number | undefined
  /** Tokens, shared by the slots. Default 8192. */
  context?: number | undefined
  /** Asked of every request but /health. */
  key?: string | undefined
  /** The model's name in the list. Default: its file's name. */
  alias?: string | undefined
  /** Seconds between the comments that keep a quiet stream alive. Default 30. */
  ping?: number | undefined
  /** The file of a chat template, instead of the model's own. */
  template?: string | undefined
  /** Answers /v1/embeddings. */
  embeddings?: boolean | undefined
}

export interface LlamaServer {
  /** 'http://127.0.0.1:40123', without '/v1'. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves when the process is gone. Twice is fine. */
  stop(): Promise<void>
}

/**
 * Starts llama.cpp's own server with the tiny model, on a port of this machine only, and waits until it answers.
 * It ends with `stop()`, and with this process, however that ends.
 */
export function startLlamaServer(options?: LlamaServerOptions): Promise<LlamaServer>
