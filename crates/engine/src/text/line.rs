//! How a text stands at some place: in code, in quotes, at the start of a line.

use memchr::memchr_iter;

/// What is needed to know whether markup in the text is only spoken of.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Only white space since the last line end.
    pub blank: bool,
    lead: Lead,
    /// How many backticks opened the fenced code that this is in.
    fence: Option<u8>,
    /// It was opened in this very line.
    opening: bool,
    /// How many backticks opened the `inline code` that this is in. It ends with its line.
    code: Option<u8>,
    /// What has followed those of a fence's length, which stand behind text.
    after: After,
    /// So many, behind text and the last of their line, may have opened a fence that the next one closes.
    dangling: Option<u8>,
    /// Backticks right before.
    ticks: u8,
    /// An odd number of double quotes has come in this line.
    in_quotes: bool,
    pub last: u8,
}

/// What a line has begun with. A fence may follow white space, however much of it (lists indent what they hold), and
/// the marks of lists and quotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Space,
    /// The number of a list's item.
    Number,
    /// The mark of a list's item, which needs white space after it.
    Mark,
    /// Backticks that stand where a fence may.
    Ticks,
    Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Nothing,
    Blank,
    /// Perhaps the language of a fence.
    Word,
    /// A word, and space.
    Space,
    Text,
}

/// Backticks that make a fence.
const FENCE: u8 = 3;

impl Default for Line {
    fn default() -> Self {
        Self {
            blank: true,
            lead: Lead::Space,
            fence: None,
            opening: false,
            code: None,
            after: After::Text,
            dangling: None,
            ticks: 0,
            in_quotes: false,
            last: b'\n',
        }
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

    /// Takes note of a backtick, of a line end, or of text without any.
    pub fn pass(&mut self, text: &[u8]) {
        let (Some(&first), Some(&last)) = (text.first(), text.last()) else { return };
        for at in memchr_iter(b'"', text) {
            let before = if at == 0 { self.last } else { text[at - 1] };
            self.in_quotes ^= before != b'\\';
        }
        if last == b'`' {
            self.ticks = self.ticks.saturating_add(1);
            self.lead = if matches!(self.lead, Lead::Space | Lead::Ticks) { Lead::Ticks } else { Lead::Text };
            self.blank = false;
        } else {
            if self.ticks > 0 {
                self.end_ticks(first);
            }
            if last == b'\n' {
                self.end_line();
            } else {
                self.after = text.iter().fold(self.after, |after, byte| after.then(*byte));
                let leads = text.iter().take_while(|_| self.lead != Lead::Text);
                self.lead = leads.fold(self.lead, |lead, byte| lead.then(*byte));
                self.blank &= text.iter().all(u8::is_ascii_whitespace);
            }
        }
        self.last = last;
    }

    fn end_line(&mut self) {
        let long = self.code.filter(|ticks| *ticks >= FENCE);
        let names_language = matches!(self.after, After::Word | After::Space);
        let fence = self.fence.or(long.filter(|_| names_language));
        let dangling = long.filter(|_| matches!(self.after, After::Nothing | After::Blank)).or(self.dangling);
        *self = Self { fence, dangling, ..Self::default() };
    }

    /// Decides what the backticks were, of which `next` is the first byte after.
    fn end_ticks(&mut self, next: u8) {
        let ticks = std::mem::take(&mut self.ticks);
        let is_fence = self.lead == Lead::Ticks && ticks >= FENCE;
        self.lead = Lead::Text;
        match self.fence {
            None if is_fence && self.dangling.is_some_and(|open| ticks >= open) && next == b'\n' => {
                self.dangling = None;
            }
            None if is_fence => {
                self.fence = Some(ticks);
                self.opening = true;
            }
            None if self.code.is_none() => {
                self.code = Some(ticks);
                self.after = After::Nothing;
            }
            None => self.code = self.code.filter(|opened| *opened != ticks),
            // No fence opens with a line that holds more backticks: it was inline code.
            Some(opened) if self.opening => {
                self.fence = None;
                self.opening = false;
                self.code = Some(opened).filter(|opened| *opened != ticks);
            }
            // A word after it would be the language of a fence that opens, and none does within another.
            Some(opened) if is_fence && ticks >= opened && next.is_ascii_whitespace() => self.fence = None,
            Some(_) => {}
        }
    }

    /// Whether markup that begins here is only spoken of.
    pub fn is_quoted(self) -> bool {
        self.fence.is_some() || self.code.is_some() || matches!(self.last, b'`' | b'"' | b'\'')
    }

    /// Whether a quote right before this opens something.
    pub fn opens_quotes(self) -> bool {
        self.last == b'\'' || self.last == b'"' && self.in_quotes
    }

    /// Whether what begins here stands in code. Backticks right before it open some, unless they close it.
    pub fn is_code(self) -> bool {
        let is_closed = self.code.is_none_or(|opened| opened == self.ticks);
        let opens = self.code.is_none() && self.ticks > 0;
        self.fence.is_some() || opens || !is_closed
    }
}

impl After {
    fn then(self, byte: u8) -> Self {
        match (self, byte.is_ascii_whitespace()) {
            (Self::Nothing | Self::Blank, true) => Self::Blank,
            (Self::Nothing | Self::Word, false) => Self::Word,
            (Self::Word | Self::Space, true) => Self::Space,
            (Self::Blank | Self::Space | Self::Text, _) => Self::Text,
        }
    }
}

impl Lead {
    fn then(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Space | Self::Mark, b' ' | b'\t' | b'\r') | (Self::Space, b'>') => Self::Space,
            (Self::Space, b'-' | b'*' | b'+') | (Self::Number, b'.' | b')') => Self::Mark,
            (Self::Space | Self::Number, b'0'..=b'9') => Self::Number,
            _ => Self::Text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether what follows `text` is only spoken of.
    #[track_caller]
    fn assert_quoted(text: &str, expected: bool) {
        let mut line = Line::default();
        line.pass_all(text);
        assert_eq!(line.is_quoted(), expected, "{text:?}");
    }

