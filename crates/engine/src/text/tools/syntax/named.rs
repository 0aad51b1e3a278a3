//! The name in markup of its own, then the arguments as JSON.

use super::{Head, STOPS, Syntax, json};
use crate::text::marker::Match;
use crate::text::tools::{
    brackets::Brackets,
    extent::any_begins,
    found::{Context, Found},
    offered::Offered,
};

#[derive(Debug)]
struct Named {
    opens: &'static [&'static str],
    closes: &'static [&'static str],
    /// Reads the name, and where the arguments begin.
    name: fn(&str) -> Name<'_>,
}

enum Name<'a> {
    /// Not enough text to know.
    MayBe,
    No,
    Is(&'a str, usize),
}

pub const ALL: [&dyn Syntax; 4] = [
    // Mistral: `[TOOL_CALLS]name[ARGS]{…}`, some with `[CALL_ID]` between, some without `[ARGS]`
    &Named { opens: &["[TOOL_CALLS]"], closes: &[], name: mistral },
    // `<｜tool▁call▁begin｜>name<｜tool▁sep｜>{…}<｜tool▁call▁end｜>`
    &Named {
        opens: &["<｜tool▁call▁begin｜>"], closes: &["<｜tool▁call▁end｜>"], name: deepseek
    },
    // `<|tool_call_begin|>functions.name:0<|tool_call_argument_begin|>{…}<|tool_call_end|>`:
    // https://huggingface.co/moonshotai/Kimi-K2-Instruct/blob/main/docs/tool_call_guidance.md
    &Named { opens: &["<|tool_call_begin|>"], closes: &["<|tool_call_end|>"], name: kimi },
    // `<|channel|>commentary to=functions.name <|constrain|>json<|message|>{…}<|call|>`:
    // https://cookbook.openai.com/articles/openai-harmony
    &Named { opens: &["<|channel|>", "<|start|>assistant"], closes: &[], name: harmony },
];

impl Syntax for Named {
    fn opens(&self) -> &'static [&'static str] {
        self.opens
    }

    fn closes(&self) -> &'static [&'static str] {
        self.closes
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        match (self.name)(text) {
            Name::MayBe => Head::MayBe,
            Name::Is(name, at) if offered.find(name).is_some() => {
                let rest = json::start_of_value(&text[at..]);
                let at = text.len() - rest.len();
                match any_begins(&STOPS, rest) {
                    _ if rest.starts_with('{') => Head::Call(at),
                    _ if json::FENCE.starts_with(rest) => Head::MayBe,
                    // Without arguments.
                    Match::Yes(_) => Head::Call(at),
                    Match::MayBe => Head::MayBe,
                    Match::No => Head::No,
                }
            }
            Name::No | Name::Is(..) => Head::No,
        }
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        let Name::Is(name, at) = (self.name)(text) else { return Vec::new() };
        let Some(tool) = context.offered.find(name) else { return Vec::new() };
        let call = match text[at..].find('{').map(|start| &text[at + start..]) {
            Some(object) => {
                let length = Brackets::length(object);
                context.json(tool, object[..length.unwrap_or(object.len())].trim_end(), length.is_some())
            }
            None => context.json(tool, "", true),
        };
        vec![Found::Call(call)]
    }
}

fn mistral(text: &str) -> Name<'_> {
    let start = text.len() - text.trim_start().len();
    let length = text[start..].find(|next: char| !(next.is_alphanumeric() || "_-.".contains(next)));
    let Some(end) = length.map(|length| start + length) else { return Name::MayBe };
    if end == start {
        return Name::No;
    }
    let rest = text[end..].trim_start();
    if rest.starts_with('{') {
        return Name::Is(&text[start..end], text.len() - rest.len());
    }
    match rest.find("[ARGS]") {
        Some(at) if at == 0 || rest.starts_with("[CALL_ID]") => {
            Name::Is(&text[start..end], text.len() - rest.len() + at + "[ARGS]".len())
        }
        _ if "[ARGS]".starts_with(rest) || "[CALL_ID]".starts_with(rest) || rest.starts_with("[CALL_ID]") => {
            Name::MayBe
        }
        _ => Name::No,
    }
}

fn deepseek(text: &str) -> Name<'_> {
    const SEPARATOR: &str = "<｜tool▁sep｜>";
    let Some(at) = text.find(SEPARATOR) else { return Name::MayBe };
    let (before, after) = (text[..at].trim(), at + SEPARATOR.len());
    // `function`, then the name on a line of its own: so until version 3.
    if before != "function" {
        return Name::Is(before, after);
    }
    match text[after..].find('\n') {
        Some(end) => Name::Is(text[after..after + end].trim(), after + end),
        None => Name::MayBe,
    }
}

fn kimi(text: &str) -> Name<'_> {
    const SEPARATOR: &str = "<|tool_call_argument_begin|>";
    let Some(at) = text.find(SEPARATOR) else { return Name::MayBe };
    let id = text[..at].trim();
    // The number counts the calls of the conversation.
    let name = match id.rsplit_once(':') {
        Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => id,
    };
    Name::Is(name, at + SEPARATOR.len())
}

fn harmony(text: &str) -> Name<'_> {
    const RECIPIENT: &str = " to=";
    const MESSAGE: &str = "<|message|>";
    let Some(end) = text.find(MESSAGE) else {
        return if text.contains('\n') { Name::No } else { Name::MayBe };
    };
    let header = &text[..end];
    let Some(at) = header.find(RECIPIENT) else { return Name::No };
    let name = &header[at + RECIPIENT.len()..];
    let name = &name[..name.find([' ', '<']).unwrap_or(name.len())];
    if header.contains('\n') { Name::No } else { Name::Is(name, end + MESSAGE.len()) }
}
