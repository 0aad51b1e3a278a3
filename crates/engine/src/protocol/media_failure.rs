//! What a server's words say of images and sounds: that its model takes none, or that it fetches none.

/// How servers say that a model takes none: llama.cpp (`image input is not supported - hint: …`), vLLM (`… is not a
/// multimodal model`), Ollama (`this model is missing data required for image input`), LM Studio (`Model does not support
/// images`), OpenRouter (`No endpoints found that support image input`), OpenAI (`image_url is only supported by certain
/// models`). Only the first two were seen, the others are what users report.
pub const REFUSED: [&str; 14] = [
    "image input is not supported",
    "audio input is not supported",
    "is not a multimodal model",
    "missing data required for image input",
    "does not support images",
    "does not support image input",
    "do not support image",
    "does not support vision",
    "does not support audio",
    "no endpoints found that support image input",
    "no endpoints found that support input audio",
    "image_url is only supported by certain models",
    "images are not supported",
    "vision is not supported",
];

/// How servers say that they fetch nothing from an address: Ollama (`image URLs are not currently supported, please use
/// base64 encoded data instead`), LM Studio (`'url' field must be a base64 encoded image.`, as users report).
const UNFETCHED: [&str; 2] = ["image urls are not currently supported", "must be a base64 encoded image"];

/// Whether `words` say that the model takes none.
pub fn is_told(words: &str) -> bool {
    says(words, &REFUSED)
}

/// What to do about what `words` say of images and sounds, if they say anything of them.
pub fn hint(words: &str) -> Option<&'static str> {
    if is_told(words) {
        Some(
            "Use a model that takes such input. If this one should, start the server with the part of it that reads images.",
        )
    } else if says(words, &UNFETCHED) {
        Some("Give the image itself, as bytes or `{ path }`, in PNG or JPEG: this server takes no other.")
    } else {
        None
    }
}

fn says(words: &str, any: &[&str]) -> bool {
    let words = words.to_lowercase();
    any.iter().any(|part| words.contains(part))
}

#[cfg(test)]
mod tests {
    use crate::{error::Code, protocol::Failure};

    #[test]
    fn words_of_images_are_told_from_each_other_and_from_other_words() {
        for (status, words, code, hint) in [
            (500, "image input is not supported - hint: if", Code::InvalidRequest, Some("Use a model")),
            (404, "No endpoints found that support image input", Code::InvalidRequest, Some("Use a model")),
            (400, "image URLs are not currently supported", Code::InvalidRequest, Some("Give the image")),
            (
                400,
                "'url' field must be a base64 encoded image.",
                Code::InvalidRequest,
                Some("Give the image"),
            ),
            (500, "Failed to load image or audio file", Code::Server, None),
            (400, "m does not support tools", Code::InvalidRequest, Some("With `toolMode")),
        ] {
            let error = Failure::of_body(words.as_bytes()).status(status).into_error();
            assert_eq!(error.code, code, "{words}");
            let told = error.hint.as_deref();
            assert!(hint.is_none_or(|hint| told.is_some_and(|told| told.starts_with(hint))), "{told:?}");
            assert!(hint.is_some() || told.is_none(), "{told:?}");
            assert!(!error.wrong_path, "{words}");
        }
    }
}
