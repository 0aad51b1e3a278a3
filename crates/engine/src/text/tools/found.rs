use serde_json::{Map, Value};

use super::{offered::Offered, values};
use crate::{
    text::json_repair::{self, NoObject, Repaired},
    types::{Arguments, Tool},
};

/// Why a call in the markup of Python is none.
pub const UNREADABLE: &str = "the arguments cannot be read";

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
    /// Why the text ended too early, if so: what is not whole is then no call to be made.
    pub cut: Option<&'static str>,
}

impl Context<'_> {
    /// A call whose arguments are JSON; `whole` if nothing is missing at their end.
    pub fn json(self, tool: &Tool, raw: &str, whole: bool) -> FoundCall {
        if raw.is_empty() && whole {
            return found(tool, raw, Map::new(), false);
        }
        let read = json_repair::object(raw);
        let is_open = !whole || read.as_ref().is_ok_and(|read| read.is_open);
        match (read, self.cut) {
            (_, Some(cut)) if is_open => invalid(tool, raw, cut),
            (Ok(Repaired { ends_in_string: true, .. }), _) => {
                invalid(tool, raw, "the arguments end within a string")
            }
            (Ok(Repaired { fields, is_repaired, .. }), _) => found(tool, raw, fields, is_repaired || is_open),
            (Err(NoObject::NoJson), _) => invalid(tool, raw, "the arguments are no JSON"),
            (Err(NoObject::OtherValue), _) => invalid(tool, raw, "the arguments are no JSON object"),
            (Err(NoObject::TooDeep), _) => invalid(tool, raw, "the arguments are nested too deeply"),
            (Err(NoObject::Several), _) => invalid(tool, raw, "the arguments are several JSON objects"),
        }
    }

    /// A call whose arguments came in a form of their own, which `raw` is.
    pub fn values(self, tool: &Tool, arguments: Map<String, Value>, raw: &str, whole: bool) -> FoundCall {
        if let Some(cut) = self.cut.filter(|_| !whole) {
            return invalid(tool, raw, cut);
        }
        let mut call = found(tool, "", arguments, !whole);
        if let Arguments::Read { arguments, .. } = &call.arguments {
            call.raw_arguments = Value::Object(arguments.clone()).to_string();
        }
        call
    }

    /// A call that cannot be read, or not to its end.
    pub fn unreadable(self, tool: &Tool, raw: &str) -> FoundCall {
        invalid(tool, raw, self.cut.unwrap_or(UNREADABLE))
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

fn invalid(tool: &Tool, raw: &str, why: &str) -> FoundCall {
    FoundCall {
        name: tool.name.clone(),
        raw_arguments: raw.to_owned(),
        arguments: Arguments::Invalid { invalid: why.to_owned() },
    }
}
