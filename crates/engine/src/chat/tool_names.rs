use std::collections::HashMap;

use crate::types::{ChatRequest, Message, Tool, ToolChoice};

/// The longest name that OpenAI takes.
const MAX_NAME: usize = 64;

/// The tools that are offered, as the caller names them and as they go over the wire: OpenAI and others take letters,
/// digits, `_` and `-` only. <https://platform.openai.com/docs/api-reference/chat/create>
#[derive(Debug, Clone, Default)]
pub struct ToolNames(Vec<Name>);

#[derive(Debug, Clone)]
struct Name {
    given: String,
    sent: String,
}

impl ToolNames {
    #[must_use]
    pub fn of(tools: &[Tool]) -> Self {
        let mut users = HashMap::<String, usize>::new();
        for tool in tools {
            *users.entry(plain(&tool.name)).or_default() += 1;
        }
        let sent = |name: &String| {
            let plain = plain(name);
            if plain == *name || users.get(&plain) == Some(&1) { plain } else { told_apart(&plain, name) }
        };
        Self(tools.iter().map(|tool| Name { given: tool.name.clone(), sent: sent(&tool.name) }).collect())
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives every tool in `request` the name that goes over the wire.
    pub fn rename(&self, request: &mut ChatRequest) {
        for tool in &mut request.tools.tools {
            tool.name = self.sent(&tool.name);
        }
        if let Some(ToolChoice::Named { name }) = &mut request.tools.tool_choice {
            *name = self.sent(name);
        }
        for message in &mut request.messages {
            match message {
                Message::Assistant(message) => {
                    message.tool_calls.iter_mut().for_each(|call| call.name = self.sent(&call.name));
                }
                Message::Tool { name: Some(name), .. } => *name = self.sent(name),
                _ => {}
            }
        }
    }

    /// Whether a tool of this name was offered.
    #[must_use]
    pub fn has(&self, sent: &str) -> bool {
        self.0.iter().any(|name| name.sent == sent)
    }

    /// The tool that is meant by `written`, if it is one: models that speak Harmony leave the rest of a message's head in
    /// the name (`get_weather<|channel|>commentary`), and the folder before it (`functions.get_weather`).
    #[must_use]
    pub fn meant<'a>(&self, written: &'a str) -> Option<&'a str> {
        let name = written.split_once("<|").map_or(written, |(name, _)| name).trim();
        [name, name.strip_prefix("functions.").unwrap_or_default()].into_iter().find(|name| self.has(name))
    }

    /// Whether the name of an offered tool begins with `start` and then `next`.
    #[must_use]
    pub fn begin(&self, start: &str, next: &str) -> bool {
        let begins = |name: &Name| name.sent.strip_prefix(start).is_some_and(|rest| rest.starts_with(next));
        self.0.iter().any(begins)
    }

    /// The caller's own name.
    #[must_use]
    pub fn given<'a>(&'a self, sent: &'a str) -> &'a str {
        self.0.iter().find(|name| name.sent == sent).map_or(sent, |name| &name.given)
    }

    /// The name that goes over the wire.
    #[must_use]
    pub fn sent(&self, given: &str) -> String {
        // The history may speak of a tool that is no longer offered.
        self.0.iter().find(|name| name.given == given).map_or_else(|| plain(given), |name| name.sent.clone())
    }
}

/// In the history, for a call that the model gave no name.
const UNNAMED: &str = "unnamed";

/// `name` with nothing in it that servers refuse.
fn plain(name: &str) -> String {
    if name.is_empty() {
        return UNNAMED.to_owned();
    }
    let is_taken = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    name.chars().map(|it| if is_taken(it) { it } else { '_' }).take(MAX_NAME).collect()
}

/// A plain name that another tool has, too, with an end of its own.
fn told_apart(plain: &str, given: &str) -> String {
    const END: usize = 9;
    // FNV-1a: the same in every version of the package, so that a server's prompt cache stays right.
    let hash =
        given.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{}_{hash:08x}", &plain[..plain.len().min(MAX_NAME - END)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[&str]) -> ToolNames {
        let tool = |name: &&str| serde_json::from_value(serde_json::json!({ "name": name })).unwrap();
        ToolNames::of(&given.iter().map(tool).collect::<Vec<_>>())
    }

    #[test]
    fn names_that_servers_refuse_are_sent_otherwise_and_found_again() {
        let long = "x".repeat(80);
        for (given, sent) in [
            ("get_weather", "get_weather"),
            ("files.read", "files_read"),
            ("wetter für", "wetter_f_r"),
            (&long, &long[..64]),
        ] {
            let names = names(&[given]);
            assert_eq!(names.sent(given), sent);
            assert_eq!((names.given(sent), names.has(sent)), (given, true));
        }
    }

    #[test]
    fn two_tools_never_get_one_name_whatever_their_order() {
        let (one, other) = (names(&["a.b", "a_b", "a b"]), names(&["a b", "a.b", "a_b"]));
        for given in ["a.b", "a_b", "a b"] {
            let sent = one.sent(given);
            assert_eq!((other.sent(given), one.given(&sent)), (sent.clone(), given));
            assert!(sent.len() <= MAX_NAME && plain(&sent) == sent);
        }
        assert_eq!(one.sent("a_b"), "a_b");
        let long = ["x".repeat(64) + "1", "x".repeat(64) + "2"];
        let names = names(&[&long[0], &long[1]]);
        assert_ne!(names.sent(&long[0]), names.sent(&long[1]));
        assert_eq!(names.sent(&long[0]).len(), MAX_NAME);
    }

    #[test]
    fn a_name_is_found_among_what_is_left_of_a_message() {
        let names = names(&["get_weather", "functions.odd"]);
        for (written, meant) in [
            ("get_weather", Some("get_weather")),
            ("get_weather<|channel|>commentary", Some("get_weather")),
            ("functions.get_weather <|constrain|>json", Some("get_weather")),
            ("functions_odd", Some("functions_odd")),
            ("get_weather2", None),
            ("<|channel|>", None),
            ("", None),
        ] {
            assert_eq!(names.meant(written), meant, "{written}");
        }
    }

    #[test]
    fn a_call_of_the_history_has_a_name() {
        assert_eq!(names(&["f"]).sent(""), UNNAMED);
    }

    #[test]
    fn all_of_a_request_is_renamed() {
        let mut request: ChatRequest = serde_json::from_str(
            r#"{"tools":{"tools":[{"name":"a.b"}],"toolChoice":{"name":"a.b"}},"messages":[
                {"role":"assistant","content":null,"toolCalls":[{"id":"1","name":"a.b","rawArguments":""},{"id":"2","name":"c.d"}]},
                {"role":"tool","toolCallId":"1","content":"","name":"a.b"}]}"#,
        )
        .unwrap();
        ToolNames::of(&request.tools.tools).rename(&mut request);
        let told = format!("{request:?}");
        assert_eq!((told.matches("\"a_b\"").count(), told.matches("\"c_d\"").count()), (4, 1), "{told}");
    }
}
