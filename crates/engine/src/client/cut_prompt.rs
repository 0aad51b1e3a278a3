//! Whether a server read less of a prompt than was sent. It does not say so: what it counted tells. When in doubt, it
//! read all.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

use serde_json::{Map, Value};

use super::Client;
use crate::{servers::Cut, types::Warning};

/// A prompt that was sent to a server that cuts.
pub struct Prompt {
    /// About as many tokens as it has; rather fewer.
    estimate: u64,
    /// The server may know its beginning from an earlier request. Some do not count what they need not read again.
    may_be_cached: bool,
    cut: Option<Cut>,
    advice: &'static str,
}

impl Prompt {
    /// `None` where the server cuts no prompt.
    pub fn new(client: &Client, body: &Map<String, Value>) -> Option<Self> {
        let advice = client.server.facts().cuts_prompts?;
        let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
        let mut texts = Texts::default();
        let messages = body.get("messages").and_then(Value::as_array);
        for message in messages.into_iter().flatten() {
            texts.take_message(message);
        }
        Some(Self {
            estimate: texts.estimate(),
            may_be_cached: client.beginnings.knew(model, &texts.beginning),
            cut: client.server.cut(body, client.knowledge.context_of(model)),
            advice,
        })
    }

    /// A warning, if the server cannot have read all of it. `attempts`: how often it was sent.
    pub fn cut(&self, read: u64, attempts: u32) -> Option<Warning> {
        // A prompt of exactly that length, that was not cut, is shorter by far than the context.
        let is_at_limit = |cut: &Cut| cut.left.contains(&read) && 4 * self.estimate >= 3 * cut.context;
        let lacks_half = self.estimate >= 1000 && 2 * read < self.estimate;
        let may_be_cached = self.may_be_cached || attempts > 1;
        let at_limit = self.cut.as_ref().filter(|cut| is_at_limit(cut));
        if read == 0 || at_limit.is_none() && (!lacks_half || may_be_cached) {
            return None;
        }
        let context = at_limit.map(|cut| format!(" of {} tokens", cut.context)).unwrap_or_default();
        let message = format!(
            "The prompt did not fit the model's context{context}: the server dropped a part of it and read {read} \
             tokens of about {}. {}",
            self.estimate.max(read),
            self.advice
        );
        Some(Warning::new("prompt_cut", message))
    }
}

/// What the messages of a request say, as a tokenizer sees it.
#[derive(Default)]
struct Texts {
    beginning: Vec<u8>,
    ascii: u64,
    others: u64,
}

/// How much of a prompt has to be the same to be known again, in bytes.
const BEGINNING: usize = 256;

impl Texts {
    fn take_message(&mut self, message: &Value) {
        let role = message.get("role").and_then(Value::as_str).unwrap_or_default();
        self.begin_with(role);
        match message.get("content") {
            Some(Value::String(text)) => self.take(role, text),
            Some(Value::Array(parts)) => {
                for text in parts.iter().filter_map(|part| part.get("text")?.as_str()) {
                    self.take(role, text);
                }
            }
            _ => {}
        }
    }

    fn take(&mut self, role: &str, text: &str) {
        self.begin_with(text);
        // Templates drop what a model thought before.
        let text = if role == "assistant" { text.rsplit("</think>").next().unwrap_or(text) } else { text };
        let mut last = None;
        for character in text.chars() {
            // One token holds a whole run of spaces, or of dashes.
            let kind = if character.is_whitespace() { ' ' } else { character };
            if last != Some(kind) {
                *(if character.is_ascii() { &mut self.ascii } else { &mut self.others }) += 1;
            }
            last = Some(kind);
        }
    }

    fn begin_with(&mut self, text: &str) {
        let room = BEGINNING.saturating_sub(self.beginning.len());
        self.beginning.extend(text.bytes().take(room));
    }

    /// English has about four characters a token, other scripts have fewer: with the largest vocabularies, about three.
    fn estimate(&self) -> u64 {
        self.ascii / 4 + self.others / 3
    }
}

/// How the last prompts began, each as a hash of its model and its beginning.
#[derive(Debug, Default)]
pub struct Beginnings {
    hasher: RandomState,
    last: Mutex<VecDeque<u64>>,
}

/// More than any server keeps.
const KEPT: usize = 256;

