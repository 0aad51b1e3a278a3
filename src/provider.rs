use std::sync::Arc;

use bytes::Bytes;
use local_llm_engine::{
    client::{self, Client, ClientConfig, Search},
    error::{Error, Result},
    servers::{self, Command},
    types::{ChatRequest, Message, Part, Timeouts},
};
use napi::bindgen_prelude::{Either, Uint8Array, Uint32Array, Utf16String};
use napi_derive::napi;
use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{
    call::{self, CallSink, Handle, JsHooks, Outcome},
    guard::guarded,
    json::{json_of, text_of, without_halves},
    outbox::BindingOutbox,
    runtime,
};

/// One provider of `lib/`.
#[napi(js_name = "Provider")]
pub struct BindingProvider {
    client: Arc<Client>,
}

/// What a call tells of its caller, as bits of one number: an object would cost more than all else of a start.
/// `lib/provider.ts` has the same numbers.
#[derive(Debug, Clone, Copy)]
struct Flags(u32);

impl Flags {
    /// Somebody listens to events.
    const EVENTS: u32 = 1;
    const CHANGES_HEADERS: u32 = 2;
    const CHANGES_BODY: u32 = 4;

    fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }
}

/// What is known of each kind of server, as JSON.
#[napi]
pub fn server_facts() -> napi::Result<String> {
    guarded(|| {
        let facts: Vec<_> = servers::ALL.iter().map(|kind| &kind.facts).collect();
        json!(facts).to_string()
    })
}

/// A provider for a configuration, or the error that it is, both as JSON.
#[napi]
pub fn open_provider(config: String) -> napi::Result<Either<BindingProvider, String>> {
    // It may hold a key. (What V8 hands over in its own units could not be wiped.)
    let config = Zeroizing::new(without_halves(config));
    guarded(|| {
        let opened =
            parsed::<ClientConfig>(&config).and_then(|config| Client::new(config, runtime::clients()));
        match opened {
            Ok(client) => Either::A(BindingProvider { client: Arc::new(client) }),
            Err(error) => Either::B(serde_json::to_string(&*error).unwrap_or_default()),
        }
    })
}

#[napi]
impl BindingProvider {
    #[napi(getter)]
    pub fn base_url(&self) -> napi::Result<String> {
        guarded(|| self.client.base_url().into_owned())
    }

    #[napi(getter)]
    pub fn has_key(&self) -> napi::Result<bool> {
        guarded(|| self.client.has_key())
    }

    /// What the server has told of itself, as JSON; null before the first contact.
    #[napi(getter)]
    pub fn capabilities(&self) -> napi::Result<Option<String>> {
        guarded(|| self.client.capabilities().map(|capabilities| json!(capabilities).to_string()))
    }

    /// Starts a chat; returns the call's number in the outbox. Of the `texts` beside the request, `places` holds the
    /// number of the message and the length in UTF-16 units. `media`: bytes, base64 and data URLs, by their numbers.
    #[napi]
    pub fn chat(
        &self,
        outbox: &BindingOutbox,
        request: Utf16String,
        flags: u32,
        texts: Option<Utf16String>,
        places: Option<Uint32Array>,
        media: Option<Vec<Uint8Array>>,
    ) -> napi::Result<u32> {
        let events = Flags(flags).has(Flags::EVENTS);
        let media = media.map(copied);
        let places = places.map(|places| places.to_vec());
        self.start(outbox, Flags(flags), move |client, hooks| async move {
            let mut request = parsed::<ChatRequest>(&json_of(&request))?;
            if let (Some(texts), Some(places)) = (texts, places) {
                place(&texts, &places, &mut request.messages);
            }
            if let Some(media) = media {
                request.messages.iter_mut().flat_map(Message::parts_mut).for_each(|part| part.take(&media));
            }
            let mut sink = CallSink::new(hooks.outbox.clone(), hooks.handle.clone(), events);
            let answer = client.chat(request, &hooks, &hooks.handle.cancel, &mut sink).await?;
            Ok(Outcome::Answer(Box::new(answer)))
        })
    }