    #[test]
    fn a_fence_quotes_until_one_that_closes_it() {
        for before in ["", "Text\n", "  ", "\t", "- ", "1. ", "> ", "> - 12) ", "     "] {
            assert_quoted(&format!("{before}```\n"), true);
            assert_quoted(&format!("{before}```xml\n<a>\n\n"), true);
            assert_quoted(&format!("{before}```\ncode\n{before}```\n"), false);
            assert_quoted(&format!("{before}```\ncode\n{before}``` And"), false);
        }
        assert_quoted("````\n```\n", true);
        assert_quoted("````md\n```js\nx\n```\n", true);
        assert_quoted("````\n```\n````\n", false);
        assert_quoted("```\n````\n", false);
        assert_quoted("```\n```js\n", true);
        assert_quoted("```\nlet a = `x`, b = ```y```;\n", true);
        assert_quoted("```\nlet a = `x`, b = ```y```;\n```\n", false);
    }

    #[test]
    fn backticks_within_a_line_are_code_until_its_end_at_most() {
        for text in ["Use ``` to", "Use `a", "Use ``a`b", "a ```", "-``` x", "2 ``` x", "```a```b`"] {
            assert_quoted(text, true);
            assert_quoted(&format!("{text}\n"), false);
        }
        for text in ["Sure: ```python\nprint(1)\n", "a) ```sh \nx\n"] {
            assert_quoted(text, true);
            assert_quoted(&format!("{text}```\n"), false);
        }
        for text in ["**Note:** ```\nx\n", "**Note:** ``` \nx\n"] {
            assert_quoted(text, false);
            assert_quoted(&format!("{text}```\n"), false);
            assert_quoted(&format!("{text}```\n```\n"), true);
        }
        for text in ["Use ``` to ``` and", "`a` and", "``a`b`` and", "```a``` and", "```a``b``` and"] {
            assert_quoted(text, false);
        }
    }
}