impl Beginnings {
    /// Whether a prompt began like this before; from now on, one has.
    fn knew(&self, model: &str, beginning: &[u8]) -> bool {
        let hash = self.hasher.hash_one((model, beginning));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let knew = last.contains(&hash);
        if !knew {
            last.truncate(KEPT - 1);
            last.push_front(hash);
        }
        knew
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{client::ClientConfig, transport::Clients};

    fn client(kind: &str, settings: Value) -> Client {
        let mut config = ClientConfig { kind: kind.into(), ..ClientConfig::default() };
        config.endpoint.definition.base_url = "http://localhost:11434".into();
        config.settings = serde_json::from_value(settings).unwrap();
        Client::new(config, &Clients::default()).unwrap()
    }

    /// The body of a chat, as a client of Ollama sends it.
    fn body(texts: &[(&str, &str)], options: &Value) -> Map<String, Value> {
        let messages: Vec<_> =
            texts.iter().map(|(role, content)| json!({ "role": role, "content": content })).collect();
        let body = json!({ "model": "m", "messages": messages, "options": options });
        serde_json::from_value(body).unwrap()
    }

    fn is_cut(text: &str, options: &Value, read: u64) -> bool {
        let prompt = Prompt::new(&client("ollama", json!({})), &body(&[("user", text)], options)).unwrap();
        prompt.cut(read, 1).is_some()
    }

    /// As many words, of one token each.
    fn words(count: usize) -> String {
        "word ".repeat(count)
    }

    #[test]
    fn less_than_half_of_a_long_prompt_is_a_cut_one() {
        // As recorded: 6009 tokens by its model of a few letters a token, of which 1026 were left.
        assert!(is_cut(&words(3000), &json!({ "num_predict": 4 }), 1026));
        assert!(is_cut(&"字词句子语言".repeat(1000), &json!({}), 900));
        for (text, read) in [
            (words(3000), 3010),
            (words(3000), 1900),
            // A tokenizer with long tokens, and a request that is too short to tell.
            (words(700), 500),
            (words(700), 100),
            ("Слово за слово и так далее. ".repeat(400), 2000),
            ("字词句子语言".repeat(1000), 3000),
            // No count at all.
            (words(3000), 0),
        ] {
            assert!(!is_cut(&text, &json!({}), read), "{read} of {text}");
        }
    }

    #[test]
    fn what_a_tokenizer_writes_in_few_tokens_counts_little() {
        for text in [" ".repeat(20_000), "-".repeat(20_000), format!("a{}b\n", " \n".repeat(8000)).repeat(2)]
        {
            assert!(!is_cut(&text, &json!({}), 160));
        }
    }

    #[test]
    fn what_a_template_drops_is_not_missed() {
        let thoughts = format!("<think>{}</think>Yes.", words(3000));
        let is_cut = |role| {
            let body = body(&[(role, &thoughts), ("user", "why?")], &json!({}));
            Prompt::new(&client("ollama", json!({})), &body).unwrap().cut(20, 1).is_some()
        };
        assert!(!is_cut("assistant"));
        assert!(is_cut("user"));
    }

    #[test]
    fn a_prompt_at_the_limit_of_a_known_context_is_a_cut_one() {
        for (count, options, read, expected) in [
            (2400, json!({ "num_ctx": 4096 }), 2050, false),
            (5000, json!({ "num_ctx": 4096 }), 2050, true),
            (5000, json!({ "num_ctx": 4096 }), 4096, true),
            (5000, json!({ "num_ctx": 4096 }), 4095, false),
            (5000, json!({ "num_ctx": 4096, "num_keep": 100 }), 4096 - 1998, true),
            // As long as that by itself.
            (1700, json!({ "num_ctx": 4096 }), 2050, false),
            (5000, json!({ "num_ctx": 131_072 }), 5010, false),
            (5000, json!({}), 4096, false),
        ] {
            assert_eq!(is_cut(&words(count), &options, read), expected, "{count} {options} {read}");
        }
    }

    #[test]
    fn a_prompt_whose_beginning_may_be_known_is_not_judged_by_its_length() {
        let client = client("ollama", json!({}));
        let cut = |text: &str, options: &Value, attempts| {
            let prompt = Prompt::new(&client, &body(&[("user", text)], options)).unwrap();
            prompt.cut(1026, attempts).is_some()
        };
        assert!(cut(&words(3000), &json!({}), 1));
        assert!(!cut(&words(4000), &json!({}), 1), "a second prompt that begins alike");
        assert!(cut(&words(4000), &json!({ "num_ctx": 2048 }), 1), "at the limit");
        assert!(!cut(&format!("other {}", words(3000)), &json!({}), 2), "sent twice");
        assert!(cut(&format!("another {}", words(3000)), &json!({}), 1));
    }

    #[test]
    fn beginnings_are_forgotten_in_the_end() {
        let beginnings = Beginnings::default();
        for number in 0..=KEPT {
            assert!(!beginnings.knew("m", number.to_string().as_bytes()));
        }
        assert!(beginnings.knew("m", b"1") && !beginnings.knew("m", b"0") && !beginnings.knew("n", b"1"));
        assert_eq!(beginnings.last.lock().unwrap().len(), KEPT);
    }

    #[test]
    fn the_warning_says_what_to_do() {
        let body = body(&[("user", &words(5000))], &json!({ "num_ctx": 4096 }));
        let prompt = Prompt::new(&client("ollama", json!({})), &body).unwrap();
        let warning = prompt.cut(2050, 1).unwrap();
        assert_eq!(warning.code, "prompt_cut");
        for words in ["of 4096 tokens", "read 2050 tokens of about 6250", "`numCtx`"] {
            assert!(warning.message.contains(words), "{}", warning.message);
        }
    }

    #[test]
    fn a_server_is_looked_at_unless_it_refuses_what_is_too_long() {
        for (kind, is_looked_at) in [
            ("text-generation-webui", true),
            ("openai-compatible", true),
            ("llama-cpp", false),
            ("vllm", false),
        ] {
            let prompt = Prompt::new(&client(kind, json!({})), &body(&[("user", &words(3000))], &json!({})));
            let is_cut = prompt.is_some_and(|prompt| prompt.cut(1026, 1).is_some());
            assert_eq!(is_cut, is_looked_at, "{kind}");
        }
    }
}
