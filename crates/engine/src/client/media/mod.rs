//! Images and sounds: read, looked at and encoded before anything is sent.

mod fetch;
mod read;

use tokio_util::sync::CancellationToken;

use super::{Client, asker::Asker, chat::Call, metadata::within};
use crate::{
    error::{Code, Error, Result},
    types::{Beside, Media, Message, Part, Sink},
};
pub(super) use fetch::elsewhere;
use fetch::{fetch, shown};
use read::{checked, encoded};

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

impl Client {
    /// Looks at what a tool has given, before it is part of a conversation.
    ///
    /// # Errors
    /// As of a chat that showed it.
    pub async fn check_media(&self, parts: Vec<Part>, cancel: &CancellationToken) -> Result<()> {
        let checks = async {
            for part in parts {
                match part {
                    Part::Text { .. } => {}
                    Part::Image { image, .. } => _ = self.sendable(image, Kind::Image).await?,
                    Part::Audio { audio, .. } => _ = self.sendable(audio, Kind::Audio).await?,
                }
            }
            Ok(())
        };
        self.watch(None, cancel).run(checks).await?
    }

    /// `media` as it is sent.
    async fn sendable(&self, media: Media, kind: Kind) -> Result<Media> {
        let limit = self.limits.max_event_bytes;
        let what = described(&media);
        let given = match media {
            Media::Encoded(_) => return Ok(media),
            Media::Url(_) if kind == Kind::Image && self.server.facts().fetches_images => return Ok(media),
            Media::Url(address) => {
                Media::Bytes(Beside::Here(fetch(&self.elsewhere, &address, kind, limit).await?))
            }
            other => other,
        };
        let takes_data_urls = kind == Kind::Image && self.dialect().takes_data_urls();
        // To read a file, and to encode megabytes, would hold up all other calls.
        let reading = tokio::task::spawn_blocking(move || match &given {
            Media::DataUrl(url) if takes_data_urls => checked(url.bytes(), &what, limit).map(Media::Url),
            given => encoded(given, kind, &what, limit).map(Media::Encoded),
        });
        reading.await.map_err(|_| Error::configuration(format!("The {} could not be read", kind.name())))?
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
                let sendable = self.watch.run(self.client.sendable(media.clone(), kind)).await;
                *media = sendable.and_then(|sendable| sendable).map_err(|error| at(place, error))?;
            }
        }
        // What they took is no part of the wait for the first token.
        self.watch.is_answered();
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
            return Err(
                Error::new(Code::InvalidRequest, message).hint("Set `model` to one that sees images.")
            );
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

fn empty(kind: Kind, what: &str) -> Error {
    mistake(kind, &format!("{what} is empty"), "Check where it comes from.")
}
