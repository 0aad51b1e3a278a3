//! A prompt that does not fit: how servers say it, and the two numbers in their words. All words are in lower case.

/// Whether they say so.
#[must_use]
pub fn is_told(words: &str) -> bool {
    SAID.iter().any(|said| words.contains(said))
}

/// How long the context is, in tokens.
#[must_use]
pub fn context_length(words: &str) -> Option<u64> {
    CONTEXT_LENGTH.iter().find_map(|place| place.number_in(words))
}

/// How long the prompt was, in tokens. Some servers stop counting at the first that is too many.
#[must_use]
pub fn prompt_tokens(words: &str) -> Option<u64> {
    PROMPT_TOKENS.iter().find_map(|place| place.number_in(words))
}

const SAID: [&str; 27] = [
    "maximum context length",
    "model's context length",
    "context length of only",
    "reached context length",
    "exceeds the context length",
    "greater than the context length",
    "exceeded max context length",
    "max_model_len",
    "maximum model length",
    "greater than max_seq_len",
    "cannot truncate prompt",
    "exceed n_ctx",
    "context size",
    "context window",
    "contextwindowexceeded",
    "exceed context",
    "exceed the configured limit",
    "maximum number of tokens allowed",
    "maximum prompt length",
    "reduce the length of the messages",
    "too long for the model",
    "prompt is too long",
    "input is too long",
    "is too long and exceeds",
    "is too large to process",
    "`inputs` tokens + `max_new_tokens`",
    "`inputs` must have less than",
];

