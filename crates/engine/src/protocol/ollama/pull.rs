//! How far a server is with fetching a model: lines of JSON, `success` as the last.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::super::{
    Failure,
    lenient::{Number, Text},
};
use crate::{
    error::{Code, Error, Result},
    types::LoadProgress,
    wire::{LineReader, TooLong},
};

/// Reads the answer of `/api/pull`, however its bytes are cut.
pub struct PullReader {
    lines: LineReader,
    is_done: bool,
}

type Tell<'a> = dyn FnMut(LoadProgress) + Send + 'a;

impl Default for PullReader {
    fn default() -> Self {
        Self { lines: LineReader::new(MAX_LINE), is_done: false }
    }
}

/// Words and two numbers.
const MAX_LINE: usize = 1 << 20;

impl PullReader {
    /// # Errors
    /// What the server reports, under a good status, too; `protocol` for what cannot be read.
    pub fn push(&mut self, bytes: &[u8], tell: &mut Tell<'_>) -> Result<()> {
        self.lines.feed(bytes);
        while let Some(line) = self.lines.next().map_err(too_long)? {
            self.is_done = read(line, tell)?;
        }
        Ok(())
    }

    /// The body is at its end.
    ///
    /// # Errors
    /// As [`push`](Self::push); `stream`, if the model is not all there.
    pub fn finish(mut self, tell: &mut Tell<'_>) -> Result<()> {
        if let Some(line) = self.lines.finish().map_err(too_long)?
            && !is_cut_off(line)
        {
            self.is_done = read(line, tell)?;
        }
        if self.is_done {
            return Ok(());
        }
        Err(Error::new(Code::Stream, "The server stopped fetching the model before it had all of it")
            .hint("Fetch it again: it goes on where it stopped. The server's log may tell what happened."))
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(default)]
    completed: Number,
    #[serde(default)]
    total: Number,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Whether that was the last.
fn read(line: &[u8], tell: &mut Tell<'_>) -> Result<bool> {
    let told: Line<'_> = serde_json::from_slice(line).map_err(|_| no_progress(&shown(line)))?;
    if let Some(failure) = told.error.and_then(Failure::of_error) {
        return Err(failure.into_error());
    }
    let status = told.status.0.into_owned();
    if status.is_empty() {
        return Err(no_progress(&shown(line)));
    }
    let is_last = status == "success";
    let total = told.total.count();
    // A count of 0 is left out.
    let done = told.completed.count().or(total.map(|_| 0));
    tell(LoadProgress { status, done, total });
    Ok(is_last)
}

fn is_cut_off(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned()
}

fn no_progress(words: &str) -> Error {
    Error::new(Code::Protocol, format!("The server does not tell how far it is with the model: {words}"))
}

fn too_long(TooLong { limit }: TooLong) -> Error {
    no_progress(&format!("a line of more than {limit} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<LoadProgress>, Result<()>) {
        let mut told = Vec::new();
        let mut reader = PullReader::default();
        let mut tell = |progress| told.push(progress);
        let outcome = pieces.into_iter().try_for_each(|piece| reader.push(piece, &mut tell));
        let outcome = outcome.and_then(|()| reader.finish(&mut tell));
        (told, outcome)
    }

    const PULL: &str = r#"{"status":"pulling manifest"}
{"status":"pulling 8be8","digest":"sha256:8be8","total":2163114}
{"status":"pulling 8be8","digest":"sha256:8be8","total":2163114,"completed":2163114}
{"status":"success"}
"#;

    #[test]
    fn each_line_tells_how_far_it_is() {
        let (told, outcome) = read_pieces([PULL.as_bytes()]);
        let told: Vec<_> = told.iter().map(|it| (&*it.status, it.done, it.total)).collect();
        let total = Some(2_163_114);
        assert_eq!(
            told,
            [
                ("pulling manifest", None, None),
                ("pulling 8be8", Some(0), total),
                ("pulling 8be8", total, total),
                ("success", None, None)
            ]
        );
        assert_eq!(outcome, Ok(()));
        assert_eq!(read_pieces(PULL.as_bytes().chunks(1)), read_pieces([PULL.as_bytes()]));
    }

    #[test]
    fn it_fails_where_the_server_says_so_or_ends_too_early() {
        let manifest = r#"{"status":"pulling manifest"}"#;
        for (end, code, words) in [
            ("", Code::Stream, "before it had all"),
            ("\n{\"status\":\"pull", Code::Stream, "before it had all"),
            (
                "\n{\"error\":\"pull model manifest: file does not exist\"}\n",
                Code::ModelNotFound,
                "file does not exist",
            ),
            ("\n{\"error\":\"digest mismatch\"}", Code::Server, "digest mismatch"),
            ("\n<html>", Code::Protocol, "<html>"),
            ("\n{}", Code::Protocol, "{}"),
        ] {
            let (told, outcome) = read_pieces([manifest.as_bytes(), end.as_bytes()]);
            let error = outcome.unwrap_err();
            assert_eq!((told.len(), error.code), (1, code), "{end}");
            assert!(error.message.contains(words), "{error}");
        }
    }
}
