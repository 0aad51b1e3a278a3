//! Calls of tools that a model writes into its text, and tools for models whose server knows none.

mod brackets;
mod elements;
mod extent;
mod found;
mod members;
mod offered;
mod output;
mod prompt;
mod python;
mod syntax;
mod values;

#[cfg(test)]
mod tests;

pub use found::FoundCall;
pub use prompt::without_tools;

use extent::{Lapses, Scan, Scanner};
use found::{Context, Found};
use offered::Offered;
use output::Output;
use syntax::{Closing, Head, Opening, Place, Start, Syntax};

use crate::{text::line::Line, types::Tool};

/// A part of the text, told apart.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolPiece<'a> {
    Text(&'a str),
    Call(FoundCall),
}

/// Tells calls and text apart while they stream.
///
/// Only what names a tool that was offered is a call; whatever merely looks like one, or is quoted (in fenced or
/// inline code), is text, and comes out as it went in. What might become markup is held back until it is known.
#[derive(Debug, Default)]
pub struct ToolTextSplitter {
    offered: Offered,
    output: Output,
    at: At,
    /// What may become markup.
    held: String,
    line: Line,
    /// Something other than white space has come.
    begun: bool,
    lapses: Lapses,
    /// What was taken for a part of a block, and is to be read once more.
    unread: String,
}

/// Where the splitter stands.
#[derive(Debug, Default)]
enum At {
    #[default]
    Text,
    Block(Block),
    After(After),
}

/// Within a block.
#[derive(Debug)]
struct Block {
    syntax: &'static dyn Syntax,
    /// Calls that came before in the same answer of nothing but calls.
    calls: Vec<FoundCall>,
    text: String,
    /// Where the syntax's own part begins in it, and the scanner's.
    body: usize,
    scan: usize,
    scanner: Scanner,
}

/// After a block, or after what closed it.
#[derive(Debug)]
struct After {
    syntax: &'static dyn Syntax,
    /// What waits for its closing tag, or for the end of an answer that may be nothing else, and its markup.
    calls: Vec<FoundCall>,
    markup: String,
    /// White space after that.
    space: String,
    closed: bool,
}

impl ToolTextSplitter {
    /// Without tools all text passes through.
    #[must_use]
    pub fn new(offered: &[Tool], keep_markup: bool) -> Self {
        Self { offered: Offered::new(offered), output: Output::new(keep_markup), ..Self::default() }
    }

    pub fn push(&mut self, text: &str, out: &mut dyn FnMut(ToolPiece<'_>)) {
        if self.offered.is_empty() {
            if !text.is_empty() {
                out(ToolPiece::Text(text));
            }
        } else if self.held.is_empty() {
            let rest = self.read(text, out);
            self.held.push_str(rest);
        } else {
            self.held.push_str(text);
            let held = std::mem::take(&mut self.held);
            let rest = self.read(&held, out);
            rest.clone_into(&mut self.held);
        }
        if !self.unread.is_empty() {
            let unread = std::mem::take(&mut self.unread) + &std::mem::take(&mut self.held);
            self.push(&unread, out);
        }
    }

    /// The text is at its end; `cut` says why that came too early, if so.
    pub fn finish(&mut self, cut: Option<&'static str>, out: &mut dyn FnMut(ToolPiece<'_>)) {
        let held = std::mem::take(&mut self.held);
        match std::mem::take(&mut self.at) {
            // The beginning of a call, which says nothing to a reader.
            At::Text if cut.is_some() && syntax::is_opened(&held) => self.output.markup(&held, out),
            At::Text => self.output.text(&held, out),
            At::Block(mut block) => {
                block.text.push_str(&held);
                let rest = self.end_early(block, cut, out);
                self.push(&rest, out);
                return self.finish(cut, out);
            }
            At::After(mut after) => {
                let is_cut_tag = after.awaits(&held);
                if after.syntax.place() == Place::Answer && !held.is_empty() && !is_cut_tag {
                    self.give_back(&after, out);
                } else {
                    self.settle(&mut after, out);
                }
                if is_cut_tag {
                    self.output.markup(&held, out);
                } else {
                    self.output.text(&held, out);
                }
            }
        }
        self.output.finish(out);
    }

    /// Whether there is anything to be found.
    #[must_use]
    pub fn looks_for_calls(&self) -> bool {
        !self.offered.is_empty()
    }

    /// What comes next belongs to a call, unless the call ends.
    #[must_use]
    pub fn is_in_call(&self) -> bool {
        matches!(self.at, At::Block(_))
    }

