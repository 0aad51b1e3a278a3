//! Whether a server read less of a prompt than was sent. It does not say so: what it counted tells. When in doubt, it
//! read all.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{
    Client,
    texts::{ASCII_A_TOKEN, estimate, texts_of},
};
use crate::{servers::Cut, types::Warning};

/// A prompt that was sent to a server that cuts.
pub struct Prompt {
    /// The request's body: its texts are counted only if the server's own count raises suspicion.
    sent: Bytes,
    /// No estimate is larger.
    most: u64,
    /// The server may know its beginning from an earlier request. Some do not count what they need not read again.
    may_be_cached: bool,
    /// In tokens, if the server has told it.
    context: Option<u64>,
    cut: Option<Cut>,
    advice: &'static str,
}

impl Prompt {
    /// Of `body`, `sent` as these bytes; `None` where the server cuts no prompt.
    pub fn new(client: &Client, body: &Map<String, Value>, sent: Bytes) -> Option<Self> {
        let advice = client.server.facts().cuts_prompts?;
        let model = body.get("model").and_then(Value::as_str).unwrap_or_default();
        let context = client.knowledge.context_of(model);
        let cut = client.server.cut(body, context);
        Some(Self {
            sent,
            most: (texts_of(body).map(|(_, text)| text.len() as u64).sum::<u64>()) / ASCII_A_TOKEN,
            may_be_cached: client.beginnings.knew(model, &beginning(body)),
            context,
            cut,
            advice,
        })
    }

    /// A warning, if the server cannot have read all of it. `attempts`: how often it was sent.
    pub fn cut(&self, read: u64, attempts: u32) -> Option<Warning> {
        if read == 0 || self.suspicion(read, attempts, self.most).is_none() {
            return None;
        }
        let body: Map<String, Value> = serde_json::from_slice(&self.sent).ok()?;
        let estimate = estimate(texts_of(&body));
        let context = match self.suspicion(read, attempts, estimate)? {
            Suspicion::AtLimit(context) => format!(" of {context} tokens"),
            Suspicion::LacksHalf => String::new(),
        };
        let message = format!(
            "The prompt did not fit the model's context{context}: the server dropped a part of it and read {read} \
             tokens of about {}. {}",
            estimate.max(read),
            self.advice
        );
        Some(Warning::new("prompt_cut", message))
    }

    /// What speaks for a cut, if the prompt has `estimate` tokens.
    fn suspicion(&self, read: u64, attempts: u32, estimate: u64) -> Option<Suspicion> {
        // A prompt of exactly that length, that was not cut, is shorter by far than the context.
        let is_at_limit = |cut: &&Cut| cut.left.contains(&read) && 4 * estimate >= 3 * cut.context;
        if let Some(cut) = self.cut.as_ref().filter(is_at_limit) {
            return Some(Suspicion::AtLimit(cut.context));
        }
        let may_be_cached = self.may_be_cached || attempts > 1;
        // Others share the server's cache, too: what fits was not cut.
        let fits = self.context.is_some_and(|context| estimate < context);
        (estimate >= 1000 && 2 * read < estimate && !may_be_cached && !fits).then_some(Suspicion::LacksHalf)
    }
}

enum Suspicion {
    /// It is as long as what a context of so many tokens leaves.
    AtLimit(u64),
    LacksHalf,
}

/// How much of a prompt has to be the same to be known again, in bytes.
const BEGINNING: usize = 256;

fn beginning(body: &Map<String, Value>) -> Vec<u8> {
    texts_of(body).flat_map(|(role, text)| role.bytes().chain(text.bytes())).take(BEGINNING).collect()
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
    use crate::{client::ClientConfig, servers::Survey, transport::Clients, types::ModelInfo};

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

    fn prompt(client: &Client, body: &Map<String, Value>) -> Option<Prompt> {
        Prompt::new(client, body, serde_json::to_vec(body).unwrap().into())
    }

    fn is_cut(text: &str, options: &Value, read: u64) -> bool {
        let sent = prompt(&client("ollama", json!({})), &body(&[("user", text)], options)).unwrap();
        sent.cut(read, 1).is_some()
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
    fn no_estimate_is_larger_than_what_is_compared_first() {
        for text in
            [words(3000), "字词句子语言".repeat(1000), "é".repeat(5000), "a—b字".repeat(999), "😀".repeat(77)]
        {
            let body = body(&[("user", &text), ("assistant", &text)], &json!({}));
            let most = prompt(&client("ollama", json!({})), &body).unwrap().most;
            assert!(estimate(texts_of(&body)) <= most, "{text}");
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
            prompt(&client("ollama", json!({})), &body).unwrap().cut(20, 1).is_some()
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
            (5000, json!({ "num_ctx": 0 }), 5010, false),
        ] {
            assert_eq!(is_cut(&words(count), &options, read), expected, "{count} {options} {read}");
        }
    }

    #[test]
    fn a_prompt_whose_beginning_may_be_known_is_not_judged_by_its_length() {
        let client = client("ollama", json!({}));
        let cut = |text: &str, options: &Value, attempts| {
            let sent = prompt(&client, &body(&[("user", text)], options)).unwrap();
            sent.cut(1026, attempts).is_some()
        };
        assert!(cut(&words(3000), &json!({}), 1));
        assert!(!cut(&words(4000), &json!({}), 1), "a second prompt that begins alike");
        assert!(cut(&words(4000), &json!({ "num_ctx": 2048 }), 1), "at the limit");
        assert!(!cut(&format!("other {}", words(3000)), &json!({}), 2), "sent twice");
        assert!(cut(&format!("another {}", words(3000)), &json!({}), 1));
    }

    #[test]
    fn what_fits_into_the_context_that_the_server_told_was_not_cut() {
        let is_cut = |told: u64| {
            let client = client("ollama", json!({}));
            let (name, context_length, loaded) = ("m".to_owned(), Some(told), Some(true));
            let model = ModelInfo { name, context_length, loaded, ..ModelInfo::default() };
            client.knowledge.learn(&Survey { models: vec![model], ..Survey::default() }, None);
            // What is asked for, the server may not have given.
            let body = body(&[("user", &words(3000))], &json!({ "num_ctx": 200_000 }));
            prompt(&client, &body).unwrap().cut(1000, 1).is_some()
        };
        assert_eq!((is_cut(131_072), is_cut(2048)), (false, true));
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
        let sent = prompt(&client("ollama", json!({})), &body).unwrap();
        let warning = sent.cut(2050, 1).unwrap();
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
            let sent = prompt(&client(kind, json!({})), &body(&[("user", &words(3000))], &json!({})));
            let is_cut = sent.is_some_and(|prompt| prompt.cut(1026, 1).is_some());
            assert_eq!(is_cut, is_looked_at, "{kind}");
        }
    }
}