    /// Starts a look at images and sounds: it fails as a chat would that showed them. `parts` is JSON; `media` as of a
    /// chat.
    #[napi]
    pub fn check_media(
        &self,
        outbox: &BindingOutbox,
        parts: Utf16String,
        media: Vec<Uint8Array>,
    ) -> napi::Result<u32> {
        let media = copied(media);
        self.start(outbox, Flags(0), move |client, hooks| async move {
            let mut parts = parsed::<Vec<Part>>(&json_of(&parts))?;
            for part in &mut parts {
                part.take(&media);
            }
            client.check_media(parts, &hooks.handle.cancel).await?;
            Ok(Outcome::Value(json!(null)))
        })
    }

    /// Starts a text completion. `request` is JSON; `flags` as of a chat.
    #[napi]
    pub fn complete(&self, outbox: &BindingOutbox, request: Utf16String, flags: u32) -> napi::Result<u32> {
        let events = Flags(flags).has(Flags::EVENTS);
        self.start(outbox, Flags(flags), move |client, hooks| async move {
            let request = parsed(&json_of(&request))?;
            let mut sink = CallSink::new(hooks.outbox.clone(), hooks.handle.clone(), events);
            let answer = client.complete(request, &hooks, &hooks.handle.cancel, &mut sink).await?;
            Ok(Outcome::Answer(Box::new(answer)))
        })
    }

    /// Starts a count of tokens. `what` is JSON: `{"text": …}`, or `{"chat": …}` with a request.
    #[napi]
    pub fn count_tokens(&self, outbox: &BindingOutbox, what: Utf16String) -> napi::Result<u32> {
        self.start(outbox, Flags(0), move |client, hooks| async move {
            let what = parsed(&json_of(&what))?;
            let count = client.count_tokens(what, &hooks, &hooks.handle.cancel).await?;
            Ok(Outcome::Value(json!(count)))
        })
    }

    /// Starts a call for embeddings. `request` is JSON; `flags` as of a chat.
    #[napi]
    pub fn embed(&self, outbox: &BindingOutbox, request: Utf16String, flags: u32) -> napi::Result<u32> {
        self.start(outbox, Flags(flags), move |client, hooks| async move {
            let request = parsed(&json_of(&request))?;
            let embeddings = client.embed(request, &hooks, &hooks.handle.cancel).await?;
            Ok(Outcome::Embeddings(embeddings))
        })
    }

    /// Starts a call for a ranking. `request` is JSON; `flags` as of a chat.
    #[napi]
    pub fn rerank(&self, outbox: &BindingOutbox, request: Utf16String, flags: u32) -> napi::Result<u32> {
        self.start(outbox, Flags(flags), move |client, hooks| async move {
            let request = parsed(&json_of(&request))?;
            let ranking = client.rerank(request, &hooks, &hooks.handle.cancel).await?;
            Ok(Outcome::Value(json!(ranking)))
        })
    }

    /// Starts a question about the server: `models`, `status`, `validate`, `diagnose` or `identify`; `panic` is for
    /// tests.
    #[napi]
    pub fn ask(
        &self,
        outbox: &BindingOutbox,
        question: String,
        timeout: Option<Utf16String>,
    ) -> napi::Result<u32> {
        self.start(outbox, Flags(0), move |client, hooks| async move {
            let timeout = timeout.map(|timeout| parsed::<Timeouts>(&json_of(&timeout))).transpose()?;
            let cancel = &hooks.handle.cancel;
            let value = match question.as_str() {
                "models" => json!(client.list_models(timeout, &hooks, cancel).await?),
                "status" => json!(client.status(timeout, &hooks, cancel).await?),
                "validate" => json!(client.validate(timeout, &hooks, cancel).await?),
                "diagnose" => json!(client.diagnose(timeout, &hooks, cancel).await?),
                "identify" => json!(client.identify(timeout, &hooks, cancel).await?),
                #[expect(clippy::panic, reason = "how a panic reaches the caller is tested with it")]
                "panic" => panic!("asked to panic"),
                _ => return Err(Error::configuration(format!("{question:?} is no question"))),
            };
            Ok(Outcome::Value(value))
        })
    }

    /// Waits until the server is ready; gives its status. `timeout` is JSON; `flags` as of a chat.
    #[napi]
    pub fn wait_until_ready(
        &self,
        outbox: &BindingOutbox,
        timeout: Option<Utf16String>,
        flags: u32,
    ) -> napi::Result<u32> {
        let events = Flags(flags).has(Flags::EVENTS);
        self.start(outbox, Flags(flags), move |client, hooks| async move {
            let timeout = timeout.map(|timeout| parsed::<Timeouts>(&json_of(&timeout))).transpose()?;
            let mut sink = CallSink::new(hooks.outbox.clone(), hooks.handle.clone(), events);
            let status = client.wait_until_ready(timeout, &hooks, &hooks.handle.cancel, &mut sink).await?;
            Ok(Outcome::Value(json!(status)))
        })
    }

