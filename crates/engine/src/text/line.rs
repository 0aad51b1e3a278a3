//! How a text stands at some place: in code, in quotes, at the start of a line.

/// What is needed to know whether markup in the text is only spoken of.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Only white space since the last line end.
    pub blank: bool,
    /// Inside fenced code.
    fenced: bool,
    /// Inside `inline code`.
    code: bool,
    ticks: u8,
    pub last: u8,
}

impl Default for Line {
    fn default() -> Self {
        Self { blank: true, fenced: false, code: false, ticks: 0, last: b'\n' }
    }
}

impl Line {
    /// Takes note of any text.
    pub fn pass_all(&mut self, text: &str) {
        for part in text.split_inclusive(['`', '\n']) {
            let (before, last) = part.as_bytes().split_at(part.len() - 1);
            self.pass(before);
            self.pass(last);
        }
    }

    /// Takes note of text that holds at most one backtick or line end, and that at its end.
    pub fn pass(&mut self, text: &[u8]) {
        let Some(&last) = text.last() else { return };
        match last {
            b'`' => {
                self.ticks = self.ticks.saturating_add(1);
                self.code = !self.code;
                if self.ticks == 3 {
                    self.fenced = !self.fenced;
                    self.code = false;
                }
                self.blank = false;
            }
            b'\n' => *self = Self { blank: true, code: false, ticks: 0, ..*self },
            _ => {
                self.ticks = 0;
                self.blank &= text.iter().all(u8::is_ascii_whitespace);
            }
        }
        self.last = last;
    }

    /// Whether markup that begins here is only spoken of.
    pub fn is_quoted(self) -> bool {
        self.fenced || self.code || matches!(self.last, b'`' | b'"' | b'\'')
    }
}
