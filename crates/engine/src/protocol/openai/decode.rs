//! The body of an answer, whatever form it comes in: server-sent events as asked, one JSON document, or a page
//! that is no answer at all.

use serde_json::value::RawValue;

use super::{
    super::{
        Decoder, Failure, json,
        lenient::Text,
        logprobs,
        tool_calls::{self, Share},
        unreadable::{broken_json, broken_off, not_an_answer, too_long, truncated},
    },
    chunk::{Choice, Chunk},
};
use crate::{
    error::Result,
    types::{Delta, Warning},
    wire::{Frame, SseReader, TooLong},
};

pub struct BodyDecoder {
    form: Form,
    max_event_bytes: usize,
    keeps_frames: bool,
}

enum Form {
    /// Nothing has come but white space, which is not kept, and perhaps the beginning of a byte order mark, which is.
    Unknown(Vec<u8>),
    Events {
        reader: SseReader,
        state: State,
    },
    /// A JSON document, or several; read at its end.
    Document(Vec<u8>),
    /// HTML.
    Page(Vec<u8>),
}

/// What is remembered from frame to frame.
#[derive(Default)]
struct State {
    /// Whatever follows the terminal event is not read: whether it is here already is chance.
    ended: bool,
    last_words: String,
    keeps_frames: bool,
    last_frame: Vec<u8>,
}

type Out<'a> = dyn FnMut(Delta<'_>) + 'a;

impl BodyDecoder {
    pub fn new(max_event_bytes: usize) -> Self {
        Self { form: Form::Unknown(Vec::new()), max_event_bytes, keeps_frames: false }
    }
}

impl Decoder for BodyDecoder {
    fn push(&mut self, bytes: &[u8], out: &mut Out<'_>) -> Result<()> {
        match &mut self.form {
            Form::Unknown(held) => {
                held.extend_from_slice(bytes);
                if BOM.starts_with(held) {
                    return Ok(());
                }
                let held = std::mem::take(held);
                let start = without_bom(&held).trim_ascii_start();
                // The content type is no help: servers send streams as JSON, and the other way round.
                self.form = match start.first() {
                    None => {
                        // A byte order mark stands before all white space, or is none.
                        self.form = Form::Unknown(b" ".to_vec());
                        return Ok(());
                    }
                    Some(b'{' | b'[' | b'"') => Form::Document(Vec::new()),
                    Some(b'<') => Form::Page(Vec::new()),
                    Some(_) => Form::Events {
                        reader: SseReader::new(self.max_event_bytes),
                        state: State { keeps_frames: self.keeps_frames, ..State::default() },
                    },
                };
                self.push(start, out)
            }
            Form::Events { reader, state } => {
                reader.feed(bytes);
                while let Some(frame) = reader.next().map_err(too_long)? {
                    state.frame(frame, Whole::Yes, out)?;
                }
                Ok(())
            }
            Form::Document(document) => {
                document.extend_from_slice(bytes);
                let limit = self.max_event_bytes;
                if document.len() > limit { Err(too_long(TooLong { limit })) } else { Ok(()) }
            }
            Form::Page(page) => {
                // The title is all that is wanted of it.
                if page.len() < 64 * 1024 {
                    page.extend_from_slice(bytes);
                }
                Ok(())
            }
        }
    }

    fn finish(&mut self, out: &mut Out<'_>) -> Result<()> {
        match &mut self.form {
            Form::Unknown(_) => Ok(()),
            Form::Events { reader, state } => {
                while let Some(frame) = reader.finish().map_err(too_long)? {
                    state.frame(frame, Whole::Perhaps, out)?;
                }
                Ok(())
            }
            Form::Document(document) => read_document(document, out),
            Form::Page(page) => Err(not_an_answer(page)),
        }
    }

    fn has_begun(&self) -> bool {
        matches!(&self.form, Form::Document(_) | Form::Page(_))
    }

    fn keep_frames(&mut self) {
        self.keeps_frames = true;
    }

    fn last_frame(&mut self) -> Vec<u8> {
        match &mut self.form {
            Form::Unknown(_) => Vec::new(),
            Form::Events { state, .. } => std::mem::take(&mut state.last_frame),
            Form::Document(bytes) | Form::Page(bytes) => std::mem::take(bytes),
        }
    }

    fn last_words(&self) -> Option<&str> {
        match &self.form {
            Form::Events { state, .. } => Some(state.last_words.as_str()).filter(|words| !words.is_empty()),
            _ => None,
        }
    }
}

/// Whether a frame came to its end, or the body to its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whole {
    Yes,
    Perhaps,
}

