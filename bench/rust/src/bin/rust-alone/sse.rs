//! Bytes into the data of server-sent events, wherever they are cut.

/// What is left of an unfinished line, and the data of an unfinished event.
#[derive(Default)]
pub struct Splitter {
    line: Vec<u8>,
    data: Vec<u8>,
}

impl Splitter {
    pub fn feed<E>(
        &mut self,
        mut bytes: &[u8],
        mut event: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.line.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            let line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
            if let Some(data) = line.strip_prefix(b"data:") {
                self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
                self.data.push(b'\n');
            } else if line.is_empty() && !self.data.is_empty() {
                event(&self.data[..self.data.len() - 1])?;
                self.data.clear();
            }
            self.line.clear();
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Splitter;

    #[test]
    fn a_cut_changes_nothing() {
        const STREAM: &[u8] = b": hello\n\ndata: one\n\nevent: x\r\ndata:two\r\ndata: three\r\n\r\ndata: [DONE]\n\ndata: unfinished";
        for cut in 0..=STREAM.len() {
            let (mut splitter, mut events) = (Splitter::default(), vec![]);
            for bytes in [&STREAM[..cut], &STREAM[cut..]] {
                let taken = splitter.feed(bytes, |data| {
                    events.push(String::from_utf8_lossy(data).into_owned());
                    Ok::<_, ()>(())
                });
                assert!(taken.is_ok());
            }
            assert_eq!(events, ["one", "two\nthree", "[DONE]"], "cut at {cut}");
        }
    }
}
