/**
 * The fields of vLLM's requests that OpenAI's have not, in the wire's own names, as of 0.32. Where a version is named,
 * earlier ones ignore the field without a word. Fields that are not listed are sent, too.
 *
 * @see https://docs.vllm.ai/en/stable/serving/openai_compatible_server/
 */
export interface VLLMExtraBody {
  [field: string]: unknown

  // Sampling
  /** -1: all tokens. */
  top_k?: number | undefined
  min_p?: number | undefined
  /** 1: none. */
  repetition_penalty?: number | undefined
  /** Searches for the likeliest answer as a whole, keeping `n` beams. The answer comes in one piece. */
  use_beam_search?: boolean | undefined
  /** Of a beam search: above 1 for longer answers, below 1 for shorter ones. */
  length_penalty?: number | undefined
  /** Of a beam search, how many beams it keeps; else how many answers are made. The first of them is given. */
  n?: number | undefined
  /** Known up to 0.11, and refused by its default engine; newer versions ignore it. */
  best_of?: number | undefined
  /** Tokens that end the answer. */
  stop_token_ids?: readonly number[] | undefined
  include_stop_str_in_output?: boolean | undefined
  /** Goes on past the end of the answer, until its limit. */
  ignore_eos?: boolean | undefined
  /** So many tokens come before the answer may end. */
  min_tokens?: number | undefined
  skip_special_tokens?: boolean | undefined
  spaces_between_special_tokens?: boolean | undefined
  /** Texts that are never written. Since 0.9. */
  bad_words?: readonly string[] | undefined
  /** All other tokens are never written. Since 0.9. */
  allowed_token_ids?: readonly number[] | undefined
  /** Keeps only so many tokens of the prompt. -1: as many as fit. */
  truncate_prompt_tokens?: number | undefined
  /** Which end of the prompt is cut. Since 0.24. */
  truncation_side?: 'left' | 'right' | undefined
  /** Whose likelihood is told for each place. Since 0.28. */
  logprob_token_ids?: readonly number[] | undefined
  /** Ends an answer that goes in circles. Since 0.18. */
  repetition_detection?: Record<string, unknown> | undefined
  /** How many tokens the reasoning may take. Refused unless the server has a reasoning parser. Since 0.20. */
  thinking_token_budget?: number | undefined

  // Structure of the answer
  /**
   * What the answer must look like. Goes out by the name that the server's version knows: this one since 0.12, `guided_*`
   * up to 0.10.2, and both where the version is not known yet. What has no name in that version is left out, with the
   * warning `unknown_field`.
   */
  structured_outputs?: VLLMStructuredOutputs | undefined
  /** As `structured_outputs.json`, which it becomes for newer servers; so do the other `guided_*`. */
  guided_json?: Record<string, unknown> | string | undefined
  guided_regex?: string | undefined
  guided_choice?: readonly string[] | undefined
  guided_grammar?: string | undefined
  guided_whitespace_pattern?: string | undefined
  /** Up to 0.11; then the server chooses it when it is started. */
  guided_decoding_backend?: string | undefined

  // The model's template
  /** Variables of the template: `{ enable_thinking: false }`. */
  chat_template_kwargs?: Record<string, unknown> | undefined
  /** A template of one's own. Refused unless the server was started with `--trust-request-chat-template`. */
  chat_template?: string | undefined
  add_generation_prompt?: boolean | undefined
  /** Goes on with the last message, in place of answering it; needs `add_generation_prompt: false`. */
  continue_final_message?: boolean | undefined
  add_special_tokens?: boolean | undefined
  /** For templates that know documents. */
  documents?: readonly Record<string, string>[] | undefined
  /** Begins the answer with the last message, where that is of the same role. */
  echo?: boolean | undefined

  // Reasoning
  /** `false`: it is not told; its tokens are counted all the same. Since 0.10.1. */
  include_reasoning?: boolean | undefined
  /** Since 0.10.1. */
  reasoning_effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max' | undefined

  // What else is told
  /** Since 0.10.2. */
  return_token_ids?: boolean | undefined
  return_tokens_as_token_ids?: boolean | undefined
  /** Since 0.24. */
  return_prompt_text?: boolean | undefined
  /** Since 0.28. */
  return_token_offsets?: boolean | undefined

  // How it is served
  /** The lower, the earlier. Needs a server that is started with `--scheduling-policy priority`. */
  priority?: number | undefined
  /** Becomes part of the answer's `id`. */
  request_id?: string | undefined
  /** Keeps the cache of prompts apart from that of others. Since 0.9. */
  cache_salt?: string | undefined
  /** Since 0.28. */
  session_id?: string | undefined
  /** So many tokens come at once. Since 0.28. */
  stream_interval?: number | undefined
  /** For servers that part the prompt from the answer. Since 0.9. */
  kv_transfer_params?: Record<string, unknown> | undefined
  /** For extensions of the server. Since 0.9. */
  vllm_xargs?: Record<string, string | number | readonly (string | number)[]> | undefined

  // Images and other media
  mm_processor_kwargs?: Record<string, unknown> | undefined
  /** Since 0.18. */
  media_io_kwargs?: Record<string, Record<string, unknown>> | undefined
}

/**
 * What an answer must look like: exactly one of the first six, and how strictly. With a reasoning parser, it binds what
 * comes after the reasoning only.
 */
export interface VLLMStructuredOutputs {
  /** A JSON schema. */
  json?: Record<string, unknown> | string | undefined
  regex?: string | undefined
  choice?: readonly string[] | undefined
  /** In EBNF. */
  grammar?: string | undefined
  /** Any JSON object. */
  json_object?: boolean | undefined
  /** Tags that structured parts stand between, as JSON. */
  structural_tag?: string | undefined
  /** No white space but what JSON needs: small models pad with it. */
  disable_any_whitespace?: boolean | undefined
  disable_additional_properties?: boolean | undefined
  whitespace_pattern?: string | undefined
}
