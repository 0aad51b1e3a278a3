//! Server-sent events, as <https://html.spec.whatwg.org/multipage/server-sent-events.html> defines them (its
//! rules are quoted where they are applied), and as servers really write them.

use std::ops::Range;

use memchr::memchr2;

use super::TooLong;

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The `event:` field; empty where none was given. A bare `error: …` line counts as `event: error`.
    pub event: &'a [u8],
    /// The `data:` lines, joined by LF.
    pub data: &'a [u8],
    /// Lines that are no field, joined by LF: a server that failed wrote its last words past the protocol.
    pub stray: &'a [u8],
}

/// Cuts frames out of a stream of bytes.
///
/// Bytes go in with [`feed`](Self::feed), frames come out of [`next`](Self::next) until it gives `None`; after
/// the last byte, [`finish`](Self::finish) gives the event that no blank line ended.
#[derive(Debug)]
pub struct SseReader {
    limit: usize,
    buffer: Vec<u8>,
    /// Where the next line begins in `buffer`.
    line: usize,
    /// Up to where that line was searched for its end, so that a long event is scanned once.
    scanned: usize,
    /// The byte before `line` was a CR: a LF that follows belongs to it.
    after_cr: bool,
    at_start: bool,
    event: Event,
    /// What `next` handed out last, to be forgotten when it is called again.
    given: bool,
}

/// The event that is being read.
#[derive(Debug, Default)]
struct Event {
    name: Vec<u8>,
    /// The first `data:` line, where it stands in `buffer`: most events have one line, and need no copy.
    first: Option<Range<usize>>,
    /// All lines, once there are several.
    joined: Vec<u8>,
    stray: Vec<u8>,
}

/// What a line means for the event it belongs to.
enum Step {
    More,
    /// The event before this line is complete; the line was not consumed.
    EndsBefore,
    /// The event is complete with this line.
    Ends,
}

impl SseReader {
    /// `limit`: the bytes that one event may have.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: Vec::new(),
            line: 0,
            scanned: 0,
            after_cr: false,
            at_start: true,
            event: Event::default(),
            given: false,
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.forget_given();
        // What was read already is dropped, unless the unfinished event's data stands in it.
        let keep_from = self.kept_from();
        if keep_from == self.buffer.len() {
            self.buffer.clear();
        } else if keep_from > 0 {
            self.buffer.drain(..keep_from);
        }
        self.line -= keep_from;
        self.scanned = self.scanned.saturating_sub(keep_from);
        if let Some(first) = &mut self.event.first {
            *first = first.start - keep_from..first.end - keep_from;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete event.
    ///
    /// # Errors
    /// [`TooLong`] once an event exceeds the limit, whether complete or not.
    #[expect(clippy::should_implement_trait, reason = "the frame borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, TooLong> {
        self.forget_given();
        loop {
            let Some(line) = self.take_line() else {
                let held =
                    self.buffer.len() - self.kept_from() + self.event.joined.len() + self.event.stray.len();
                return if held > self.limit { Err(TooLong { limit: self.limit }) } else { Ok(None) };
            };
            if self.event.len() + line.len() > self.limit {
                return Err(TooLong { limit: self.limit });
            }
            let start = line.start;
            match self.event.line(&self.buffer, line) {
                Step::More => {}
                Step::Ends => break,
                Step::EndsBefore => {
                    self.line = start;
                    self.scanned = start;
                    self.after_cr = false;
                    break;
                }
            }
        }
        self.given = true;
        Ok(Some(self.event.frame(&self.buffer)))
    }

    /// The event that the end of the body found unfinished. (The specification drops it; servers that forget the
    /// last blank line mean it.)
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn finish(&mut self) -> Result<Option<Frame<'_>>, TooLong> {
        self.forget_given();
        if self.line < self.buffer.len() {
            let rest = self.line..self.buffer.len();
            self.line = self.buffer.len();
            let start = rest.start;
            if let Step::EndsBefore = self.event.line(&self.buffer, rest) {
                // Two events are left: this one now, the other when asked again.
                self.line = start;
            }
        }
        if self.event.is_empty() {
            return Ok(None);
        }
        self.given = true;
        Ok(Some(self.event.frame(&self.buffer)))
    }

    /// What stands before is read; the unfinished event's data is not yet given.
    fn kept_from(&self) -> usize {
        self.event.first.as_ref().map_or(self.line, |first| first.start)
    }

    fn forget_given(&mut self) {
        if self.given {
            self.event.clear();
            self.given = false;
        }
    }

    /// "Lines must be separated by either a U+000D CARRIAGE RETURN U+000A LINE FEED (CRLF) character pair, a
    /// single U+000A LINE FEED (LF) character, or a single U+000D CARRIAGE RETURN (CR) character."
    fn take_line(&mut self) -> Option<Range<usize>> {
        if self.at_start {
            // "If the stream starts with a BOM, ignore it."
            const BOM: &[u8] = b"\xEF\xBB\xBF";
            if self.buffer.len() < BOM.len() && BOM.starts_with(&self.buffer) {
                return None;
            }
            self.at_start = false;
            if self.buffer.starts_with(BOM) {
                self.line = BOM.len();
            }
        }
        if self.after_cr && self.line < self.buffer.len() {
            self.after_cr = false;
            self.line += usize::from(self.buffer[self.line] == b'\n');
        }
        let from = self.scanned.max(self.line);
        let Some(found) = memchr2(b'\n', b'\r', &self.buffer[from..]) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let end = from + found;
        let line = self.line..end;
        // A CR ends the line at once: whether a LF follows may not be known for a long time.
        self.after_cr = self.buffer[end] == b'\r';
        self.line = end + 1;
        self.scanned = self.line;
        Some(line)
    }
}

