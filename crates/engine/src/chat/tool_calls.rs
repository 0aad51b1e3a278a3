use std::collections::HashSet;

use super::CallRules;
use crate::{
    text::{
        FoundCall,
        json_repair::{NoObject, Repaired, object},
    },
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
    /// Those that are taken.
    ids: HashSet<String>,
    /// The ids of those that were read from the text.
    in_text: HashSet<String>,
    /// How much text all have.
    length: usize,
    has_too_many: bool,
}

/// A call of which more may come.
#[derive(Debug, Clone, Default)]
struct Begun {
    index: Option<u64>,
    /// The server's own.
    id: String,
    name: String,
    arguments: String,
    /// What the server wants to see again with it.
    extra: String,
    nesting: Nesting,
    /// What was read from the text.
    found: Option<Arguments>,
    /// Its brackets are closed, but it is no JSON as it stands: more may come.
    is_odd: bool,
}

/// What is told of calls.
pub enum Told<'a> {
    Call(&'a ToolCall),
    /// What the server wants to see again with the call that was told before.
    Extra {
        id: &'a str,
        json: &'a str,
    },
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

impl Ending {
    /// Why a call is none that this left unfinished.
    pub fn cut(self) -> Option<&'static str> {
        match self {
            Self::Proper => None,
            Self::Limit => Some("cut off by the limit of the answer's length"),
            Self::Broken => Some("cut off: the answer broke off"),
        }
    }
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
        let ids = rules.taken.iter().cloned().collect();
        Self { rules, ids, ..Self::default() }
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
            // What follows a whole call is no part of it.
            Place::Call(place) if place < self.done => return,
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
        if call.extra.is_empty() {
            fragment.extra.clone_into(&mut call.extra);
        }
        call.take_name(fragment.name, &self.rules);
        call.nesting.follow(fragment.arguments);
        call.arguments.push_str(fragment.arguments);
        self.length += fragment.arguments.len();
    }

    /// Takes a call that was read from the text, whole.
    pub fn add(&mut self, call: FoundCall, out: &mut Out<'_>) {
        if self.begun.len() == self.rules.limit {
            self.has_too_many = true;
            return;
        }
        self.tell_complete(out);
        let id = self.new_id();
        self.length += call.raw_arguments.len();
        self.in_text.insert(id.clone());
        let mut begun = Begun { id, name: call.name, found: Some(call.arguments), ..Begun::default() };
        begun.nesting.follow(&call.raw_arguments);
        begun.arguments = call.raw_arguments;
        self.begun.push(begun);
        if self.done + 1 == self.begun.len() {
            let arguments = self.begun[self.done].read(Ending::Proper);
            self.tell(arguments, out);
        }
    }

    /// The text so far was reasoning: no call in it counts.
    pub fn withdraw(&mut self) {
        let counts = |id: &str| !self.in_text.contains(id);
        self.read.retain(|call| counts(&call.id));
        self.done = self.begun[..self.done].iter().filter(|call| counts(&call.id)).count();
        self.begun.retain(|call| counts(&call.id));
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
        let ToolCallFragment { index, id, name, arguments, whole, extra: _ } = fragment;
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
        // It stays, so that more of it is known for that.
        let Begun { id, name, arguments: raw_arguments, extra, .. } = self.begun[self.done].clone();
        self.done += 1;
        if self.rules.is_single && self.done > 1 {
            let message = "The server called several tools at once although the request forbade it; the first call is kept.";
            out(Told::Warning(Warning::new("parallel_tool_calls", message)));
            return;
        }
        let name = match self.rules.names.meant(&name) {
            Some(meant) if meant != name => {
                let message = "The name of a tool call held more than the tool's name; that was taken out.";
                out(Told::Warning(Warning::new("tool_name", message)));
                meant.to_owned()
            }
            _ => name,
        };
        if !self.rules.names.is_empty() && !self.rules.names.has(&name) {
            let message = "The model called a tool that was not offered.";
            out(Told::Warning(Warning::new("unknown_tool", message)));
        }
        let name = self.rules.names.given(&name).to_owned();
        if let Some(invalid) = self.rules.refusal(&name) {
            out(Told::Warning(Warning::new(
                "tool_choice",
                "The server called a tool against the request's choice.",
            )));
            arguments = Arguments::Invalid { invalid: invalid.to_owned() };
        }
        if matches!(arguments, Arguments::Read { repaired: true, .. }) {
            let message = "The arguments of a tool call had to be repaired.";
            out(Told::Warning(Warning::new("tool_arguments", message)));
        }
        let id = if id.is_empty() || self.ids.contains(&id) {
            let message = "The server gave a tool call no id, or another's; it was given one.";
            out(Told::Warning(Warning::new("tool_call_id", message)));
            self.new_id()
        } else {
            id
        };
        self.ids.insert(id.clone());
        let call = ToolCall { id, name, raw_arguments, arguments };
        out(Told::Call(&call));
        if !extra.is_empty() {
            out(Told::Extra { id: &call.id, json: &extra });
        }
        self.read.push(call);
    }

    fn new_id(&self) -> String {
        /// What Mistral's models take, whose servers refuse all else in the history.
        const LENGTH: usize = 9;
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
        !name.is_empty() && name != self.name && rules.names.begin(&self.name, name)
    }

    /// Whether `name` can only be that of another call.
    fn is_other(&self, name: &str, rules: &CallRules) -> bool {
        self.nesting.has_text || (rules.names.has(&self.name) && rules.names.has(name))
    }

    fn read(&self, ending: Ending) -> Arguments {
        if let Some(found) = &self.found {
            return found.clone();
        }
        let cut = ending.cut();
        let read = if self.nesting.has_text {
            object(&self.arguments)
        } else {
            // What calls without arguments have, and those that were cut off before them.
            Ok(Repaired::whole(serde_json::Map::new()))
        };
        let invalid = match (read, cut) {
            _ if self.name.is_empty() => cut.unwrap_or("it has no name"),
            (Ok(Repaired { is_repaired: true, .. }) | Err(_), Some(cut)) => cut,
            // Some gateways write an empty object before the arguments.
            (Ok(Repaired { fields, .. }), Some(cut)) if fields.is_empty() => cut,
            // Whatever reason the server gives for the end: what a string holds is not to be guessed.
            (Ok(Repaired { ends_in_string: true, .. }), None) => "the arguments end within a string",
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
#[derive(Debug, Clone, Default)]
struct Nesting {
    /// There was something else than space.
    has_text: bool,
    has_brackets: bool,
    depth: usize,
    within: Within,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Brackets,
    String,
    Escape,
}

impl Nesting {
    fn follow(&mut self, text: &str) {
        for byte in text.bytes() {
            self.has_text |= !byte.is_ascii_whitespace();
            match (self.within, byte) {
                (Within::Escape, _) | (Within::Brackets, b'"') => self.within = Within::String,
                (Within::String, b'\\') => self.within = Within::Escape,
                (Within::String, b'"') => self.within = Within::Brackets,
                (Within::Brackets, b'{' | b'[') => {
                    self.has_brackets = true;
                    self.depth += 1;
                }
                (Within::Brackets, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Every bracket is closed, and there was one.
    fn is_complete(&self) -> bool {
        self.has_brackets && self.depth == 0 && self.within == Within::Brackets
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::types::ToolOptions;

    #[derive(Debug, Default)]
    struct Heard {
        /// Of the calls that were told before the end.
        early: usize,
        calls: Vec<ToolCall>,
        warnings: Vec<&'static str>,
        extras: Vec<String>,
    }

    fn rules(options: Value) -> CallRules {
        CallRules::new(&serde_json::from_value::<ToolOptions>(options).unwrap(), 128)
    }

    fn offering() -> CallRules {
        rules(json!({"tools": [{"name": "get_weather"}, {"name": "get_time"}]}))
    }

    /// Fragments as servers write them, but for the function's wrapping.
    fn heard_by(rules: CallRules, fragments: &Value, ending: Ending) -> Heard {
        let mut heard = Heard::default();
        let mut calls = ToolCalls::new(rules);
        let told = std::cell::RefCell::new((Vec::new(), Vec::new(), Vec::new()));
        let mut out = |it: Told<'_>| match it {
            Told::Call(call) => told.borrow_mut().0.push(call.clone()),
            Told::Extra { id, json } => told.borrow_mut().2.push(format!("{id}: {json}")),
            Told::Warning(warning) => told.borrow_mut().1.push(warning.code),
        };
        for fragment in fragments.as_array().unwrap() {
            let text = |field: &str| fragment[field].as_str().unwrap_or_default().to_owned();
            let (id, name, arguments, extra) = (text("id"), text("name"), text("arguments"), text("extra"));
            let (index, whole) = (fragment["index"].as_u64(), fragment["whole"] == true);
            let fragment =
                ToolCallFragment { index, id: &id, name: &name, arguments: &arguments, extra: &extra, whole };
            calls.take(fragment, &mut out);
        }
        heard.early = told.borrow().0.len();
        heard.calls = calls.finish(ending, &mut out);
        let (calls, warnings, extras) = told.into_inner();
        assert_eq!(calls, heard.calls, "what is told is what the answer has");
        heard.warnings = warnings;
        heard.extras = extras;
        heard
    }

    fn heard(fragments: &Value) -> Heard {
        heard_by(offering(), fragments, Ending::Proper)
    }

    /// Name and arguments of each call, or why there are none.
    fn read(heard: &Heard) -> Vec<(&str, Value)> {
        let arguments = |call: &ToolCall| match &call.arguments {
            Arguments::Read { arguments, .. } => Value::Object(arguments.clone()),
            Arguments::Invalid { invalid } => invalid.as_str().into(),
        };
        heard.calls.iter().map(|call| (call.name.as_str(), arguments(call))).collect()
    }

    fn paris() -> (&'static str, Value) {
        ("get_weather", json!({"city": "Paris"}))
    }

    fn cet() -> (&'static str, Value) {
        ("get_time", json!({"tz": "CET"}))
    }

    const PARIS: &str = r#"{"city":"Paris"}"#;
    const CET: &str = r#"{"tz":"CET"}"#;

    #[test]
    fn fragments_become_one_call_however_they_are_marked() {
        for fragments in [
            json!([{"index": 0, "id": "a", "name": "get_weather"}, {"index": 0, "arguments": "{\"city\":"}, {"index": 0, "arguments": "\"Paris\"}"}]),
            json!([{"index": 7, "id": "a", "name": "get_weather", "arguments": "{"}, {"index": 7, "id": "a", "name": "get_weather", "arguments": "\"city\":\"Paris\"}"}]),
            json!([{"id": "a", "name": "get_weather", "arguments": "{\"city\":"}, {"arguments": "\"Paris\"}"}]),
            json!([{"id": "a", "name": "get_weather", "arguments": "{\"city\":"}, {"id": "a", "arguments": "\"Paris\"}"}]),
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": "{\"city\":"}, {"index": 0, "id": "b", "arguments": "\"Paris\"}"}]),
            json!([{"index": 0, "id": "a"}, {"index": 0, "arguments": PARIS}, {"index": 0, "name": "get_weather"}]),
            json!([{"index": 0, "id": "a", "name": "get_"}, {"index": 0, "name": "wea"}, {"index": 0, "name": "ther", "arguments": PARIS}]),
            json!([{"id": "a", "name": "get"}, {"name": "_weather"}, {"arguments": PARIS}]),
            json!([{"index": 0, "id": "a", "name": "get"}, {"index": 0, "name": "get_weather", "arguments": PARIS}]),
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS}, {"index": 0, "id": "a", "name": "get_weather"}]),
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS}, {"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS}]),
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS}, {"index": 0, "id": "a", "arguments": "\n"}]),
            json!([{"id": "a", "name": "get_weather", "arguments": PARIS, "whole": true}]),
        ] {
            let heard = heard(&fragments);
            assert_eq!((read(&heard), heard.calls[0].id.as_str()), (vec![paris()], "a"), "{fragments}");
            assert!(heard.warnings.is_empty(), "{fragments}: {:?}", heard.warnings);
        }
    }

    #[test]
    fn arguments_that_end_within_a_string_are_none_whatever_the_server_says() {
        let fragments =
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": "{\"city\":\"Par"}]);
        assert_eq!(read(&heard(&fragments)), [("get_weather", json!("the arguments end within a string"))]);
        let brackets =
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": "{\"city\":\"Paris\""}]);
        assert_eq!(read(&heard(&brackets)), [paris()]);
    }

    #[test]
    fn calls_are_parted_by_index_id_or_name() {
        for fragments in [
            json!([{"index": 1, "id": "a", "name": "get_weather", "arguments": PARIS}, {"index": 2, "id": "b", "name": "get_time", "arguments": CET}]),
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS}, {"index": 0, "id": "b", "name": "get_time", "arguments": CET}]),
            json!([{"index": 0, "name": "get_weather", "arguments": PARIS}, {"index": 0, "name": "get_time", "arguments": CET}]),
            json!([{"name": "get_weather", "arguments": PARIS}, {"name": "get_time", "arguments": CET}]),
            json!([{"name": "get_weather", "arguments": "{\"city\":"}, {"arguments": "\"Paris\"}"}, {"name": "get_time"}, {"arguments": CET}]),
            json!([{"id": "a", "name": "get_weather", "arguments": "{\"city\":"}, {"id": "b", "name": "get_time", "arguments": "{\"tz\":"}, {"id": "a", "arguments": "\"Paris\"}"}, {"id": "b", "arguments": "\"CET\"}"}]),
            json!([{"index": 0, "id": "a", "name": "get_weather"}, {"index": 0, "id": "b", "name": "get_time"}, {"index": 0, "id": "a", "arguments": PARIS}, {"index": 0, "id": "b", "arguments": CET}]),
            json!([{"index": 0, "id": "a", "name": "get_weather"}, {"index": 1, "id": "b", "name": "get_time"}, {"index": 1, "arguments": CET}, {"index": 0, "arguments": PARIS}]),
            json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS, "whole": true}, {"index": 0, "id": "a", "name": "get_time", "arguments": CET, "whole": true}]),
        ] {
            let heard = heard(&fragments);
            assert_eq!(read(&heard), [paris(), cet()], "{fragments}");
            assert_ne!(heard.calls[0].id, heard.calls[1].id);
        }
        let twice = json!([{"name": "get_time", "whole": true}, {"name": "get_time", "whole": true}]);
        assert_eq!(read(&heard(&twice)), [("get_time", json!({})), ("get_time", json!({}))]);
        let without_arguments =
            json!([{"index": 0, "name": "get_time"}, {"index": 0, "name": "get_weather"}]);
        assert_eq!(read(&heard(&without_arguments)).len(), 2);
    }

    #[test]
    fn no_call_has_the_id_of_one_in_the_history_or_what_harmony_leaves_in_its_name() {
        let fragment = json!([{"index": 0, "id": "0", "name": "functions.get_weather<|channel|>json", "arguments": PARIS}]);
        let rules = CallRules { taken: vec!["0".to_owned()], ..offering() };
        let heard = heard_by(rules, &fragment, Ending::Proper);
        assert_ne!(heard.calls[0].id, "0");
        assert_eq!(
            (read(&heard), heard.warnings.as_slice()),
            (vec![paris()], ["tool_name", "tool_call_id"].as_slice())
        );
    }

    #[test]
    fn what_belongs_to_a_call_is_told_with_the_id_that_the_call_has() {
        let heard = heard(&json!([
            {"index": 0, "id": "a", "name": "get_weather", "arguments": "{}", "extra": "{\"s\":1}"},
            {"index": 1, "id": "b", "name": "get_time", "arguments": "{"},
            {"index": 1, "arguments": "}", "extra": "{\"s\":2}"},
        ]));
        assert_eq!(heard.extras, [r#"a: {"s":1}"#, r#"b: {"s":2}"#]);
    }

    #[test]
    fn ids_are_unique_and_what_was_made_is_told() {
        let call = |id: &str| json!({"id": id, "name": "get_time", "arguments": CET, "whole": true});
        let heard = heard(&json!([call("a"), call("a"), call(""), call("b"), call("")]));
        let ids: HashSet<_> = heard.calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids.len(), 5);
        assert!(ids.contains("a") && ids.contains("b") && !ids.contains(""), "{ids:?}");
        assert!(heard.warnings.contains(&"tool_call_id"));
    }

    #[test]
    fn a_call_is_told_once_the_next_begins_unless_more_of_it_may_come() {
        let next = json!({"index": 1, "id": "b", "name": "get_time", "arguments": CET});
        for (arguments, early) in
            [(PARIS, 1), ("", 0), ("{\"city\":\"Pa", 0), ("{'city':'Paris'}", 0), ("{}", 0)]
        {
            let first = json!({"index": 0, "id": "a", "name": "get_weather", "arguments": arguments});
            assert_eq!(heard(&json!([first, next])).early, early, "{arguments}");
        }
    }

    #[test]
    fn what_follows_a_call_that_was_told_is_no_other() {
        let (first, next) = (
            json!({"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS}),
            json!({"index": 1, "id": "b", "name": "get_time", "arguments": CET}),
        );
        for more in [
            json!({"index": 0, "id": "a", "arguments": ""}),
            json!({"index": 0, "arguments": "\n"}),
            json!({"id": "a", "name": "get_weather"}),
            first.clone(),
        ] {
            let heard = heard(&json!([first, next, more]));
            assert_eq!(read(&heard), [paris(), cet()], "{more}");
        }
    }

    #[test]
    fn arguments_are_read_or_the_reason_why_not_is_told_and_what_was_written_stays() {
        let one = |arguments: &str, ending| {
            let fragments = json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": arguments}]);
            let mut heard = heard_by(offering(), &fragments, ending);
            assert_eq!(heard.calls[0].raw_arguments, arguments);
            (heard.calls.remove(0).arguments, heard.warnings)
        };
        let read = |arguments: &str, ending| match one(arguments, ending).0 {
            Arguments::Read { arguments, repaired } => Ok((Value::Object(arguments), repaired)),
            Arguments::Invalid { invalid } => Err(invalid),
        };
        for (arguments, expected) in [
            (PARIS, Ok((paris().1, false))),
            ("", Ok((json!({}), false))),
            (" \n", Ok((json!({}), false))),
            ("{'city':'Paris'}", Ok((paris().1, true))),
            ("{\"city\":\"Paris\"} Done!", Ok((paris().1, true))),
            ("{\"city\":\"Paris\"", Ok((paris().1, true))),
            ("0", Err("the arguments are no JSON object".into())),
            ("{\"city\":", Err("the arguments are no JSON".into())),
            ("Paris", Err("the arguments are no JSON".into())),
            (&"[".repeat(1000), Err("the arguments are nested too deeply".into())),
            ("{\"a\":1}{\"a\":2}", Err("the arguments are several JSON objects".into())),
        ] {
            assert_eq!(read(arguments, Ending::Proper), expected, "{arguments}");
        }
        assert_eq!(one("{'city':'Paris'}", Ending::Proper).1, ["tool_arguments"]);
        for ending in [Ending::Limit, Ending::Broken] {
            for arguments in [
                "",
                "{",
                "{}",
                "{\"city\":",
                "{\"city\":\"Pa",
                "{\"city\":\"Paris\"",
                "{'city':'Paris'}",
                "{\"a\":1}{",
                "0",
            ] {
                let reason = read(arguments, ending).unwrap_err();
                assert!(reason.starts_with("cut off"), "{arguments}: {reason}");
            }
            assert_eq!(read(PARIS, ending), Ok((paris().1, false)));
        }
    }

    #[test]
    fn a_call_without_a_name_is_kept_and_cannot_be_used() {
        let heard = heard(&json!([{"index": 0, "arguments": PARIS}]));
        assert_eq!(read(&heard), [("", json!("it has no name"))]);
    }

    #[test]
    fn a_tool_that_was_not_offered_is_called_all_the_same_and_told() {
        let call = json!([{"index": 0, "id": "a", "name": "nope", "arguments": PARIS}]);
        let heard = heard(&call);
        assert_eq!(
            (read(&heard), heard.warnings.as_slice()),
            (vec![("nope", paris().1)], &["unknown_tool"][..])
        );
        assert!(heard_by(CallRules::default(), &call, Ending::Proper).warnings.is_empty());
    }

    #[test]
    fn calls_are_held_to_what_was_asked_for() {
        let both = json!([
            {"index": 0, "id": "a", "name": "get_weather", "arguments": PARIS},
            {"index": 1, "id": "b", "name": "get_time", "arguments": CET},
        ]);
        let with = |fields: Value| {
            let mut options = json!({"tools": [{"name": "get_weather"}, {"name": "get_time"}]});
            options.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            rules(options)
        };
        let single = heard_by(with(json!({"parallelToolCalls": false})), &both, Ending::Proper);
        assert_eq!(
            (read(&single), single.warnings.as_slice()),
            (vec![paris()], &["parallel_tool_calls"][..])
        );

        let named = heard_by(with(json!({"toolChoice": {"name": "get_time"}})), &both, Ending::Proper);
        let refused = json!("the request asked for a call of another tool");
        assert_eq!(
            (read(&named), named.warnings.as_slice()),
            (vec![("get_weather", refused), cet()], &["tool_choice"][..])
        );

        let none = heard_by(with(json!({"toolChoice": "none"})), &both, Ending::Proper);
        let reasons: Vec<_> = read(&none).into_iter().map(|(_, reason)| reason).collect();
        assert_eq!(reasons, [json!("the request allowed no calls"), json!("the request allowed no calls")]);

        for choice in [json!("required"), json!({"name": "get_time"})] {
            let silent = heard_by(with(json!({"toolChoice": choice})), &json!([]), Ending::Proper);
            assert_eq!(silent.warnings, ["tool_choice"]);
        }
        assert!(heard_by(with(json!({"toolChoice": "required"})), &both, Ending::Proper).warnings.is_empty());
    }

    #[test]
    fn calls_have_the_names_that_the_caller_gave() {
        let rules = rules(json!({"tools": [{"name": "files.read"}], "toolChoice": {"name": "files.read"}}));
        let call = json!([{"index": 0, "id": "a", "name": "files_read", "arguments": "{}"}]);
        let heard = heard_by(rules, &call, Ending::Proper);
        assert_eq!((read(&heard), heard.warnings.len()), (vec![("files.read", json!({}))], 0));
    }

    #[test]
    fn no_more_calls_are_kept_than_the_limit_allows() {
        let mut calls = ToolCalls::new(CallRules { limit: 2, ..CallRules::default() });
        for index in 0..3 {
            assert_eq!(calls.too_many(), None);
            let fragment = ToolCallFragment {
                index: Some(index),
                id: "",
                name: "f",
                arguments: "",
                extra: "",
                whole: false,
            };
            calls.take(fragment, &mut |_| {});
        }
        assert_eq!((calls.too_many(), calls.begun.len()), (Some(2), 2));
    }

    proptest! {
        #[test]
        fn arguments_cut_anywhere_are_the_same_and_a_cut_call_is_never_valid(
            city in "[a-z\"\\\\{}é ]{0,12}",
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            end in any::<prop::sample::Index>(),
        ) {
            let text = json!({"city": city, "more": [1, {"a": null}]}).to_string();
            let boundary = |at: prop::sample::Index| {
                let at = at.index(text.len());
                (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
            };
            let mut places: Vec<usize> = cuts.into_iter().map(boundary).collect();
            places.extend([0, text.len()]);
            places.sort_unstable();
            let mut fragments = vec![json!({"index": 0, "id": "a", "name": "get_weather"})];
            fragments.extend(places.windows(2).map(|cut| json!({"index": 0, "arguments": &text[cut[0]..cut[1]]})));
            let whole = heard(&Value::from(fragments));
            prop_assert_eq!(read(&whole), vec![("get_weather", serde_json::from_str(&text).unwrap())]);
            let cut = json!([{"index": 0, "id": "a", "name": "get_weather", "arguments": &text[..boundary(end)]}]);
            for ending in [Ending::Limit, Ending::Broken] {
                let heard = heard_by(offering(), &cut, ending);
                let is_valid = matches!(heard.calls[0].arguments, Arguments::Read { .. });
                prop_assert!(!is_valid);
            }
        }
    }
}