impl State {
    fn frame(&mut self, frame: Frame<'_>, whole: Whole, out: &mut Out<'_>) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        let data = frame.data.trim_ascii();
        if data == b"[DONE]" {
            self.ended = true;
            out(Delta::End);
            return Ok(());
        }
        if self.keeps_frames && !data.is_empty() {
            data.clone_into(&mut self.last_frame);
        }
        if frame.event == b"error" && !data.is_empty() {
            return Err(Failure::of_body(&with_stray(frame)).mid_stream().into_error());
        }
        if !is_cut_field(frame.stray) && !data.starts_with(b"{\"error\"") {
            self.last_words = truncated(frame.stray);
            if frame.stray.trim_ascii_start().starts_with(b"{\"error\"") {
                return Err(Failure::of_body(frame.stray).mid_stream().into_error());
            }
        }
        if !data.starts_with(b"{") {
            pass_over(data, out);
            return Ok(());
        }
        match json::with_repair(data, |data| {
            let chunk = serde_json::from_str::<Chunk<'_>>(data)?;
            Ok(read_chunk(&chunk, Part::OfStream, out))
        }) {
            Ok((result, repaired)) => {
                if repaired {
                    out(Delta::Repaired(json::warning()));
                }
                result
            }
            // What transformers serve makes of its own failures: the message is not escaped.
            Err(_) if data.starts_with(b"{\"error\"") => {
                Err(Failure::of_body(&with_stray(frame)).mid_stream().into_error())
            }
            // The body broke off inside of it: that is for the verdict to say.
            Err(error) if whole == Whole::Perhaps && json::is_cut_off(data, &error) => Ok(()),
            Err(error) => Err(broken_json(data, &error)),
        }
    }
}

/// Nothing, or the beginning of a field's name: the body broke off inside of it.
fn is_cut_field(stray: &[u8]) -> bool {
    ["data", "event", "id", "retry"].iter().any(|name| name.as_bytes().starts_with(stray))
}

/// Data that is no object: a disguised keep-alive, or something that nobody knows.
fn pass_over(data: &[u8], out: &mut Out<'_>) {
    if !(data.is_empty() || data == b"null" || data.starts_with(b":")) {
        let message = format!("An event of {} bytes that is no chunk was passed over.", data.len());
        out(Delta::Repaired(Warning::new("frame", message)));
    }
}

/// What a chunk is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    OfStream,
    /// A whole answer in one document: no terminal event follows.
    Whole,
}

fn read_chunk(chunk: &Chunk<'_>, part: Part, out: &mut Out<'_>) -> Result<()> {
    let first = chunk.choices.0.iter().find(|choice| choice.index.count().unwrap_or(0) == 0);
    if let Some(failure) = failure_in(chunk, first) {
        let failure = if part == Part::OfStream { failure.mid_stream() } else { failure };
        return Err(failure.into_error());
    }
    if !chunk.id.0.is_empty() {
        out(Delta::Id(&chunk.id.0));
    }
    if !chunk.model.0.is_empty() {
        out(Delta::Model(&chunk.model.0));
    }
    if let Some(progress) = &chunk.prompt_progress.0
        && let (Some(done), Some(total)) = (progress.processed.count(), progress.total.count())
    {
        out(Delta::PromptProgress { done, total });
    }
    if let Some(choice) = first {
        read_choice(choice, part, out);
    }
    if chunk.choices.0.len() > usize::from(first.is_some()) {
        out(Delta::Repaired(Warning::new(
            "choices",
            "The server sent more than one choice; the first is read.",
        )));
    }
    read_counts(chunk, out);
    // A whole answer needs no finish reason to be complete.
    if part == Part::Whole && first.is_some() {
        out(Delta::End);
    }
    Ok(())
}

fn read_choice(choice: &Choice<'_>, part: Part, out: &mut Out<'_>) {
    // Some servers repeat in `message` what they say in `delta`.
    if let Some(content) = choice.delta.0.as_ref().or(choice.message.0.as_deref()) {
        // The same text can stand in several of these; the first that has some counts.
        let reasoning = [&content.reasoning_content.0, &content.reasoning.0, &content.thinking.0];
        if let Some(reasoning) = reasoning.into_iter().find(|text| !text.is_empty()) {
            out(Delta::Reasoning(reasoning));
        } else if let Some(details) = content.reasoning_details {
            read_details(details, out);
        }
        let kept =
            [("reasoning_details", content.reasoning_details), ("thinking_blocks", content.thinking_blocks)];
        for (field, value) in kept {
            if let Some(value) = value {
                out(Delta::Kept { field, json: value.get() });
            }
        }
        if !content.content.reasoning.is_empty() {
            out(Delta::Reasoning(&content.content.reasoning));
        }
        if !content.content.text.is_empty() {
            out(Delta::Text(&content.content.text));
        }
        if !content.refusal.0.is_empty() {
            out(Delta::Text(&content.refusal.0));
            out(Delta::Repaired(Warning::new("refusal", "The model refused; the text says why.")));
        }
    }
    if !choice.text.0.is_empty() {
        out(Delta::Text(&choice.text.0));
    }
    read_tool_calls(choice, part, out);
    if let Some(told) = choice.logprobs {
        logprobs::read(told, out);
    }
    // Some gateways write null as a text.
    if !matches!(choice.finish_reason.0.as_ref(), "" | "null" | "none" | "None") {
        out(Delta::Finish(&choice.finish_reason.0));
    }
}

