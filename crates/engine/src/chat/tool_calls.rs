use std::collections::HashSet;

use super::CallRules;
use crate::{
    text::json_repair::{NoObject, Repaired, object},
    types::{Arguments, ToolCall, ToolCallFragment, Warning},
};

/// Puts fragments together to calls, by index, id or order.
#[derive(Debug, Default)]
pub struct ToolCalls {
    rules: CallRules,
    /// In the order in which they began.
    begun: Vec<Begun>,
    /// How many of those are read, from the first on.
    done: usize,
    read: Vec<ToolCall>,
    ids: HashSet<String>,
    /// How much text all have.
    length: usize,
    has_too_many: bool,
}

/// A call of which more may come.
#[derive(Debug, Default)]
struct Begun {
    index: Option<u64>,
    /// The server's own.
    id: String,
    name: String,
    arguments: String,
    nesting: Nesting,
    /// Its brackets are closed, but it is no JSON as it stands: more may come.
    is_odd: bool,
}

/// What is told of calls.
pub enum Told<'a> {
    Call(&'a ToolCall),
    Warning(Warning),
}

type Out<'a> = dyn FnMut(Told<'_>) + 'a;

/// How the answer ended in which calls stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Proper,
    /// By the limit of its length.
    Limit,
    Broken,
}

/// Where a fragment goes.
enum Place {
    Call(usize),
    New,
    /// It repeats what has come.
    Nowhere,
}

