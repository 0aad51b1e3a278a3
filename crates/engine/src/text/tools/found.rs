use serde_json::{Map, Value};

use super::{offered::Offered, values};
use crate::{
    text::json_repair,
    types::{Arguments, Tool},
};

/// A call that was read from the text. Its id is given where the answer is put together.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundCall {
    pub name: String,
    /// The arguments as JSON: what the model wrote, or the same as JSON where it wrote them otherwise.
    pub raw_arguments: String,
    pub arguments: Arguments,
}

/// A part of a block.
#[derive(Debug, PartialEq)]
pub enum Found<'a> {
    Call(FoundCall),
    /// What names a tool that was not offered.
    Text(&'a str),
}

/// What a syntax needs to know to read a block.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub offered: &'a Offered,
    /// The answer's limit ended the text: what is not whole is no call to be made.
    pub cut_off: bool,
}

impl Context<'_> {
    /// A call whose arguments are JSON; `whole` if nothing is missing at their end.
    pub fn json(self, tool: &Tool, raw: &str, whole: bool) -> FoundCall {
        if self.cut_off && !whole {
            return cut(tool, raw);
        }
        match json_repair::object(raw) {
            Ok((arguments, repaired)) => found(tool, raw, arguments, repaired || !whole),
            Err(why) => invalid(tool, raw, format!("The arguments cannot be read: {why}")),
        }
    }

    /// A call whose arguments came in a form of their own, which `raw` is.
    pub fn values(self, tool: &Tool, arguments: Map<String, Value>, raw: &str, whole: bool) -> FoundCall {
        if self.cut_off && !whole {
            return cut(tool, raw);
        }
        let mut call = found(tool, "", arguments, !whole);
        if let Arguments::Read { arguments, .. } = &call.arguments {
            call.raw_arguments = Value::Object(arguments.clone()).to_string();
        }
        call
    }

    /// A call that cannot be read, or not to its end.
    pub fn unreadable(self, tool: &Tool, raw: &str) -> FoundCall {
        if self.cut_off { cut(tool, raw) } else { invalid(tool, raw, "The arguments cannot be read".into()) }
    }
}

impl FoundCall {
    #[must_use]
    pub fn is_valid(&self) -> bool {
        matches!(self.arguments, Arguments::Read { .. })
    }

    /// Something around the arguments had to be guessed.
    pub fn set_repaired(&mut self) {
        if let Arguments::Read { repaired, .. } = &mut self.arguments {
            *repaired = true;
        }
    }
}

fn found(tool: &Tool, raw: &str, mut arguments: Map<String, Value>, repaired: bool) -> FoundCall {
    let changed = values::fit(tool, &mut arguments);
    FoundCall {
        name: tool.name.clone(),
        raw_arguments: if raw.is_empty() { "{}".into() } else { raw.to_owned() },
        arguments: Arguments::Read { arguments, repaired: repaired || changed },
    }
}

fn invalid(tool: &Tool, raw: &str, why: String) -> FoundCall {
    FoundCall {
        name: tool.name.clone(),
        raw_arguments: raw.to_owned(),
        arguments: Arguments::Invalid { invalid: why },
    }
}

fn cut(tool: &Tool, raw: &str) -> FoundCall {
    invalid(tool, raw, "The call was cut off by the limit of the answer".into())
}