/// Where a number stands.
enum Place {
    After(&'static str),
    Before(&'static str),
}

use Place::{After, Before};

const CONTEXT_LENGTH: [Place; 20] = [
    After("max_model_len="),
    After("maximum context length is "),
    After("maximum context length of "),
    Before(" maximum context length"),
    After("maximum model length of "),
    After("maximum prompt length is "),
    After("available context size ("),
    After("model's context length ("),
    After("context length of only "),
    After("context length of "),
    After("context window of "),
    After("n_ctx ("),
    After("n_ctx: "),
    After("max_seq_len "),
    After("configured limit of "),
    After("exceeds limit of "),
    After("tokens allowed ("),
    After("must be <= "),
    After("must have less than "),
    After(" > "),
];

const PROMPT_TOKENS: [Place; 24] = [
    After("prompt contains at least "),
    After("prompt contains "),
    After("request contains "),
    Before(" tokens from the input messages"),
    Before(" input tokens"),
    After("keep the first "),
    After("tokens to keep from the initial prompt ("),
    After("n_keep ("),
    After("n_keep: "),
    After("prefill "),
    After("resulted in "),
    After("resulted in over "),
    After("request ("),
    After("the input ("),
    After("input prompt ("),
    After("prompt (length "),
    After("prompt length "),
    After("prompt is too long: "),
    After("exceed context limit: "),
    After("token count ("),
    After("given: "),
    After("input ("),
    // The whole comes before its parts: "you requested 623 tokens (611 in the messages, 12 in the completion)".
    After("tokens ("),
    After("your request has "),
];

impl Place {
    /// The first number there; thousands may be parted by commas.
    fn number_in(&self, words: &str) -> Option<u64> {
        let is_part = |character: char| character.is_ascii_digit() || character == ',';
        let digits = match self {
            After(before) => words.split(before).skip(1).find_map(|rest| {
                let digits = &rest[..rest.find(|character| !is_part(character)).unwrap_or(rest.len())];
                digits.starts_with(|first: char| first.is_ascii_digit()).then_some(digits)
            })?,
            Before(after) => {
                let rest = words.split_once(after)?.0;
                &rest[rest.rfind(|character| !is_part(character)).map_or(0, |end| end + 1)..]
            }
        };
        digits.replace(',', "").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use crate::error::Code;

    /// The numbers of an overflow: the prompt's, the context's.
    type Numbers = (Option<u64>, Option<u64>);

    fn check(cases: &[(u16, &str, Numbers)]) {
        for (status, body, numbers) in cases {
            let error = Failure::of_body(body.as_bytes()).status(*status).into_error();
            assert_eq!(error.code, Code::ContextLengthExceeded, "{body}");
            assert_eq!((error.prompt_tokens, error.context_length), *numbers, "{body}");
            assert!(!error.retryable, "{body}");
        }
    }

    #[test]
    fn servers_of_this_machine_tell_both_numbers() {
        check(&[
            // llama.cpp, and Ollama in front of it
            (
                400,
                r#"{"error":{"code":400,"message":"request (8411 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":8411,"n_ctx":4096}}"#,
                (Some(8411), Some(4096)),
            ),
            (
                400,
                r#"{"error":"{\"error\":{\"code\":400,\"message\":\"request (6009 tokens) exceeds the available context size (2048 tokens), try increasing it\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":6009,\"n_ctx\":2048}}"}"#,
                (Some(6009), Some(2048)),
            ),
            // LocalAI, in whose words alone it is told
            (
                500,
                r#"{"error":{"code":500,"message":"rpc error: code = Internal desc = request (6009 tokens) exceeds the available context size (2048 tokens), try increasing it","type":""}}"#,
                (Some(6009), Some(2048)),
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"Context size has been exceeded.","type":"server_error"}}"#,
                (None, None),
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"input (8401 tokens) is too large to process. increase the physical batch size (current batch size: 512)"}}"#,
                (Some(8401), None),
            ),
            (400, r#"{"error":"the input length exceeds the context length"}"#, (None, None)),
            // LM Studio, by version
            (
                400,
                r#"{"error":"Trying to keep the first 6547 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough. Try to load the model with a larger context length, or provide a shorter input"}"#,
                (Some(6547), Some(4096)),
            ),
            (
                200,
                r#"{"error":"Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)"}"#,
                (Some(15_028), Some(7424)),
            ),
            (
                400,
                r#"{"error":"The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 10247 >= n_ctx: 4096). Try to load the model with a larger context length"}"#,
                (Some(10_247), Some(4096)),
            ),
            (
                200,
                r#"{"error":"Reached context length of 4096 tokens, but this model does not currently support mid-generation context overflow."}"#,
                (None, Some(4096)),
            ),
            // text-generation-webui
            (
                400,
                r#"{"error":{"message":"This model maximum context length is 2048 tokens. However, your messages resulted in over 2364 tokens.","code":400,"type":"InvalidRequestError","param":"messages"}}"#,
                (Some(2364), Some(2048)),
            ),
            // TGI
            (
                422,
                r#"{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 100 `max_new_tokens`","error_type":"validation"}"#,
                (Some(5000), Some(4096)),
            ),
            (
                422,
                r#"{"error":"Input validation error: `inputs` must have less than 1024 tokens. Given: 2000","error_type":"validation"}"#,
                (Some(2000), Some(1024)),
            ),
            // SGLang, llama-cpp-python, TabbyAPI, GPUStack
            (
                400,
                r#"{"object":"error","message":"The input (61709 tokens) is longer than the model's context length (40960 tokens).","code":400}"#,
                (Some(61_709), Some(40_960)),
            ),
            (
                400,
                "Requested token count exceeds the model's maximum context length of 4096 tokens. You requested a total of 5000 tokens: 4500 tokens from the input messages and 500 tokens for the completion.",
                (Some(4500), Some(4096)),
            ),
            (500, "Requested tokens (5000) exceed context window of 2048", (Some(5000), Some(2048))),
            (400, "Prompt length 5000 is greater than max_seq_len 4096", (Some(5000), Some(4096))),
            (
                400,
                "Illegal param: prefill 744 tokens exceed n_ctx_per_seq, try increasing total context size",
                (Some(744), None),
            ),
        ]);
    }