impl ToolCalls {
    pub fn new(rules: CallRules) -> Self {
        Self { rules, ..Self::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    /// In bytes.
    pub fn length(&self) -> usize {
        self.length
    }

    /// More calls than the limit allows: those beyond it are not kept.
    pub fn too_many(&self) -> Option<usize> {
        self.has_too_many.then_some(self.rules.limit)
    }

    /// Takes a piece. A call is told once another begins, if nothing more of it can come.
    pub fn take(&mut self, fragment: ToolCallFragment<'_>, out: &mut Out<'_>) {
        let place = match self.place(fragment) {
            Place::Nowhere => return,
            Place::Call(place) => place,
            Place::New if self.begun.len() == self.rules.limit => {
                self.has_too_many = true;
                return;
            }
            Place::New => {
                self.tell_complete(out);
                self.begun.push(Begun { index: fragment.index, ..Begun::default() });
                self.begun.len() - 1
            }
        };
        let call = &mut self.begun[place];
        if call.id.is_empty() {
            fragment.id.clone_into(&mut call.id);
        }
        call.take_name(fragment.name, &self.rules);
        call.nesting.follow(fragment.arguments);
        call.arguments.push_str(fragment.arguments);
        self.length += fragment.arguments.len();
    }

    /// Tells the calls that were not told yet, and gives all.
    pub fn finish(mut self, ending: Ending, out: &mut Out<'_>) -> Vec<ToolCall> {
        if self.is_empty() && self.rules.needs_call() && ending != Ending::Broken {
            let message = "The model called no tool although the request asked for a call.";
            out(Told::Warning(Warning::new("tool_choice", message)));
        }
        while self.done < self.begun.len() {
            let arguments = self.begun[self.done].read(ending);
            self.tell(arguments, out);
        }
        self.read
    }

    fn place(&self, fragment: ToolCallFragment<'_>) -> Place {
        let ToolCallFragment { index, id, name, arguments, whole } = fragment;
        let known = match (index, id) {
            _ if whole => None,
            (Some(_), _) => self.begun.iter().rposition(|call| call.index == index),
            (None, "") => self.begun.len().checked_sub(1),
            (None, id) => self.begun.iter().rposition(|call| call.id == id),
        };
        let Some(known) = known else { return Place::New };
        let call = &self.begun[known];
        let is_blank = arguments.trim().is_empty();
        let is_complete = call.nesting.is_complete();
        if !id.is_empty() && !call.id.is_empty() && call.id != id {
            if let Some(other) = self.begun.iter().rposition(|call| call.id == id) {
                return Place::Call(other);
            }
            // Some servers give each fragment of a call an id of its own.
            let begins = !name.is_empty() || (is_complete && !is_blank);
            return if begins { Place::New } else { Place::Call(known) };
        }
        if name.is_empty() || call.name.is_empty() {
            return Place::Call(known);
        }
        if name != call.name {
            let is_other = is_complete || !call.joins(name, &self.rules) && call.is_other(name, &self.rules);
            return if is_other { Place::New } else { Place::Call(known) };
        }
        if !is_complete || is_blank {
            return Place::Call(known);
        }
        // Told once more, as some do at the end; or the same tool once more.
        let is_same = arguments == call.arguments && (index.is_some() || !id.is_empty());
        if is_same { Place::Nowhere } else { Place::New }
    }

    /// Tells the first calls, as far as they are complete as they stand.
    fn tell_complete(&mut self, out: &mut Out<'_>) {
        while let Some(call) = self.begun.get_mut(self.done)
            && call.nesting.is_complete()
            && !call.is_odd
        {
            let arguments = call.read(Ending::Broken);
            call.is_odd = !matches!(arguments, Arguments::Read { repaired: false, .. });
            if !call.is_odd {
                self.tell(arguments, out);
            }
        }
    }

    /// Tells the next call.
    fn tell(&mut self, mut arguments: Arguments, out: &mut Out<'_>) {
        let Begun { id, name, arguments: raw_arguments, .. } = std::mem::take(&mut self.begun[self.done]);
        self.done += 1;
        if self.rules.is_single && self.done > 1 {
            let message = "The server called several tools at once although the request forbade it; the first call is kept.";
            out(Told::Warning(Warning::new("parallel_tool_calls", message)));
            return;
        }
        if !self.rules.names.is_empty() && !self.rules.names.has(&name) {
            let message = "The model called a tool that was not offered.";
            out(Told::Warning(Warning::new("unknown_tool", message)));
        }
        let name = self.rules.names.given(&name).to_owned();
        if let Some(invalid) = self.rules.refusal(&name) {
            out(Told::Warning(Warning::new("tool_choice", "The server called a tool against the request's choice.")));
            arguments = Arguments::Invalid { invalid: invalid.to_owned() };
        }
        if matches!(arguments, Arguments::Read { repaired: true, .. }) {
            let message = "The arguments of a tool call had to be repaired.";
            out(Told::Warning(Warning::new("tool_arguments", message)));
        }
        let id = if id.is_empty() || self.ids.contains(&id) { self.new_id(out) } else { id };
        self.ids.insert(id.clone());
        let call = ToolCall { id, name, raw_arguments, arguments };
        out(Told::Call(&call));
        self.read.push(call);
    }

    fn new_id(&self, out: &mut Out<'_>) -> String {
        /// What Mistral's models take, whose servers refuse all else in the history.
        const LENGTH: usize = 9;
        let message = "The server gave a tool call no id, or another's; it was given one.";
        out(Told::Warning(Warning::new("tool_call_id", message)));
        loop {
            let id: String = (0..LENGTH).map(|_| fastrand::alphanumeric()).collect();
            if !self.ids.contains(&id) && self.begun.iter().all(|call| call.id != id) {
                return id;
            }
        }
    }
}

impl Begun {
    fn take_name(&mut self, name: &str, rules: &CallRules) {
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        } else if self.joins(name, rules) {
            self.name.push_str(name);
        } else if !rules.names.has(&self.name) && rules.names.has(name) {
            name.clone_into(&mut self.name);
        }
    }

    /// Whether `name` is the next piece of this call's name. (In full, it may come with every fragment.)
    fn joins(&self, name: &str, rules: &CallRules) -> bool {
        !name.is_empty() && name != self.name && rules.names.begins(&format!("{}{name}", self.name))
    }

    /// Whether `name` can only be that of another call.
    fn is_other(&self, name: &str, rules: &CallRules) -> bool {
        !self.arguments.trim().is_empty() || (rules.names.has(&self.name) && rules.names.has(name))
    }

    fn read(&self, ending: Ending) -> Arguments {
        let cut = match ending {
            Ending::Proper => None,
            Ending::Limit => Some("cut off by the limit of the answer's length"),
            Ending::Broken => Some("cut off: the answer broke off"),
        };
        let read = if self.arguments.trim().is_empty() {
            // What calls without arguments have, and those that were cut off before them.
            Ok(Repaired { fields: serde_json::Map::new(), is_repaired: false, is_open: true })
        } else {
            object(&self.arguments)
        };
        let invalid = match (read, cut) {
            _ if self.name.is_empty() => cut.unwrap_or("it has no name"),
            (Ok(Repaired { is_open: true, .. }) | Err(_), Some(cut)) => cut,
            // Some gateways write an empty object before the arguments.
            (Ok(Repaired { fields, .. }), Some(cut)) if fields.is_empty() => cut,
            (Ok(Repaired { fields, is_repaired, .. }), _) => {
                return Arguments::Read { arguments: fields, repaired: is_repaired };
            }
            (Err(NoObject::NoJson), None) => "the arguments are no JSON",
            (Err(NoObject::OtherValue), None) => "the arguments are no JSON object",
            (Err(NoObject::TooDeep), None) => "the arguments are nested too deeply",
            (Err(NoObject::Several), None) => "the arguments are several JSON objects",
        };
        Arguments::Invalid { invalid: invalid.to_owned() }
    }
}

/// How deep a text that comes in pieces stands in the brackets of JSON.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    has_begun: bool,
    is_string: bool,
    is_escaped: bool,
}

impl Nesting {
    fn follow(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_string => self.is_escaped = true,
                b'"' => self.is_string = !self.is_string,
                _ if self.is_string => {}
                b'{' | b'[' => {
                    self.has_begun = true;
                    self.depth += 1;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Every bracket is closed, and there was one.
    fn is_complete(&self) -> bool {
        self.has_begun && self.depth == 0 && !self.is_string
    }
}
