import { type Answer, json, models, type ScriptedServer, startScriptedServer } from './scripted-server.js'

/** A server as it shows itself to those who ask which one it is. */
export interface Played {
  /** Default: 404, as text. */
  others?: Answer
  paths: Record<string, Answer>
  /** A chat without a message. Default: 400. */
  chat?: Answer
}

const NO_MESSAGES = json({ error: { message: "'messages' is required", type: 'invalid_request_error' } }, 400)
export const NOT_FOUND: Answer = { status: 404, chunks: ['404 page not found'] }
export const WANTS_KEY = json(
  { error: { message: 'Invalid API Key', type: 'authentication_error', code: 401 } },
  401,
)
export const LOADING = json(
  { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } },
  503,
)

/** What llama.cpp says of itself. */
export const PROPS = {
  default_generation_settings: { n_ctx: 4096, params: {} },
  total_slots: 1,
  build_info: 'b9000-abc',
  chat_template: '',
  modalities: { vision: false, audio: false },
}
const LLAMA_MODELS = json({
  object: 'list',
  data: [{ id: 'tiny', object: 'model', owned_by: 'llamacpp', meta: { n_ctx: 4096, n_ctx_train: 8192 } }],
})

/** What is made of servers' own answers; as short as they are recognised by. */
export const SERVERS = {
  unknown: { paths: { '/v1/models': models('m') } },
  llamaCpp: { paths: { '/props': json(PROPS), '/v1/models': LLAMA_MODELS } },
  lmStudio: {
    others: json({ error: 'Unexpected endpoint or method. (GET /x). Returning 200 anyway' }),
    paths: {
      '/v1/models': json({
        object: 'list',
        data: [{ id: 'm', object: 'model', owned_by: 'organization_owner' }],
      }),
      '/api/v0/models': json({
        object: 'list',
        data: [
          {
            id: 'm',
            object: 'model',
            type: 'llm',
            publisher: 'p',
            arch: 'llama',
            compatibility_type: 'gguf',
            quantization: 'Q4_K_M',
            state: 'loaded',
            max_context_length: 8192,
            loaded_context_length: 4096,
          },
        ],
      }),
    },
  },
  vllm: {
    others: json({ detail: 'Not Found' }, 404),
    paths: {
      '/version': json({ version: '0.10.0' }),
      '/v1/models': json({
        object: 'list',
        data: [{ id: 'm', object: 'model', owned_by: 'vllm', root: 'm', max_model_len: 2048 }],
      }),
    },
  },
  koboldcpp: {
    paths: {
      '/api/extra/version': json({ result: 'KoboldCpp', version: '1.99', protected: false }),
      '/': { chunks: ['<html><title>KoboldAI Lite</title></html>'] },
      '/api/version': json({ version: '0.7.0' }),
      '/api/tags': json({ models: [{ name: 'koboldcpp/m', model: 'koboldcpp/m:latest' }] }),
      '/props': json(PROPS),
      '/v1/models': json({
        object: 'list',
        data: [{ id: 'koboldcpp/m', object: 'model', owned_by: 'koboldcpp' }],
      }),
    },
  },
} satisfies Record<string, Played>

export async function play(
  { others = NOT_FOUND, paths, chat = NO_MESSAGES }: Played,
  host?: string,
  port?: number,
): Promise<ScriptedServer> {
  const server = await startScriptedServer(host, port)
  for (const [path, answer] of Object.entries(paths)) server.answersTo(`GET ${path}`, answer)
  return server.answersQuestions(others).answersChats(chat)
}