impl Event {
    fn len(&self) -> usize {
        self.first.as_ref().map_or(self.joined.len(), Range::len) + self.stray.len()
    }

    fn is_empty(&self) -> bool {
        self.first.is_none() && self.joined.is_empty() && self.stray.is_empty() && self.name.is_empty()
    }

    fn clear(&mut self) {
        self.name.clear();
        self.first = None;
        self.joined.clear();
        self.stray.clear();
    }

    fn frame<'a>(&'a self, buffer: &'a [u8]) -> Frame<'a> {
        Frame { event: &self.name, data: self.data(buffer), stray: &self.stray }
    }

    fn data<'a>(&'a self, buffer: &'a [u8]) -> &'a [u8] {
        self.first.as_ref().map_or(&self.joined, |first| &buffer[first.clone()])
    }

    fn line(&mut self, buffer: &[u8], line: Range<usize>) -> Step {
        let text = &buffer[line.clone()];
        if text.is_empty() {
            // "If the line is empty (a blank line): Dispatch the event."
            return if self.is_empty() { Step::More } else { Step::Ends };
        }
        // "If the line contains a U+003A COLON character (:): Collect the characters on the line before the first
        // colon, and let field be that string. … If value starts with a U+0020 SPACE character, remove it."
        let colon = memchr::memchr(b':', text);
        let (field, value) = match colon {
            Some(at) => {
                let space = usize::from(text.get(at + 1) == Some(&b' '));
                (&text[..at], line.start + at + 1 + space..line.end)
            }
            // "Otherwise: use the whole line as the field name, and the empty string as the field value."
            None => (text, line.end..line.end),
        };
        match field {
            b"data" => return self.data_line(buffer, value),
            b"event" => self.name = buffer[value].to_vec(),
            // Some servers write a failure as a field of its own: `error: {…}`.
            b"error" => {
                self.name = b"error".to_vec();
                return self.data_line(buffer, value);
            }
            // "If the line starts with a U+003A COLON character (:): Ignore the line."
            b"" | b"id" | b"retry" => {}
            // "Otherwise: The field is ignored." Not here: it may be the rest of an error with raw line ends.
            _ => {
                if !self.stray.is_empty() {
                    self.stray.push(b'\n');
                }
                self.stray.extend_from_slice(text);
            }
        }
        Step::More
    }

