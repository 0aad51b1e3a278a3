//! Answers that are nothing but calls, without any markup: Llama 3's, and what many models make of a description.

use super::{Head, Place, Syntax, json};
use crate::text::tools::{
    found::{Context, Found},
    offered::Offered,
    python,
};

/// `{"name": …, "parameters": {…}}`, several of them, or a list.
#[derive(Debug)]
pub struct BareJson;

/// The same in one fence.
#[derive(Debug)]
pub struct FencedJson;

/// `[name(key="value")]`: Llama 4, Gemma.
#[derive(Debug)]
pub struct BarePython;

impl Syntax for BareJson {
    fn opens(&self) -> &'static [&'static str] {
        &[""]
    }

    fn place(&self) -> Place {
        Place::Answer
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        match text.bytes().next() {
            Some(b'{' | b'[') => json::head(text, offered, json::Proof::NameAndArguments),
            _ => Head::No,
        }
    }

    fn repeats(&self) -> bool {
        true
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        all_or_none(json::read(text, context, json::Proof::NameAndArguments))
    }
}

impl Syntax for FencedJson {
    fn opens(&self) -> &'static [&'static str] {
        &["```json\n", "```\n"]
    }

    fn closes(&self) -> &'static [&'static str] {
        &["```"]
    }

    fn place(&self) -> Place {
        Place::Answer
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        json::head(text, offered, json::Proof::NameAndArguments)
    }

    fn repeats(&self) -> bool {
        true
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        all_or_none(json::read(text, context, json::Proof::NameAndArguments))
    }
}

impl Syntax for BarePython {
    fn opens(&self) -> &'static [&'static str] {
        &[""]
    }

    fn place(&self) -> Place {
        Place::Answer
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        match text.bytes().next() {
            Some(b'[') => python::head(text, offered),
            _ => Head::No,
        }
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        python::read_all(text, context)
    }
}

/// What is not a call throughout is none.
fn all_or_none(found: Vec<Found<'_>>) -> Vec<Found<'_>> {
    if found.iter().all(|found| matches!(found, Found::Call(_))) { found } else { Vec::new() }
}