    /// How much is held back, in bytes.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
            + match &self.at {
                At::Text => 0,
                At::Block(block) => block.text.len(),
                At::After(after) => after.markup.len() + after.space.len(),
            }
    }

    /// Gives what was held back as text, and forgets the rest: it stood in reasoning.
    pub fn abandon(&mut self, out: &mut dyn FnMut(ToolPiece<'_>)) {
        match std::mem::take(&mut self.at) {
            At::Text => {}
            At::Block(block) => self.output.text(&block.text, out),
            At::After(after) => self.give_back(&after, out),
        }
        let held = std::mem::take(&mut self.held);
        self.output.text(&held, out);
        self.output.finish(out);
        *self = Self {
            offered: std::mem::take(&mut self.offered),
            output: Output::new(self.output.keeps_markup()),
            ..Self::default()
        };
    }

    /// Gives what can be decided, and returns the rest.
    fn read<'a>(&mut self, mut text: &'a str, out: &mut dyn FnMut(ToolPiece<'_>)) -> &'a str {
        while !text.is_empty() {
            let before = (std::mem::discriminant(&self.at), text.len());
            text = match std::mem::take(&mut self.at) {
                At::Text => self.read_text(text, out),
                At::Block(block) => self.read_block(block, text, out),
                At::After(after) => self.read_after(after, text, out),
            };
            let after = (std::mem::discriminant(&self.at), text.len());
            if before == after || !self.unread.is_empty() {
                break;
            }
        }
        text
    }

    fn read_text<'a>(&mut self, text: &'a str, out: &mut dyn FnMut(ToolPiece<'_>)) -> &'a str {
        let mut passed = 0;
        let mut at = 0;
        while let Some(found) = self.next_candidate(&text[at..]) {
            at += found;
            self.line.pass(&text.as_bytes()[passed..at]);
            let rest = &text[at..];
            let start = Start { of_answer: !self.begun, of_line: self.line.blank };
            let first = rest.chars().next().map_or(0, char::len_utf8);
            if !rest.starts_with('\n') && !self.line.is_quoted() {
                match syntax::opening(rest, start, &self.offered) {
                    Opening::Block { syntax, body, scan } => {
                        self.begun = true;
                        self.output.text(&text[..at], out);
                        self.open(syntax, Vec::new(), rest[..scan].to_owned(), body);
                        return &rest[scan..];
                    }
                    Opening::MayBe => {
                        self.output.text(&text[..at], out);
                        return rest;
                    }
                    Opening::No => {}
                }
            }
            self.begun |= !rest.starts_with('\n');
            self.line.pass(&rest.as_bytes()[..first]);
            at += first;
            passed = at;
        }
        self.line.pass(&text.as_bytes()[passed..]);
        self.output.text(text, out);
        ""
    }

    /// Where markup, code or a line may begin; at the start of the answer anything may.
    fn next_candidate(&self, text: &str) -> Option<usize> {
        if !self.begun {
            return text.find(|next: char| next == '\n' || !next.is_whitespace());
        }
        text.bytes().position(|byte| matches!(byte, b'<' | b'[' | b'`' | b'\n'))
    }

    /// Begins a block with what is known of its `text`.
    fn open(&mut self, syntax: &'static dyn Syntax, calls: Vec<FoundCall>, text: String, body: usize) {
        let scanner = Scanner::new(syntax.extent(), syntax.closes(), self.lapses);
        let scan = text.len();
        self.at = At::Block(Block { syntax, calls, text, body, scan, scanner });
    }

    fn read_block<'a>(
        &mut self,
        mut block: Block,
        text: &'a str,
        out: &mut dyn FnMut(ToolPiece<'_>),
    ) -> &'a str {
        match block.scanner.scan(text) {
            Scan::End(end) => {
                block.text.push_str(&text[..end]);
                self.end_block(block, None, out);
                &text[end..]
            }
            Scan::No(end) => {
                block.text.push_str(&text[..end]);
                self.give_text(&block.text, out);
                &text[end..]
            }
            Scan::Lost(end) => {
                block.text.push_str(&text[..end]);
                self.unread = self.end_early(block, None, out);
                &text[end..]
            }
            Scan::More(end) => {
                block.text.push_str(&text[..end]);
                self.at = At::Block(block);
                &text[end..]
            }
        }
    }

    /// Ends a block that nothing closes, perhaps before the end of its text, and returns the rest of that.
    fn end_early(
        &mut self,
        mut block: Block,
        cut: Option<&'static str>,
        out: &mut dyn FnMut(ToolPiece<'_>),
    ) -> String {
        let end = block.scanner.finish(&block.text[block.scan..], cut.is_some());
        let rest = end.map(|end| block.text.split_off(block.scan + end)).unwrap_or_default();
        self.lapses = block.scanner.lapses();
        self.end_block(block, cut, out);
        rest
    }

    fn end_block(&mut self, block: Block, cut: Option<&'static str>, out: &mut dyn FnMut(ToolPiece<'_>)) {
        let Block { syntax, mut calls, text, body, .. } = block;
        let context = Context { offered: &self.offered, cut };
        let found = syntax.read(&text[body..], context);
        if !found.iter().any(|found| matches!(found, Found::Call(_))) {
            // What the limit cut off before it named a tool says nothing to a reader.
            return if cut.is_some() && syntax.place() == Place::Anywhere {
                self.output.markup(&text, out);
            } else {
                self.give_text(&text, out);
            };
        }
        for found in found {
            match found {
                Found::Call(call) => calls.push(call),
                Found::Text(foreign) if !self.output.keeps_markup() => self.output.text(foreign, out),
                Found::Text(_) => {}
            }
        }
        self.line = Line::default();
        let mut after = After { syntax, calls, markup: text, space: String::new(), closed: false };
        if syntax.closes().is_empty() && syntax.place() != Place::Answer {
            self.settle(&mut after, out);
        }
        self.at = At::After(after);
    }

    fn read_after<'a>(
        &mut self,
        mut after: After,
        text: &'a str,
        out: &mut dyn FnMut(ToolPiece<'_>),
    ) -> &'a str {
        let rest = text.trim_start();
        after.space.push_str(&text[..text.len() - rest.len()]);
        if rest.is_empty() {
            self.at = At::After(after);
            return rest;
        }
        let syntax = after.syntax;
        match syntax::closing(syntax, rest) {
            Closing::Tag { length, right } => {
                after.markup += &std::mem::take(&mut after.space);
                after.markup.push_str(&rest[..length]);
                if !right && !after.closed && !syntax.closes().is_empty() {
                    after.calls.iter_mut().for_each(FoundCall::set_repaired);
                }
                after.closed = true;
                // An answer that is nothing else is known to be so at its end.
                if syntax.place() != Place::Answer {
                    self.settle(&mut after, out);
                }
                self.at = At::After(after);
                return &rest[length..];
            }
            Closing::MayBe => {
                self.at = At::After(after);
                return rest;
            }
            Closing::No => {}
        }
        if !after.closed {
            match syntax::repeated(syntax, &after.space, rest, &self.offered) {
                Head::Call(scan) => return self.repeat(after, rest, scan, out),
                Head::MayBe => {
                    self.at = At::After(after);
                    return rest;
                }
                Head::No => {}
            }
        }
        if syntax.place() == Place::Answer {
            self.give_back(&after, out);
        } else {
            self.settle(&mut after, out);
        }
        rest
    }

    /// Another call in the same block.
    fn repeat<'a>(
        &mut self,
        mut after: After,
        text: &'a str,
        scan: usize,
        out: &mut dyn FnMut(ToolPiece<'_>),
    ) -> &'a str {
        if after.syntax.place() == Place::Answer {
            // It counts with what came before, or not at all.
            let body = after.markup.len();
            let markup = after.markup + &after.space + &text[..scan];
            self.open(after.syntax, after.calls, markup, body);
        } else {
            after.closed = true;
            self.settle(&mut after, out);
            self.open(after.syntax, Vec::new(), text[..scan].to_owned(), scan);
        }
        &text[scan..]
    }

    /// Gives calls that are complete, repaired where their closing tag is missing.
    fn settle(&mut self, after: &mut After, out: &mut dyn FnMut(ToolPiece<'_>)) {
        if !after.closed && !after.syntax.closes().is_empty() {
            after.calls.iter_mut().for_each(FoundCall::set_repaired);
        }
        let markup = std::mem::take(&mut after.markup);
        if !after.calls.is_empty() || !markup.is_empty() {
            self.output.calls(&markup, std::mem::take(&mut after.calls), out);
        }
        self.output.text(&std::mem::take(&mut after.space), out);
    }

    /// It was no answer of nothing but calls: all of it is text.
    fn give_back(&mut self, after: &After, out: &mut dyn FnMut(ToolPiece<'_>)) {
        self.give_text(&after.markup, out);
        self.give_text(&after.space, out);
    }

    fn give_text(&mut self, text: &str, out: &mut dyn FnMut(ToolPiece<'_>)) {
        self.line.pass_all(text);
        self.output.text(text, out);
    }
}

impl After {
    /// Whether `held` is the beginning of what must close the block.
    fn awaits(&self, held: &str) -> bool {
        let mut closes = self.syntax.closes().iter();
        !self.calls.is_empty() && !held.is_empty() && closes.any(|tag| tag.starts_with(held))
    }
}
