//! JSON lines: a document a line. Blank lines keep a connection alive.

use std::ops::Range;

use memchr::memchr;

use super::TooLong;

/// Cuts lines out of a stream of bytes.
///
/// Bytes go in with [`feed`](Self::feed), lines come out of [`next`](Self::next) until it gives `None`; after the
/// last byte, [`finish`](Self::finish) gives the line that no line end closed. No line is blank.
#[derive(Debug)]
pub struct LineReader {
    limit: usize,
    buffer: Vec<u8>,
    /// Where the next line begins in `buffer`.
    line: usize,
    /// Up to where that line was searched for its end, so that a long line is scanned once.
    scanned: usize,
    at_start: bool,
}

impl LineReader {
    /// `limit`: the bytes that one line may have.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, buffer: Vec::new(), line: 0, scanned: 0, at_start: true }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.line);
        self.scanned -= self.line;
        self.line = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next complete line, without its end.
    ///
    /// # Errors
    /// [`TooLong`] once a line exceeds the limit, whether complete or not.
    #[expect(clippy::should_implement_trait, reason = "the line borrows from the reader")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        loop {
            let Some(found) = memchr(b'\n', &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                self.check(self.line..self.scanned)?;
                return Ok(None);
            };
            let end = self.scanned + found;
            self.check(self.line..end)?;
            let line = self.text(self.line..end);
            self.line = end + 1;
            self.scanned = self.line;
            if !is_blank(&self.buffer[line.clone()]) {
                return Ok(Some(&self.buffer[line]));
            }
        }
    }

    /// The line that the end of the body found unfinished.
    ///
    /// # Errors
    /// [`TooLong`]
    pub fn finish(&mut self) -> Result<Option<&[u8]>, TooLong> {
        self.check(self.line..self.buffer.len())?;
        let line = self.text(self.line..self.buffer.len());
        self.line = self.buffer.len();
        self.scanned = self.line;
        Ok(Some(&self.buffer[line]).filter(|line| !is_blank(line)))
    }

    /// A line without what is not its text: a CR before its end, and a byte order mark before the first.
    fn text(&mut self, mut line: Range<usize>) -> Range<usize> {
        const BOM: &[u8] = b"\xEF\xBB\xBF";
        if std::mem::take(&mut self.at_start) && self.buffer[line.clone()].starts_with(BOM) {
            line.start += BOM.len();
        }
        line.end -= usize::from(self.buffer[line.clone()].ends_with(b"\r"));
        line
    }

    fn check(&self, line: Range<usize>) -> Result<(), TooLong> {
        if line.len() > self.limit { Err(TooLong { limit: self.limit }) } else { Ok(()) }
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines, and whether the reader refused what followed them.
    fn read_within(limit: usize, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, bool) {
        let mut reader = LineReader::new(limit);
        let mut lines = Vec::new();
        for piece in pieces {
            reader.feed(piece);
            loop {
                match reader.next() {
                    Ok(Some(line)) => lines.push(line.to_vec()),
                    Ok(None) => break,
                    Err(TooLong { .. }) => return (lines, true),
                }
            }
        }
        lines.extend(reader.finish().unwrap().map(<[u8]>::to_vec));
        assert_eq!(reader.finish(), Ok(None));
        (lines, false)
    }

    fn read(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        read_within(1 << 20, pieces).0
    }

    #[test]
    fn lines_end_in_lf_or_crlf_and_the_last_in_nothing() {
        for stream in
            ["{\"a\":1}\n{}\n", "{\"a\":1}\r\n{}\r\n", "{\"a\":1}\n\n \r\n{}", "\u{feff}{\"a\":1}\n{}\r"]
        {
            assert_eq!(read(&[stream.as_bytes()]), [&b"{\"a\":1}"[..], b"{}"], "{stream:?}");
        }
        assert!(read(&[b"\n\r\n \n\xEF\xBB"]).len() == 1);
        assert!(read(&[b"\xEF\xBB\xBF\r\n"]).is_empty());
    }

    #[test]
    fn a_line_beyond_the_limit_is_refused_even_unfinished() {
        let mut reader = LineReader::new(10);
        reader.feed(b"0123456789\n0123456789a");
        assert_eq!(reader.next(), Ok(Some(&b"0123456789"[..])));
        assert_eq!(reader.next(), Err(TooLong { limit: 10 }));
        let mut reader = LineReader::new(10);
        reader.feed(b"0123456789a\n");
        assert_eq!(reader.next(), Err(TooLong { limit: 10 }));
    }

    #[test]
    fn reading_a_long_line_in_pieces_takes_time_in_proportion_to_its_length() {
        let mut reader = LineReader::new(usize::MAX);
        let started = std::time::Instant::now();
        for _ in 0..2_000_000 {
            reader.feed(b"0123456789");
            assert_eq!(reader.next(), Ok(None));
        }
        assert_eq!(reader.finish().unwrap().unwrap().len(), 20_000_000);
        // It is a fraction of a second; to scan or to move the line with each piece takes hours.
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }

    proptest! {
        #[test]
        fn any_bytes_cut_anywhere_give_the_same_lines(
            pieces in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..8),
                    Just(b"\n".to_vec()), Just(b"\r\n".to_vec()), Just(b"\r".to_vec()), Just(b" ".to_vec()),
                    Just(b"{\"a\":\"\xC3\xA9\"}".to_vec()), Just(b"\xEF\xBB\xBF".to_vec()),
                ],
                0..24,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            limit in prop_oneof![Just(1 << 20), 0..16_usize],
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
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            let whole = read_within(limit, &[&stream]);
            prop_assert_eq!(&read_within(limit, &parts), &whole);
            prop_assert_eq!(&read_within(limit, &bytes), &whole);
        }
    }
}
