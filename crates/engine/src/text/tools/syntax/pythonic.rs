//! Python calls between markers.

use super::{Head, Syntax};
use crate::text::tools::{
    found::{Context, Found},
    offered::Offered,
    python,
};

#[derive(Debug)]
struct Pythonic {
    opens: &'static [&'static str],
    closes: &'static [&'static str],
}

pub const ALL: [&dyn Syntax; 2] = [
    // Llama 3: `<|python_tag|>name.call(key="value")`
    &Pythonic { opens: &["<|python_tag|>"], closes: &[] },
    // LFM2: `<|tool_call_start|>[name(key="value")]<|tool_call_end|>`
    &Pythonic { opens: &["<|tool_call_start|>"], closes: &["<|tool_call_end|>"] },
];

impl Syntax for Pythonic {
    fn opens(&self) -> &'static [&'static str] {
        self.opens
    }

    fn closes(&self) -> &'static [&'static str] {
        self.closes
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        python::head(text, offered)
    }

    fn repeats(&self) -> bool {
        true
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        python::read(text, context)
    }
}
