//! Calls as Python: `name(key="value", other=[1, 2])`.

use serde_json::{Map, Value};

use super::{
    found::{Context, Found},
    offered::Offered,
    syntax::Head,
    values,
};
use crate::types::Tool;

/// What is nested deeper than this is refused.
const DEEPEST: usize = 128;

/// Whether a call, or a list that begins with one, begins with `text`; its end is looked for from there on.
pub fn head(text: &str, offered: &Offered) -> Head {
    const PRINT: &str = "print(";
    let start = text.trim_start();
    let at = text.len() - start.len();
    let mut call = start.strip_prefix('[').map_or(start, str::trim_start);
    call = call.strip_prefix(PRINT).map_or(call, str::trim_start);
    match call.find(|next| !is_of_name(next)) {
        None if PRINT.starts_with(call) || may_become(offered, call) => Head::MayBe,
        Some(end) if call[end..].starts_with('(') && find(offered, &call[..end]).is_some() => Head::Call(at),
        None | Some(_) => Head::No,
    }
}

/// The calls that `text` holds, in a list or one after the other; text from where on it is something else.
pub fn read<'a>(text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
    let mut found = Vec::new();
    let mut reader = Reader { text, at: 0 };
    loop {
        reader.skip(&['[', ']', ',', ';', ')']);
        let start = reader.at;
        if start == text.len() {
            return found;
        }
        if reader.take("print(") {
            reader.skip(&[]);
        }
        let name = reader.name();
        let tool = find(context.offered, name);
        let Some(tool) = tool.filter(|_| reader.take("(")) else {
            found.push(Found::Text(&text[start..]));
            return found;
        };
        let from = reader.at;
        let Some((arguments, whole)) = reader.arguments(tool) else {
            found.push(Found::Call(context.unreadable(tool, &text[from..])));
            return found;
        };
        found.push(Found::Call(context.values(tool, arguments, &text[from..reader.at], whole)));
    }
}

/// The same where no markup says that it is calls: what holds anything else is code.
pub fn read_all<'a>(text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
    let found = read(text, context);
    let is_call = |found: &Found<'_>| match found {
        Found::Call(call) => context.cut.is_some() || call.is_valid(),
        Found::Text(_) => false,
    };
    if found.iter().all(is_call) { found } else { Vec::new() }
}

/// Llama calls a method of the tool.
fn find<'a>(offered: &'a Offered, name: &str) -> Option<&'a Tool> {
    offered.find(name).or_else(|| offered.find(name.strip_suffix(".call")?))
}

