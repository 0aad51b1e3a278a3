/// Follows brackets and strings through JSON or Python, byte by byte.
#[derive(Debug, Clone, Copy, Default)]
pub struct Brackets {
    depth: usize,
    quote: Option<u8>,
    escaped: bool,
    /// The last byte outside of strings that is no white space.
    before: u8,
}

impl Brackets {
    /// Takes note of a byte, and tells whether the outermost bracket closes with it.
    pub fn pass(&mut self, byte: u8) -> bool {
        if let Some(quote) = self.quote {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == quote {
                self.quote = None;
            }
            return false;
        }
        match byte {
            b'"' => self.quote = Some(byte),
            // Elsewhere it is an apostrophe.
            b'\'' if matches!(self.before, 0 | b'{' | b'[' | b'(' | b',' | b':' | b'=') => {
                self.quote = Some(byte);
            }
            b'{' | b'[' | b'(' => self.depth += 1,
            b'}' | b']' | b')' => {
                self.depth = self.depth.saturating_sub(1);
                self.before = byte;
                return self.depth == 0;
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.before = byte;
        }
        false
    }

    pub fn depth(self) -> usize {
        self.depth
    }

    pub fn is_in_string(self) -> bool {
        self.quote.is_some()
    }

    /// The length of what `text` begins with, if its outermost bracket closes.
    pub fn length(text: &str) -> Option<usize> {
        let mut brackets = Self::default();
        text.bytes().position(|byte| brackets.pass(byte)).map(|last| last + 1)
    }
}
