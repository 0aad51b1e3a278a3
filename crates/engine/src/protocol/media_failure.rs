//! What a server's words say of images and sounds: that its model takes none.

/// How servers say so: llama.cpp (`image input is not supported - hint: …`), vLLM (`… is not a multimodal model`), Ollama
/// (`this model is missing data required for image input`), LM Studio (`Model does not support images`), OpenRouter
/// (`No endpoints found that support image input`), OpenAI (`image_url is only supported by certain models`). Only the
/// first two were seen, the others are what users report.
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

/// Whether `words` say so.
pub fn is_told(words: &str) -> bool {
    let words = words.to_lowercase();
    REFUSED.iter().any(|refused| words.contains(refused))
}

pub const HINT: &str = "Use a model that takes such input. If this one should, start the server with the part of it that reads images.";
