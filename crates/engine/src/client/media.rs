//! Images and sounds: read, looked at and encoded before anything is sent.

use std::{fs::File, io::Read, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use data_url::{DataUrl, forgiving_base64};
use http::{HeaderMap, HeaderValue, Method, header};
use infer::MatcherType;
use url::{Position, Url};

use super::{asker::Asker, chat::Call, metadata::within};
use crate::{
    endpoint::{Endpoint, EndpointConfig, TlsConfig},
    error::{Code, Error, Result},
    transport::{Clients, Connected, Replaced, Request},
    types::{Beside, Encoded, Media, Message, Part, Sink},
};

/// Asks without anything that is for the server of `given`: no key, no header, no certificate.
pub(super) fn elsewhere(given: &EndpointConfig) -> EndpointConfig {
    EndpointConfig {
        tls: TlsConfig { ca: given.tls.ca.clone(), ..TlsConfig::default() },
        proxy: given.proxy.clone(),
        environment: given.environment.clone(),
        ..EndpointConfig::default()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Audio,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
        }
    }
}

impl<S: Sink> Call<'_, S> {
    /// Makes all that `messages` show or play ready to be sent.
    pub(super) async fn read_media(&mut self, messages: &mut [Message]) -> Result<()> {
        if messages.iter().flat_map(Message::parts).all(Part::is_text) {
            return Ok(());
        }
        self.watch.waits_for_first_token();
        let mut is_checked = false;
        for message in messages {
            for part in message.parts_mut() {
                let (media, kind, place) = match part {
                    Part::Text { .. } => continue,
                    Part::Image { image, place, .. } => (image, Kind::Image, place),
                    Part::Audio { audio, place, .. } => (audio, Kind::Audio, place),
                };
                if kind == Kind::Image && !std::mem::replace(&mut is_checked, true) {
                    self.check_vision().await?;
                }
                self.read_one(media, kind).await.map_err(|error| at(place, error))?;
            }
        }
        // What they took is no part of the wait for the first token.
        self.watch.is_answered();
        Ok(())
    }

    async fn read_one(&mut self, media: &mut Media, kind: Kind) -> Result<()> {
        let limit = self.client.limits.max_event_bytes;
        let what = described(media);
        let given = match &*media {
            Media::Encoded(_) => return Ok(()),
            Media::Url(_) if kind == Kind::Image && self.client.server.facts().fetches_images => {
                return Ok(());
            }
            Media::Url(address) => {
                let fetched = self.watch.run(fetch(&self.client.elsewhere, address, kind, limit)).await??;
                Media::Bytes(Beside::Here(fetched))
            }
            other => other.clone(),
        };
        // To read a file, and to encode megabytes, would hold up all other calls.
        let reading = tokio::task::spawn_blocking(move || encoded(&given, kind, &what, limit));
        let read = self.watch.run(reading).await?;
        let read =
            read.map_err(|_| Error::configuration(format!("The {} could not be read", kind.name())))?;
        *media = Media::Encoded(read?);
        Ok(())
    }

    /// Some servers drop an image without a word.
    async fn check_vision(&mut self) -> Result<()> {
        let client = self.client;
        if !client.knowledge.lacks_vision(self.model_name()) {
            return Ok(());
        }
        // It may have another model by that name by now.
        let question = async {
            let asker = Asker::new(client, self.hooks).await.ok()?;
            client.survey(&asker).await.ok()
        };
        let limit = client.metadata_limit(self.timeout);
        let is_asked = self.watch.run(within(limit, question)).await?.flatten().is_some();
        if is_asked && client.knowledge.lacks_vision(self.model_name()) {
            let message = format!(
                "The model {} takes no images, as the server says of it: nothing was sent",
                self.model_name()
            );
            return Err(Error::new(Code::Unsupported, message).hint("Set `model` to one that sees images."));
        }
        Ok(())
    }
}

/// Says which part of the request an error is about.
fn at(place: &str, mut error: Error) -> Error {
    if error.code != Code::Aborted {
        error.message = format!("`{place}`: {}", error.message);
    }
    error
}

/// What is said of it in an error.
fn described(media: &Media) -> String {
    match media {
        Media::Bytes(bytes) => format!("of {} bytes", bytes.bytes().len()),
        Media::Base64 { .. } => "in base64".to_owned(),
        Media::DataUrl(_) => "in a data URL".to_owned(),
        Media::Url(address) => shown(address),
        Media::Path(path) => path.display().to_string(),
        Media::Encoded(encoded) => encoded.media_type.clone(),
    }
}

