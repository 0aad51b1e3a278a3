//! What a server's words say of tools: that it takes none, or that its own model's call was not to be read.

use crate::error::ToolFailure;

/// How servers say that they take no tools: Ollama (`does not support tools`), llama.cpp (`tools param requires --jinja
/// flag`, before that `Unsupported param: tools`), vLLM (`"auto" tool choice requires --enable-auto-tool-choice`,
/// `tool_choice="required" requires --tool-call-parser`), OpenRouter (`No endpoints found that support tool use`), and
/// what others say of the field. Quotes are left out.
const REFUSED: [&str; 22] = [
    "does not support tools",
    "do not support tools",
    "doesn't support tools",
    "does not support tool use",
    "does not support tool call",
    "does not support function call",
    "doesn't support function call",
    "tools is not supported",
    "tools are not supported",
    "tools not supported",
    "tool use is not supported",
    "tool calling is not supported",
    "tool calls are not supported",
    "function calling is not supported",
    "function calling not supported",
    "does not support parameters: [tools]",
    "unexpected keys in the request: {tools}",
    "unsupported param: tools",
    "tools param requires",
    "requires --enable-auto-tool-choice",
    "requires --tool-call-parser",
    "no endpoints found that support tool use",
];

/// What comes before the field's name where it is refused by name alone.
const UNKNOWN: [&str; 5] = [
    "unsupported parameter: ",
    "unknown parameter: ",
    "unknown field ",
    "unknown argument: ",
    "unrecognized request argument supplied: ",
];

/// What is refused is only in one tool's description.
const PART_OF_ONE: [&str; 3] = ["tool parameters", "function parameters", "schema"];

/// How servers say that they could not read what their model wrote: Groq (also by the code `tool_use_failed`, and
/// `output_parse_failed` of Harmony), llama.cpp (a 500), vLLM (a 400 of the validator of its own output, and what the parser
/// of Harmony says), Ollama, TGI, and `transformers serve`. (`Failed to parse tool call arguments as JSON` is llama.cpp's of
/// the history.)
const GARBLED: [&str; 11] = [
    "failed to call a function",
    "failed to parse input at pos",
    "the model produced output that does not match the expected",
    "validation error for list[",
    "unexpected tokens remaining in message header",
    "while expecting start token",
    "error parsing tool call",
    "xml syntax error on line",
    "tool error: failed to parse generated text",
    "json parser could not parse region as json",
    "the model generated output that could not be parsed",
];

/// `refused`: the field that is refused, whatever its value.
pub fn find(code: &str, words: &str, refused: Option<&str>) -> Option<ToolFailure> {
    let words = words.to_lowercase().replace(['\'', '"', '`'], "");
    let has = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let names_field =
        || UNKNOWN.iter().filter_map(|before| words.split_once(before)).any(|(_, rest)| is_tools(rest));
    if matches!(code, "tool_use_failed" | "output_parse_failed") || has(&GARBLED) {
        Some(ToolFailure::GarbledCall)
    } else if refused.is_some_and(is_tools) && !has(&PART_OF_ONE) || has(&REFUSED) || names_field() {
        Some(ToolFailure::Refused)
    } else {
        None
    }
}

/// Whether the first word is the field itself, and not a part of one tool.
fn is_tools(words: &str) -> bool {
    let word = words.split(|next: char| next.is_whitespace() || next == ',').next();
    word.map(|word| word.trim_end_matches('.')) == Some("tools")
}

