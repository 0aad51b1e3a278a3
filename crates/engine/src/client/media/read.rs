//! From what the caller gave to base64, and to what it is.

use std::{fs::File, io::Read, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use data_url::{DataUrl, forgiving_base64};
use infer::MatcherType;

use super::{Kind, empty, mistake, too_long};
use crate::{
    error::{Error, Result},
    types::{Encoded, Media},
};

/// `what` names it in an error.
///
/// # Errors
/// `configuration`
pub fn encoded(media: &Media, kind: Kind, what: &str, limit: usize) -> Result<Encoded> {
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
            let (bytes, told) = of_data_url(url.bytes()).ok_or_else(|| no_data_url(kind, what))?;
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

/// The data URL of an image, to be sent as it is: it holds something that can be decoded.
///
/// # Errors
/// `configuration`
pub fn checked(url: &[u8], what: &str, limit: usize) -> Result<String> {
    let unreadable = || no_data_url(Kind::Image, what);
    let (bytes, _) = of_data_url(url).ok_or_else(unreadable)?;
    match bytes.len() {
        0 => Err(empty(Kind::Image, what)),
        length if length > limit => Err(too_long(Kind::Image, what, limit)),
        _ => str::from_utf8(url).map(str::to_owned).map_err(|_| unreadable()),
    }
}

fn no_data_url(kind: Kind, what: &str) -> Error {
    mistake(kind, &format!("{what} cannot be decoded"), "Write `data:image/png;base64,…`.")
}

/// The bytes, and what they are said to be.
fn of_data_url(url: &[u8]) -> Option<(Vec<u8>, String)> {
    let text = str::from_utf8(url).ok()?;
    let url = DataUrl::process(text).ok()?;
    let (bytes, _) = url.decode_to_vec().ok()?;
    let told = format!("{}/{}", url.mime_type().type_, url.mime_type().subtype);
    let head = text.split(',').next()?.trim_end().to_ascii_lowercase();
    // Without `;base64`, its text would be the bytes themselves: whoever wrote that forgot it.
    let is_forgotten =
        !head.ends_with("base64") && PICTURES.contains(&told.as_str()) && infer::get(&bytes).is_none();
    (!is_forgotten).then_some((bytes, told))
}

/// Formats that are no text, and known by their first bytes.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// What `bytes` are by their content; where that tells nothing, what they are said to be.
fn type_of(bytes: &[u8], kind: Kind, told: Option<String>, what: &str) -> Result<String> {
    if bytes.is_empty() {
        return Err(empty(kind, what));
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
        None => told.filter(|told| told.starts_with("image/")).ok_or_else(|| {
            let hint = "Convert it to PNG, JPEG, GIF or WebP, or say what it is: `{ base64, mediaType }`.";
            mistake(kind, &format!("{what} is of no known format"), hint)
        }),
    }
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{super::described, *};
    use crate::{error::Code, types::Beside};

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
    fn what_is_long_is_not_printed() {
        let media = [
            Media::Bytes(here(vec![7; 5000])),
            Media::Encoded(Encoded { media_type: "image/gif".into(), base64: "B".repeat(5000).into() }),
        ];
        assert!(format!("{media:?}").len() < 100, "{media:?}");
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