fn encoded(media: &Media, kind: Kind, what: &str, limit: usize) -> Result<Encoded> {
    let unreadable = |words: &str, hint| mistake(kind, &format!("{what} {words}"), hint);
    let read;
    let (bytes, told) = match media {
        Media::Bytes(given) => (given.bytes(), None),
        Media::Path(path) => {
            read = file(path, kind, limit)?;
            (&*read, None)
        }
        Media::Base64 { data, media_type } => {
            read = forgiving_base64::decode_to_vec(data.bytes())
                .map_err(|_| unreadable("is no base64", "Give what is encoded so, or the bytes."))?;
            (&*read, media_type.clone())
        }
        Media::DataUrl(url) => {
            let (bytes, told) = of_data_url(url.bytes())
                .ok_or_else(|| unreadable("cannot be decoded", "Write `data:image/png;base64,…`."))?;
            read = bytes;
            (&*read, Some(told))
        }
        Media::Url(_) | Media::Encoded(_) => (&[][..], None),
    };
    if bytes.len() > limit {
        return Err(too_long(kind, what, limit));
    }
    let media_type = type_of(bytes, kind, told, what)?;
    Ok(Encoded { media_type, base64: BASE64_STANDARD.encode(bytes).into() })
}

/// The bytes, and what they are said to be.
fn of_data_url(url: &[u8]) -> Option<(Vec<u8>, String)> {
    let url = DataUrl::process(str::from_utf8(url).ok()?).ok()?;
    let (bytes, _) = url.decode_to_vec().ok()?;
    let told = url.mime_type();
    Some((bytes, format!("{}/{}", told.type_, told.subtype)))
}

/// What `bytes` are by their content; where that tells nothing, what they are said to be.
fn type_of(bytes: &[u8], kind: Kind, told: Option<String>, what: &str) -> Result<String> {
    if bytes.is_empty() {
        return Err(mistake(kind, &format!("{what} is empty"), "Check where it comes from."));
    }
    let found = infer::get(bytes);
    let is_other = |found: &infer::Type| match kind {
        Kind::Image => found.matcher_type() != MatcherType::Image,
        // A sound may stand in a container that is also one of films.
        Kind::Audio => !matches!(found.matcher_type(), MatcherType::Audio | MatcherType::Video),
    };
    match found {
        Some(found) if is_other(&found) => {
            let words = format!("{what} is {}, by its content", found.mime_type());
            Err(mistake(kind, &words, "Give a file of the kind that the part is for."))
        }
        Some(found) => Ok(found.mime_type().to_owned()),
        // The format of a sound is told by the caller.
        None if kind == Kind::Audio => Ok(told.unwrap_or_default()),
        None => match told.map(|told| told.to_ascii_lowercase()).filter(|told| told.starts_with("image/")) {
            Some(told) if is_known(&told) => {
                let words = format!("{what} is not {told}, by its content");
                Err(mistake(kind, &words, "Check where it comes from: it may be cut off, or encoded twice."))
            }
            Some(told) => Ok(told),
            None => {
                let hint =
                    "Convert it to PNG, JPEG, GIF or WebP, or say what it is: `{ base64, mediaType }`.";
                Err(mistake(kind, &format!("{what} is of no known format"), hint))
            }
        },
    }
}

/// Whether content of this type would tell what it is.
fn is_known(media_type: &str) -> bool {
    let name = media_type.rsplit('/').next().unwrap_or_default();
    infer::is_mime_supported(media_type) || infer::is_supported(name)
}

fn file(path: &Path, kind: Kind, limit: usize) -> Result<Vec<u8>> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        mistake(kind, &format!("{shown} could not be read: {error}"), "Check the path.")
    };
    // To open a pipe, or to read of it, could take for ever.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(mistake(kind, &format!("{shown} is no file"), "Give the path of a file."));
    }
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One more shows that there is more.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// What stands at `address`, for a server that fetches nothing itself.
async fn fetch(elsewhere: &EndpointConfig, address: &str, kind: Kind, limit: usize) -> Result<Bytes> {
    let place = shown(address);
    let named = |mut error: Error| {
        error.message = format!("The {} {place} could not be fetched: {}", kind.name(), error.message);
        error.hint = Some("This server fetches none itself. Check the address, or give the bytes.".into());
        error.retryable = false;
        error.url = Some(place.clone());
        error
    };
    let mut url = Url::parse(address)
        .map_err(|error| mistake(kind, &format!("{place} is no URL: {error}"), "Check the address."))?;
    let origin = url[..Position::BeforePath].to_owned();
    let endpoint = Endpoint::new(&EndpointConfig { base_url: Some(origin.into()), ..elsewhere.clone() })?;
    // Who asks stands in the headers.
    _ = url.set_username("");
    _ = url.set_password(None);
    url.set_fragment(None);
    let mut headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static("*/*"))]);
    headers.extend(endpoint.headers.clone());
    let http = Clients::default().of(&endpoint.route);
    let request = Request { method: Method::GET, url, headers, body: None };
    let replaced = &mut Replaced::default();
    let mut response =
        http.send(&endpoint.address, request, Connected::default(), replaced).await.map_err(named)?;
    if !response.status().is_success() {
        return Err(named(Error::new(Code::InvalidRequest, format!("HTTP {}", response.status()))));
    }
    response.whole(limit).await.map_err(|error| match error.code {
        Code::Protocol => too_long(kind, &place, limit),
        _ => named(error),
    })
}

