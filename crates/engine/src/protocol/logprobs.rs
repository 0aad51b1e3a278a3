//! The probabilities of tokens: how they are asked for, and how they are told, in both protocols alike.

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    elements::each,
    lenient::{Number, Object, Text},
};
use crate::types::{Alternative, Delta, Logprobs, TokenLogprob};

/// Asks for them. Of no alternatives, no number is sent: llama.cpp would take 0 as none of the tokens, either.
pub fn ask(logprobs: Option<Logprobs>, body: &mut Map<String, Value>) {
    let alternatives = match logprobs {
        None | Some(Logprobs::Switch(false)) => return,
        Some(Logprobs::Switch(true)) => None,
        Some(Logprobs::Alternatives(number)) => Some(number).filter(|number| *number > 0),
    };
    body.insert("logprobs".into(), true.into());
    if let Some(number) = alternatives {
        body.insert("top_logprobs".into(), number.into());
    }
}

/// Tells them token by token. By OpenAI's protocol, the list is the `content` of an object; by Ollama's, it is all.
pub fn read(told: &RawValue, out: &mut dyn FnMut(Delta<'_>)) {
    #[derive(Deserialize)]
    struct Told<'a> {
        #[serde(borrow, default)]
        content: Option<&'a RawValue>,
    }
    let content = match serde_json::from_str::<Object<Told<'_>>>(told.get()) {
        Ok(Object(Some(Told { content: Some(content) }))) => content,
        _ => told,
    };
    each(content, &mut |token| {
        if let Ok(Object(Some(token))) = serde_json::from_str::<Object<WireToken<'_>>>(token.get())
            && let Some(read) = alternative(&token)
        {
            let mut top = Vec::new();
            if let Some(others) = token.top_logprobs {
                each(others, &mut |other| {
                    let other = serde_json::from_str::<Object<WireToken<'_>>>(other.get());
                    top.extend(other.ok().and_then(|other| alternative(&other.0?)));
                });
            }
            out(Delta::Logprob(TokenLogprob { token: read.token, logprob: read.logprob, top }));
        }
    });
}

/// What an impossible token has instead of an infinite number, which JSON has not. OpenAI's own word for it.
/// <https://platform.openai.com/docs/api-reference/chat/object>
const IMPOSSIBLE: f64 = -9999.0;

fn alternative(WireToken { token, logprob, .. }: &WireToken<'_>) -> Option<Alternative> {
    let token = token.as_ref()?.0.clone().into_owned();
    Some(Alternative { token, logprob: logprob.0.unwrap_or(IMPOSSIBLE) })
}

#[derive(Deserialize)]
struct WireToken<'a> {
    #[serde(borrow, default)]
    token: Option<Text<'a>>,
    #[serde(default)]
    logprob: Number,
    #[serde(borrow, default)]
    top_logprobs: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(json: &str) -> Value {
        let mut tokens = Vec::new();
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        read(raw, &mut |delta| match delta {
            Delta::Logprob(token) => tokens.push(token),
            other => panic!("{other:?}"),
        });
        serde_json::to_value(tokens).unwrap()
    }

    #[test]
    fn tokens_are_read_where_they_stand_and_an_impossible_one_is_told_as_such() {
        let list =
            r#"[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":null}]}]"#;
        let expected =
            json!([{ "token": "a", "logprob": -0.5, "top": [{ "token": "b", "logprob": -9999.0 }] }]);
        assert_eq!(told(list), expected);
        assert_eq!(told(&format!(r#"{{"content":{list},"refusal":null}}"#)), expected);
    }

    #[test]
    fn what_is_no_token_is_passed_over() {
        for nothing in ["{}", "[]", r#"{"content":null}"#, r#"{"tokens":["a"]}"#, r#"[1,{"logprob":1}]"#, "3"]
        {
            assert_eq!(told(nothing), json!([]), "{nothing}");
        }
    }
}