    /// "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character to the
    /// data buffer."
    fn data_line(&mut self, buffer: &[u8], value: Range<usize>) -> Step {
        let text = &buffer[value.clone()];
        if self.first.is_none() && self.joined.is_empty() {
            self.first = Some(value);
            // Nothing follows this one, so its blank line is not waited for.
            return if text == b"[DONE]" { Step::Ends } else { Step::More };
        }
        let before = self.data(buffer);
        if before.ends_with(b"}") && (text.starts_with(b"{") || text == b"[DONE]") {
            // No JSON value goes on like that: the server parts its events by one line end only.
            return Step::EndsBefore;
        }
        if let Some(first) = self.first.take() {
            self.joined.extend_from_slice(&buffer[first]);
        }
        self.joined.push(b'\n');
        self.joined.extend_from_slice(text);
        Step::More
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (String, String, String);

    fn owned(frame: Frame<'_>) -> Owned {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        (text(frame.event), text(frame.data), text(frame.stray))
    }

    fn read(pieces: &[&[u8]]) -> Vec<Owned> {
        let mut reader = SseReader::new(1 << 20);
        let mut frames = Vec::new();
        for piece in pieces {
            reader.feed(piece);
            while let Some(frame) = reader.next().unwrap() {
                frames.push(owned(frame));
            }
        }
        while let Some(frame) = reader.finish().unwrap() {
            frames.push(owned(frame));
        }
        frames
    }

    fn data(stream: &str) -> Vec<String> {
        read(&[stream.as_bytes()]).into_iter().map(|(_, data, _)| data).collect()
    }

    /// The same frames, whole, byte by byte and cut in two anywhere.
    fn read_everywhere(stream: &[u8]) -> Vec<Owned> {
        let whole = read(&[stream]);
        for cut in 0..=stream.len() {
            assert_eq!(read(&[&stream[..cut], &stream[cut..]]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), whole, "byte by byte");
        whole
    }

    #[test]
    fn every_line_end_and_mixtures_of_them_part_events() {
        for stream in ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"] {
            let frames = read_everywhere(stream.as_bytes());
            assert_eq!(frames.iter().map(|frame| frame.1.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        }
        read_everywhere(b"data: a\r\n\ndata: b\n\r\n: ping\r\n\r\ndata: c\r\r\n");
    }

    #[test]
    fn a_byte_order_mark_a_missing_space_and_comments_are_no_data() {
        let stream = "\u{feff}data:a\n\n: ping\n\n:\n\ndata:  b\n\n";
        assert_eq!(data(stream), ["a", " b"]);
        read_everywhere(stream.as_bytes());
    }

    #[test]
    fn data_lines_of_one_event_are_joined() {
        assert_eq!(data("data: {\ndata: \"a\": 1\ndata: }\n\n"), ["{\n\"a\": 1\n}"]);
        read_everywhere("data: {\ndata: \"ä\": 1\ndata: }\n\n".as_bytes());
    }

    #[test]
    fn events_parted_by_one_line_end_are_told_apart() {
        let stream = "data: {\"a\":1}\ndata: {\"b\":2}\ndata: [DONE]\n";
        assert_eq!(data(stream), ["{\"a\":1}", "{\"b\":2}", "[DONE]"]);
        read_everywhere(stream.as_bytes());
        assert_eq!(data("data: {\"a\":1}\ndata: {\"b\":2}"), ["{\"a\":1}", "{\"b\":2}"]);
    }

    #[test]
    fn done_is_given_before_its_blank_line() {
        let mut reader = SseReader::new(100);
        reader.feed(b"data: [DONE]\n");
        assert_eq!(reader.next().unwrap().unwrap().data, b"[DONE]");
    }

    #[test]
    fn the_last_event_needs_no_blank_line_and_no_line_end() {
        assert_eq!(data("data: a"), ["a"]);
        assert_eq!(data("data: a\n"), ["a"]);
        assert_eq!(data("data: a\ndata: b"), ["a\nb"]);
    }

    #[test]
    fn a_bare_error_line_is_an_error_event() {
        let frames = read_everywhere(b"error: {\"message\":\"x\"}\n\n");
        assert_eq!(frames, [("error".into(), "{\"message\":\"x\"}".into(), String::new())]);
    }

    #[test]
    fn lines_that_are_no_field_are_kept_as_last_words() {
        let frames = read_everywhere(b"data: {\"error\": \"no\nContent: 'x'\n\"}\n\nproxy error: gone");
        assert_eq!(frames[0], (String::new(), "{\"error\": \"no".into(), "Content: 'x'\n\"}".into()));
        assert_eq!(frames[1].2, "proxy error: gone");
    }

    #[test]
    fn an_event_beyond_the_limit_is_refused_even_unfinished() {
        let mut reader = SseReader::new(10);
        reader.feed(b"data: 0123456789abcdef");
        assert_eq!(reader.next(), Err(TooLong { limit: 10 }));
        let mut reader = SseReader::new(10);
        reader.feed(b"data: 01234\ndata: 56789\n\n");
        assert_eq!(reader.next(), Err(TooLong { limit: 10 }));
    }

    #[test]
    fn comments_behind_an_unfinished_event_count_towards_its_limit() {
        let mut reader = SseReader::new(1000);
        reader.feed(b"data: {}\n");
        let comment = b": ping\n";
        let refused = (0..1000).any(|_| {
            reader.feed(comment);
            reader.next().is_err()
        });
        assert!(refused);
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_give_the_same_frames(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..8),
                    Just(b"data: ".to_vec()), Just(b"data:{}".to_vec()), Just(b"\n\n".to_vec()),
                    Just(b"\r".to_vec()), Just(b"\n".to_vec()), Just(b"[DONE]".to_vec()),
                    Just(b"\xEF\xBB\xBF".to_vec()), Just(b"event: error".to_vec()), Just(b": x".to_vec()),
                ],
                0..24,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let stream = pieces.concat();
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            ends.sort_unstable();
            let mut from = 0;
            let mut parts: Vec<&[u8]> = Vec::new();
            for end in ends {
                parts.push(&stream[from..end]);
                from = end;
            }
            parts.push(&stream[from..]);
            prop_assert_eq!(read(&parts), read(&[&stream]));
        }
    }
}