fn may_become(offered: &Offered, name: &str) -> bool {
    let is_method = |(tool, method): (&str, &str)| "call".starts_with(method) && offered.find(tool).is_some();
    offered.may_become(name) || name.rsplit_once('.').is_some_and(is_method)
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '-')
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Named as they are, or by the schema in its order; and whether the closing bracket was there.
    fn arguments(&mut self, tool: &Tool) -> Option<(Map<String, Value>, bool)> {
        let mut unnamed = values::declared(tool).into_iter().flat_map(Map::keys);
        let mut arguments = Map::new();
        loop {
            self.skip(&[',']);
            if self.rest().is_empty() {
                return Some((arguments, false));
            }
            if self.take(")") {
                return Some((arguments, true));
            }
            let start = self.at;
            let name = self.name();
            self.skip(&[]);
            if !name.is_empty() && self.take("=") {
                arguments.insert(name.to_owned(), self.value(0)?);
            } else {
                self.at = start;
                let value = self.value(0)?;
                arguments.insert(unnamed.next()?.clone(), value);
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth >= DEEPEST {
            return None;
        }
        self.skip(&[]);
        match self.rest().chars().next()? {
            '[' => self.list(']', depth),
            '(' => self.list(')', depth),
            '{' => self.dictionary(depth),
            '"' | '\'' => self.string(true).map(Value::String),
            _ => {
                let name = self.name();
                if matches!(name, "r" | "b" | "f" | "u") && self.rest().starts_with(['"', '\'']) {
                    return self.string(name != "r").map(Value::String);
                }
                match name {
                    "True" | "true" => Some(Value::Bool(true)),
                    "False" | "false" => Some(Value::Bool(false)),
                    "None" | "null" => Some(Value::Null),
                    _ => {
                        let sign = if name.is_empty() && self.take("+") { self.name() } else { name };
                        values::number(&sign.replace('_', "")).map(Value::Number)
                    }
                }
            }
        }
    }

    fn list(&mut self, end: char, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut list = Vec::new();
        loop {
            self.skip(&[',']);
            match self.rest().chars().next()? {
                next if next == end => {
                    self.at += 1;
                    return Some(Value::Array(list));
                }
                _ => list.push(self.value(depth + 1)?),
            }
        }
    }

    fn dictionary(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut object = Map::new();
        loop {
            self.skip(&[',']);
            if self.take("}") {
                return Some(Value::Object(object));
            }
            let key = match self.value(depth + 1)? {
                Value::String(key) => key,
                other => other.to_string(),
            };
            self.skip(&[]);
            if !self.take(":") {
                return None;
            }
            object.insert(key, self.value(depth + 1)?);
        }
    }

    fn string(&mut self, escapes: bool) -> Option<String> {
        let quote = &self.rest()[..1];
        let long = quote.repeat(3);
        let quote = if self.rest().starts_with(&long) { long.as_str() } else { quote };
        self.at += quote.len();
        let mut string = String::new();
        loop {
            let rest = self.rest();
            if rest.starts_with(quote) {
                self.at += quote.len();
                return Some(string);
            }
            let mut characters = rest.chars();
            let next = characters.next()?;
            self.at += next.len_utf8();
            if next != '\\' || !escapes {
                string.push(next);
                continue;
            }
            let kind = characters.next()?;
            self.at += kind.len_utf8();
            match kind {
                'n' => string.push('\n'),
                't' => string.push('\t'),
                'r' => string.push('\r'),
                '\n' => {}
                '\\' | '"' | '\'' => string.push(kind),
                'x' | 'u' | 'U' => {
                    let length = if kind == 'x' {
                        2
                    } else if kind == 'u' {
                        4
                    } else {
                        8
                    };
                    let digits = self.rest().get(..length)?;
                    string.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
                    self.at += length;
                }
                _ => string.extend(['\\', kind]),
            }
        }
    }

    /// A name or a number.
    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|next| !is_of_name(next)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn take(&mut self, token: &str) -> bool {
        let is_there = self.rest().starts_with(token);
        if is_there {
            self.at += token.len();
        }
        is_there
    }

    /// Passes white space and `tokens`.
    fn skip(&mut self, tokens: &[char]) {
        let rest =
            self.rest().trim_start_matches(|next: char| next.is_whitespace() || tokens.contains(&next));
        self.at = self.text.len() - rest.len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::tools::found::UNREADABLE;
    use crate::types::Arguments;

    #[track_caller]
    fn arguments_of(text: &str) -> Value {
        let tool = json!({"name": "f", "parameters": {"properties": {"a": {}, "b": {}}}});
        let offered = Offered::new(&[serde_json::from_value(tool).unwrap()]);
        match read(text, Context { offered: &offered, cut: None }).remove(0) {
            Found::Call(call) => match call.arguments {
                Arguments::Read { arguments, .. } => Value::Object(arguments),
                Arguments::Invalid { invalid } => json!(invalid),
            },
            Found::Text(text) => json!(text),
        }
    }

    #[test]
    fn literals_become_json() {
        for (literal, expected) in [
            ("True", json!(true)),
            ("None", json!(null)),
            ("-1.5", json!(-1.5)),
            ("1_000", json!(1000)),
            ("+2", json!(2)),
            ("'it\\'s'", json!("it's")),
            ("\"a\\n\\u00e9\\x41\"", json!("a\néA")),
            ("r'\\d'", json!("\\d")),
            ("\"\"\"a \"b\"\n\"\"\"", json!("a \"b\"\n")),
            ("[1, (2, 'x'), {'k': False}]", json!([1, [2, "x"], {"k": false}])),
        ] {
            assert_eq!(arguments_of(&format!("f(a={literal})")), json!({"a": expected}), "{literal}");
        }
    }

    #[test]
    fn arguments_without_names_take_those_of_the_schema() {
        assert_eq!(arguments_of("f('x', b=2)"), json!({"a": "x", "b": 2}));
        assert_eq!(arguments_of("print(f('x', 2))"), json!({"a": "x", "b": 2}));
        assert_eq!(arguments_of("f()"), json!({}));
    }

    #[test]
    fn what_is_no_literal_cannot_be_read() {
        for text in ["f(a=g(1))", "f(a=x)", "f(1, 2, 3)", "f(a=[1"] {
            assert_eq!(arguments_of(text), json!(UNREADABLE), "{text}");
        }
    }
}