pub fn hint(failure: ToolFailure) -> &'static str {
    match failure {
        ToolFailure::Refused => "With `toolMode: 'auto'`, tools are described in the prompt instead.",
        ToolFailure::GarbledCall => {
            "The model wrote a call that its server could not read: ask again, or with `toolMode: 'prompted'`."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Failure;

    fn said(status: u16, body: &str) -> Option<ToolFailure> {
        Failure::of_body(body.as_bytes()).status(status).into_error().of_tools
    }

    #[test]
    fn a_server_that_takes_no_tools_is_understood() {
        for (status, body) in [
            (400, r#"{"error":"registry.ollama.ai/library/gemma3:4b does not support tools"}"#),
            (
                400,
                r#"{"error":{"message":"llama3 does not support tools","type":"api_error","param":null,"code":null}}"#,
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"tools param requires --jinja flag","type":"server_error"}}"#,
            ),
            (500, r#"{"code":500,"message":"Unsupported param: tools","type":"server_error"}"#),
            (
                400,
                r#"{"error":{"message":"\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set","type":"BadRequestError","param":null,"code":400}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"tool_choice=\"required\" requires --tool-call-parser to be set","code":400}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"tool_choice=function \"get_weather\" requires --tool-call-parser to be set"}}"#,
            ),
            (
                404,
                r#"{"error":{"message":"No endpoints found that support tool use. To learn more about provider routing, visit: https://openrouter.ai/docs/provider-routing","code":404}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Unsupported parameter: 'tools' is not supported with this model.","param":"tools","code":"unsupported_parameter"}}"#,
            ),
            (400, r#"{"error":{"message":"`tool calling` is not supported with this model"}}"#),
            (400, r#"{"error":{"message":"deepseek-reasoner does not support Function Calling"}}"#),
            (400, r#"{"error":{"message":"Unrecognized request argument supplied: tools"}}"#),
            (422, r#"{"detail":"Unexpected keys in the request: {'tools'}"}"#),
            (
                422,
                r#"{"detail":[{"type":"extra_forbidden","loc":["body","tools"],"msg":"Extra inputs are not permitted"}]}"#,
            ),
            (
                400,
                r#"{"error":{"message":"litellm.UnsupportedParamsError: openai does not support parameters: ['tools'], for model=m"}}"#,
            ),
            (501, "Tools are not supported"),
        ] {
            assert_eq!(said(status, body), Some(ToolFailure::Refused), "{body}");
        }
    }

    #[test]
    fn a_call_that_the_server_could_not_read_is_understood() {
        for (status, body) in [
            (
                400,
                r#"{"error":{"message":"Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.","type":"invalid_request_error","code":"tool_use_failed","failed_generation":"<function=get_weather{}"}}"#,
            ),
            (
                400,
                r#"{"error":{"message":"Tool choice is none, but model called a tool","type":"invalid_request_error","code":"tool_use_failed"}}"#,
            ),
            (
                500,
                r#"{"error":{"code":500,"message":"Failed to parse input at pos 12: </tool_call>","type":"server_error"}}"#,
            ),
            (
                400,
                r#"{"object":"error","message":"1 validation error for list[function-wrap[__log_extra_fields__()]]\n  Invalid JSON: EOF while parsing","type":"BadRequestError","code":400}"#,
            ),
            (
                500,
                r#"{"error":{"message":"unexpected tokens remaining in message header: Some(\"to=functions.f\")","code":500}}"#,
            ),
            (500, r#"{"error":"error parsing tool call: raw='{\"a', err=unexpected end of JSON input"}"#),
            (
                422,
                r#"{"error":"Tool error: Failed to parse generated text: EOF while parsing \"{\"","error_type":"tool_error"}"#,
            ),
        ] {
            assert_eq!(said(status, body), Some(ToolFailure::GarbledCall), "{body}");
        }
    }

    #[test]
    fn what_is_said_of_something_else_is_no_word_of_tools() {
        for (status, body) in [
            (400, r#"{"error":{"message":"Cannot use custom grammar constraints with tools."}}"#),
            (400, r#"{"error":{"message":"'oneOf' is not supported in tool parameters","param":"tools"}}"#),
            (400, r#"{"error":{"message":"json mode cannot be combined with tool/function calling"}}"#),
            (400, r#"{"error":{"message":"response_format is not supported when tools are set"}}"#),
            (
                400,
                r#"{"error":{"message":"Unknown parameter: 'tools[0].strict'.","param":"tools[0].strict"}}"#,
            ),
            (400, r#"{"error":{"message":"Unsupported parameter: 'tool_choice'","param":"tool_choice"}}"#),
            (400, r#"{"error":{"message":"'tools' must not be empty","param":"tools"}}"#),
            (
                500,
                r#"{"error":{"code":500,"message":"Failed to parse tool call arguments as JSON: [json.exception.parse_error.101]","type":"server_error"}}"#,
            ),
            (400, r#"{"error":{"message":"m does not support chat"}}"#),
            (500, "Internal Server Error"),
        ] {
            assert_eq!(said(status, body), None, "{body}");
        }
    }
}