/// Where the reasoning stands nowhere else.
fn read_details(details: &RawValue, out: &mut Out<'_>) {
    if let Ok(Text(text)) = serde_json::from_str(details.get())
        && !text.is_empty()
    {
        out(Delta::Reasoning(&text));
    }
}

fn read_tool_calls(choice: &Choice<'_>, part: Part, out: &mut Out<'_>) {
    let share = if part == Part::Whole { Share::Whole } else { Share::Piece };
    let (delta, message) = (choice.delta.0.as_ref(), choice.message.0.as_deref());
    let calls = [delta.and_then(|it| it.tool_calls), message.and_then(|it| it.tool_calls), choice.tool_calls];
    let legacy = [delta.and_then(|it| it.function_call), message.and_then(|it| it.function_call)];
    if let Some(calls) = calls.into_iter().flatten().next() {
        tool_calls::read(calls, share, out);
    } else if let Some(call) = legacy.into_iter().flatten().next() {
        tool_calls::read_call(call, share, out);
    }
}

fn read_counts(chunk: &Chunk<'_>, out: &mut Out<'_>) {
    let in_vendor = chunk.vendor.0.as_ref().and_then(|vendor| vendor.usage.0.as_ref());
    let told = [in_vendor, chunk.usage.0.as_deref()].into_iter().flatten();
    let timings = chunk.timings.0.as_ref();
    if let Some(timings) = timings {
        if let Some(usage) = timings.usage() {
            out(Delta::Usage(usage));
        }
        out(Delta::Timings(timings.timings()));
    }
    for usage in told {
        if let Some(times) = usage.timings() {
            out(Delta::Timings(times));
        }
        if let Some(usage) = usage.usage() {
            out(Delta::Usage(usage));
        }
    }
}

/// An error inside an answer that began well, or that only claims to be one.
fn failure_in(chunk: &Chunk<'_>, choice: Option<&Choice<'_>>) -> Option<Failure> {
    let in_choice = choice.and_then(|choice| choice.error);
    let failed = choice.is_some_and(|choice| matches!(choice.finish_reason.0.as_ref(), "error" | "abort"));
    let in_vendor = chunk.vendor.0.as_ref().and_then(|vendor| vendor.error);
    let told = [chunk.error, in_choice, in_vendor].into_iter().flatten();
    if let Some(failure) = told.into_iter().find_map(Failure::of_error) {
        return Some(failure);
    }
    let unwrapped = chunk.object.0 == "error" || (chunk.choices.0.is_empty() && chunk.detail.is_some());
    if let Some(words) = chunk.message.or(chunk.detail).filter(|_| unwrapped) {
        return Some(Failure::of_body(words.get().as_bytes()));
    }
    failed.then(|| Failure::of_body(b"The server ended its answer with a finish reason that means an error"))
}

fn read_document(text: &[u8], out: &mut Out<'_>) -> Result<()> {
    // A document without a choice and without an error is an answer of something else.
    let read = |chunk: &Chunk<'_>, out: &mut Out<'_>| {
        let known =
            !chunk.choices.0.is_empty() || chunk.usage.0.is_some() || failure_in(chunk, None).is_some();
        known.then(|| read_chunk(chunk, Part::Whole, out))
    };
    let whole =
        json::with_repair(text, |text| serde_json::from_str(text).map(|chunk: Chunk<'_>| read(&chunk, out)));
    match whole {
        Ok((Some(result), _)) => return result,
        Ok((None, _)) => return Err(not_an_answer(text)),
        Err(error) if json::is_cut_off(text, &error) => return Err(broken_off(text)),
        Err(_) => {}
    }
    // One JSON object a line, without the framing of events.
    for chunk in json::all::<Chunk<'_>>(text) {
        read_chunk(&chunk.map_err(|_| not_an_answer(text))?, Part::OfStream, out)?;
    }
    Ok(())
}

fn with_stray(frame: Frame<'_>) -> Vec<u8> {
    let mut text = frame.data.to_vec();
    if !frame.stray.is_empty() {
        text.push(b'\n');
        text.extend_from_slice(frame.stray);
    }
    text
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

fn without_bom(text: &[u8]) -> &[u8] {
    text.strip_prefix(BOM).unwrap_or(text)
}