    /// Has the server do something that is no chat. `command` and `timeout` are JSON; `flags` as of a chat.
    #[napi]
    pub fn manage(
        &self,
        outbox: &BindingOutbox,
        command: Utf16String,
        timeout: Option<Utf16String>,
        flags: u32,
    ) -> napi::Result<u32> {
        let events = Flags(flags).has(Flags::EVENTS);
        self.start(outbox, Flags(flags), move |client, hooks| async move {
            let command = parsed::<Command>(&json_of(&command))?;
            let timeout = timeout.map(|timeout| parsed::<Timeouts>(&json_of(&timeout))).transpose()?;
            let mut sink = CallSink::new(hooks.outbox.clone(), hooks.handle.clone(), events);
            let cancel = &hooks.handle.cancel;
            client.manage(command, timeout, &hooks, cancel, &mut sink).await.map(Outcome::Value)
        })
    }

    #[napi]
    pub fn close(&self) -> napi::Result<()> {
        guarded(|| self.client.close())
    }

    fn start<F>(
        &self,
        outbox: &BindingOutbox,
        flags: Flags,
        work: impl FnOnce(Arc<Client>, JsHooks) -> F,
    ) -> napi::Result<u32>
    where
        F: Future<Output = Result<Outcome>> + Send + 'static,
    {
        guarded(|| {
            let client = self.client.clone();
            let outbox = outbox.outbox.clone();
            let handle = outbox.register(|id| Handle::new(id, client.call_token()));
            let id = handle.id;
            let hooks = JsHooks {
                outbox: outbox.clone(),
                handle: handle.clone(),
                changes_headers: flags.has(Flags::CHANGES_HEADERS),
                changes_body: flags.has(Flags::CHANGES_BODY),
            };
            // Boxed: it has several kilobytes, which would be copied as often as it is handed on.
            let work = Box::pin(work(client, hooks));
            runtime::handle()?.spawn(call::run(outbox, handle, work));
            Ok(id)
        })?
    }
}

/// Starts a search for servers, which is JSON; returns the call's number in the outbox.
#[napi]
pub fn discover(outbox: &BindingOutbox, search: String) -> napi::Result<u32> {
    guarded(|| {
        let outbox = outbox.outbox.clone();
        let handle = outbox.register(|id| Handle::new(id, CancellationToken::new()));
        let id = handle.id;
        let cancel = handle.cancel.clone();
        let work = async move {
            let search = parsed::<Search>(&search)?;
            let found = client::discover(&search, runtime::clients(), &cancel).await?;
            Ok(Outcome::Value(json!(found)))
        };
        runtime::handle()?.spawn(call::run(outbox, handle, work));
        Ok(id)
    })?
}

/// The caller may change them as soon as the call was started.
fn copied(media: Vec<Uint8Array>) -> Vec<Bytes> {
    media.iter().map(|bytes| Bytes::copy_from_slice(bytes)).collect()
}

/// Puts texts that came beside the request into their messages.
fn place(mut texts: &[u16], places: &[u32], messages: &mut [Message]) {
    for place in places.chunks_exact(2) {
        let (text, rest) = texts.split_at((place[1] as usize).min(texts.len()));
        if let Some(message) = messages.get_mut(place[0] as usize) {
            message.set_content(text_of(text));
        }
        texts = rest;
    }
}

/// Reads what `lib/` hands over. What the caller gave wrongly is named by its path.
fn parsed<T: DeserializeOwned>(json: &str) -> Result<T> {
    // The path costs more than all else of reading, and nearly never is wanted.
    if let Ok(parsed) = serde_json::from_str(json) {
        return Ok(parsed);
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let place = error.path().to_string();
        // How the arguments are grouped on their way here is no business of the caller's.
        let place = ["chat.", "options.", "endpoint.", "tools."]
            .into_iter()
            .fold(place.as_str(), |place, group| place.strip_prefix(group).unwrap_or(place));
        Error::of_argument(place, &error.into_inner().to_string())
    })
}