    #[test]
    fn each_version_of_vllm_tells_its_numbers() {
        check(&[
            // 0.32, 0.14 and 0.10
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 512 tokens. However, your prompt contains at least 513 input tokens, which exceeds this limit even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, value=513)","type":"BadRequestError","param":"input_tokens","code":400}}"#,
                (Some(513), Some(512)),
            ),
            (
                400,
                r#"{"error":{"message":"max_tokens=600 cannot be greater than max_model_len=512. Please request fewer output tokens. (parameter=max_tokens, value=600)"}}"#,
                (None, Some(512)),
            ),
            (
                400,
                r#"{"error":{"message":"'max_tokens' or 'max_completion_tokens' is too large: 600. This model's maximum context length is 512 tokens and your request has 16 input tokens (600 > 512 - 16). (parameter=max_tokens, value=600) None"}}"#,
                (Some(16), Some(512)),
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 512 tokens. However, your request has 611 input tokens. Please reduce the length of the input messages."}}"#,
                (Some(611), Some(512)),
            ),
            (
                400,
                r#"{"object":"error","message":"This model's maximum context length is 512 tokens. However, you requested 623 tokens (611 in the messages, 12 in the completion). Please reduce the length of the messages or completion. None"}"#,
                (Some(611), Some(512)),
            ),
            (
                400,
                "The decoder prompt (length 611) is longer than the maximum model length of 512. Make sure that `max_model_len` is no smaller than the number of text tokens.",
                (Some(611), Some(512)),
            ),
            (400, "Input prompt (611 tokens) is too long and exceeds limit of 512", (Some(611), Some(512))),
        ]);
    }

    #[test]
    fn gateways_and_services_tell_both_numbers() {
        check(&[
            // LiteLLM
            (
                400,
                r#"{"error":{"message":"litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: OpenAIException - This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.\nmodel=u400ctx. context_window_fallbacks=None.","type":"invalid_request_error","param":null,"code":"400"}}"#,
                (Some(5000), Some(4096)),
            ),
            // OpenAI, old and new
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens. Please reduce the length of the messages.","param":"messages","code":"context_length_exceeded"}}"#,
                (Some(130_000), Some(128_000)),
            ),
            (
                400,
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens, however you requested 8977 tokens (8970 in your prompt; 7 for the completion)."}}"#,
                (Some(8970), Some(8192)),
            ),
            (
                400,
                r#"{"error":{"message":"Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens.","code":"context_length_exceeded"}}"#,
                (Some(300_000), Some(272_000)),
            ),
            (
                400,
                r#"{"error":{"message":"Your input exceeds the context window of this model.","code":"context_length_exceeded"}}"#,
                (None, None),
            ),
            // OpenRouter
            (
                400,
                r#"{"error":{"message":"This endpoint's maximum context length is 16384 tokens. However, you requested about 94307 tokens (94300 of text input, 7 in the output). Please reduce the length of either one.","code":400,"metadata":{"provider_name":null}}}"#,
                (Some(94_300), Some(16_384)),
            ),
            // Groq, Mistral, Google, Anthropic, xAI
            (
                400,
                r#"{"error":{"message":"Please reduce the length of the messages or completion.","param":"messages","code":"context_length_exceeded"}}"#,
                (None, None),
            ),
            (
                400,
                r#"{"object":"error","message":"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length"}"#,
                (Some(40_000), Some(32_768)),
            ),
            (
                400,
                r#"[{"error":{"code":400,"message":"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."}}]"#,
                (Some(1_200_000), Some(1_048_576)),
            ),
            (400, "prompt is too long: 210,000 tokens > 200,000 maximum", (Some(210_000), Some(200_000))),
            (
                400,
                "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
                (Some(190_000), Some(200_000)),
            ),
            (
                400,
                "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
                (Some(140_000), Some(131_072)),
            ),
        ]);
    }

    #[test]
    fn a_field_or_a_limit_of_another_kind_is_no_full_context() {
        for (status, words) in [
            (400, "Unrecognized request argument supplied: n_keep"),
            (400, "Unknown field: max_seq_len"),
            (400, "max_tokens must be at least 1, got 0."),
            (400, "Request body is too large: 12000000 > 10000000"),
            (413, "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 7000"),
            (429, "Limit 6000, Used 5900, Requested 200. Please try again in 1s."),
        ] {
            let error = Failure::of_body(words.as_bytes()).status(status).into_error();
            assert_ne!(error.code, Code::ContextLengthExceeded, "{words}");
            assert_eq!((error.prompt_tokens, error.context_length), (None, None), "{words}");
        }
    }
}
