//! What to send, as the path says it: `/chunks-20000/rate-50/size-4/text-unicode/v1/chat/completions`.

use crate::question;
use crate::request::Request;
use crate::text::Text;

/// How an answer is wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Server-sent events of `chat.completion.chunk`.
    OpenAi,
    /// Lines of JSON, as Ollama's `/api/chat` sends them.
    Ollama,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Job {
    pub wire: Wire,
    pub chunks: usize,
    /// Chunks a second; 0 is as fast as the socket takes them.
    pub rate: u32,
    /// Characters of content a chunk.
    pub size: usize,
    pub text: Text,
}

impl Job {
    /// Nothing where the request asks for no answer.
    pub fn of(Request { path, body }: &Request) -> Option<Self> {
        let wire = match path {
            path if path.ends_with("/chat/completions") => Wire::OpenAi,
            path if path.ends_with("/api/chat") => Wire::Ollama,
            _ => return None,
        };
        let mut job = Self { wire, chunks: 1, rate: 0, size: 4, text: Text::Ascii };
        for (name, value) in path.split('/').filter_map(|segment| segment.split_once('-')) {
            match name {
                "chunks" => job.chunks = value.parse().ok()?,
                "rate" => job.rate = value.parse().ok()?,
                "size" => job.size = value.parse().ok()?,
                "text" => {
                    job.text = match value {
                        "ascii" => Text::Ascii,
                        "unicode" => Text::Unicode,
                        "numbered" => Text::Numbered(question::number(body)?),
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
        Some(job)
    }
}
