use super::{ToolPiece, found::FoundCall};

/// More white space than this is given, not held back in case a call comes.
const LONGEST_SPACE: usize = 1024;

/// Hands out text and calls: without the markup, and without the white space that set it off from the text.
#[derive(Debug, Default)]
pub struct Output {
    keep_markup: bool,
    /// White space that may turn out to stand beside markup.
    space: String,
    /// Something other than white space was given.
    given: bool,
    last: Last,
}

/// What the last thing was that is no white space.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Text,
    /// A call; the white space before it is enough.
    Call,
    /// A call right after the text.
    JoinedCall,
}

impl Output {
    pub fn new(keep_markup: bool) -> Self {
        Self { keep_markup, ..Self::default() }
    }

    pub fn keeps_markup(&self) -> bool {
        self.keep_markup
    }

    pub fn text(&mut self, text: &str, out: &mut dyn FnMut(ToolPiece<'_>)) {
        if self.keep_markup {
            return give(text, out);
        }
        let start = text.trim_start();
        self.space(&text[..text.len() - start.len()], out);
        if start.is_empty() {
            return;
        }
        give(&std::mem::take(&mut self.space), out);
        self.last = Last::Text;
        self.given = true;
        let known = start.trim_end();
        give(known, out);
        self.space(&start[known.len()..], out);
    }

    pub fn calls(&mut self, markup: &str, calls: Vec<FoundCall>, out: &mut dyn FnMut(ToolPiece<'_>)) {
        self.markup(markup, out);
        if !self.given {
            self.space.clear();
        }
        self.last = if self.given && self.space.is_empty() { Last::JoinedCall } else { Last::Call };
        for call in calls {
            out(ToolPiece::Call(call));
        }
    }

    /// What is shown only to those who ask for it.
    pub fn markup(&mut self, markup: &str, out: &mut dyn FnMut(ToolPiece<'_>)) {
        if self.keep_markup {
            give(markup, out);
        }
    }

    pub fn finish(&mut self, out: &mut dyn FnMut(ToolPiece<'_>)) {
        let space = std::mem::take(&mut self.space);
        if self.last == Last::Text {
            give(&space, out);
        }
    }

    /// Between two texts stays the white space before the markup; that after it only where there was none.
    fn space(&mut self, space: &str, out: &mut dyn FnMut(ToolPiece<'_>)) {
        if self.last == Last::Call {
            return;
        }
        for character in space.chars() {
            if self.space.len() >= LONGEST_SPACE {
                self.given = true;
                give(&std::mem::take(&mut self.space), out);
            }
            self.space.push(character);
        }
    }
}

fn give(text: &str, out: &mut dyn FnMut(ToolPiece<'_>)) {
    if !text.is_empty() {
        out(ToolPiece::Text(text));
    }
}