/// An address without what may be secret in it.
fn shown(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return "of its address".to_owned() };
    _ = url.set_username("");
    _ = url.set_password(None);
    url[..Position::AfterPath].to_owned()
}

fn mistake(kind: Kind, words: &str, hint: &'static str) -> Error {
    Error::configuration(format!("The {} {words}", kind.name())).hint(hint)
}

fn too_long(kind: Kind, what: &str, limit: usize) -> Error {
    mistake(
        kind,
        &format!("{what} is longer than {limit} bytes (limits.maxEventBytes)"),
        "If files this long are to be sent, raise `limits.maxEventBytes`.",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GIF: &[u8] = b"GIF89a\x01\0\x01\0";

    fn here(bytes: impl Into<Bytes>) -> Beside {
        Beside::Here(bytes.into())
    }

    fn image(media: &Media) -> Result<Encoded> {
        encoded(media, Kind::Image, &described(media), 1000)
    }

    #[test]
    fn what_it_is_the_content_tells_and_else_the_caller() {
        for (bytes, told, expected) in [
            (GIF, Some("image/png"), Some("image/gif")),
            (b"\xFF\xD8\xFF\xE0", None, Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n", None, Some("image/png")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", None, Some("image/webp")),
            (b"own", Some("image/own"), Some("image/own")),
            (b"own", Some("image/Own"), Some("image/own")),
            (b"own", Some("image/png"), None),
            (b"own", Some("image/jpg"), None),
            (b"own", Some("text/plain"), None),
            (b"own", None, None),
            (b"%PDF-1.7", Some("image/png"), None),
            (b"", Some("image/png"), None),
        ] {
            let found = type_of(bytes, Kind::Image, told.map(str::to_owned), "x");
            assert_eq!(found.ok().as_deref(), expected, "{told:?}");
        }
        assert!(type_of(GIF, Kind::Audio, None, "x").is_err());
        for sound in [&b"RIFF\x24\0\0\0WAVEfmt "[..], b"\0\0\0\x18ftypmp42", b"raw samples"] {
            assert!(type_of(sound, Kind::Audio, None, "x").is_ok());
        }
    }

    #[test]
    fn nothing_secret_of_an_address_is_shown() {
        assert_eq!(shown("https://user:pass@host:8/a/b.png?key=1#top"), "https://host:8/a/b.png");
        assert_eq!(shown("cat?key=1"), "of its address");
    }

    #[test]
    fn what_is_long_is_not_printed() {
        let media = [
            Media::Bytes(here(vec![7; 5000])),
            Media::Encoded(Encoded { media_type: "image/gif".into(), base64: "B".repeat(5000).into() }),
        ];
        assert!(format!("{media:?}").len() < 100, "{media:?}");
    }

    #[test]
    fn nothing_of_the_servers_own_is_for_others() {
        let given: EndpointConfig = serde_json::from_str(
            r#"{"apiKey":"k","headers":{"a":"b"},"query":{"c":"d"},"baseURL":"http://own/v1",
                "environment":{"X_KEY":"e"},"definition":{"apiKeyEnv":["X_KEY"]}}"#,
        )
        .unwrap();
        let elsewhere = EndpointConfig { base_url: Some("http://other".into()), ..elsewhere(&given) };
        let endpoint = Endpoint::new(&elsewhere).unwrap();
        assert!(endpoint.headers.is_empty() && !endpoint.credential.is_key());
        assert_eq!(endpoint.secrets().count(), 0);
    }

    proptest! {
        #[test]
        fn every_form_of_the_same_bytes_is_sent_alike(rest in prop::collection::vec(any::<u8>(), 0..64)) {
            let bytes = [GIF, &rest].concat();
            let base64 = BASE64_STANDARD.encode(&bytes);
            let percent = percent_encoding::percent_encode(&bytes, percent_encoding::NON_ALPHANUMERIC);
            for media in [
                Media::Bytes(here(bytes.clone())),
                Media::Base64 { data: here(base64.clone()), media_type: None },
                Media::Base64 { data: here(base64.trim_end_matches('=').to_owned()), media_type: None },
                Media::DataUrl(here(format!("data:image/png;base64,{base64}"))),
                Media::DataUrl(here(format!("data:,{percent}"))),
            ] {
                prop_assert_eq!(image(&media).unwrap().data_url(), format!("data:image/gif;base64,{base64}"));
            }
        }

        #[test]
        fn any_text_is_an_image_or_a_mistake(text in any::<Vec<u8>>()) {
            for media in [
                Media::Base64 { data: here(text.clone()), media_type: Some("image/x".into()) },
                Media::DataUrl(here([b"data:image/x", &*text].concat())),
            ] {
                if let Err(error) = image(&media) {
                    prop_assert_eq!(error.code, Code::Configuration);
                }
            }
        }
    }
}
