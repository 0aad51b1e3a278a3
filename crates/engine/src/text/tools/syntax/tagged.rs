//! JSON between markers.

use super::{Head, Syntax, json};
use crate::text::tools::{
    found::{Context, Found},
    offered::Offered,
};

#[derive(Debug)]
struct Tagged {
    opens: &'static [&'static str],
    closes: &'static [&'static str],
}

pub const ALL: [&dyn Syntax; 10] = [
    // Hermes, Qwen: https://github.com/NousResearch/Hermes-Function-Calling
    &Tagged { opens: &["<tool_call>"], closes: &["</tool_call>"] },
    &Tagged { opens: &["<function_call>"], closes: &["</function_call>"] },
    // What small models make of it.
    &Tagged { opens: &["<tool_calls>", "<function_calls>"], closes: &["</tool_calls>", "</function_calls>"] },
    &Tagged { opens: &["<tools>", "<tool>", "<tool_use>"], closes: &["</tools>", "</tool>", "</tool_use>"] },
    // Granite, Phi
    &Tagged { opens: &["<|tool_call|>"], closes: &[] },
    // Mistral before version 11 of its tokenizer
    &Tagged { opens: &["[TOOL_CALLS]"], closes: &[] },
    // Llama 3: https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/
    &Tagged { opens: &["<|python_tag|>"], closes: &[] },
    // What LM Studio teaches models without a format of their own: https://lmstudio.ai/docs/developer/openai-compat/tools
    &Tagged { opens: &["[TOOL_REQUEST]"], closes: &["[END_TOOL_REQUEST]"] },
    // Nemotron
    &Tagged { opens: &["<TOOLCALL>"], closes: &["</TOOLCALL>"] },
    // Command R
    &Tagged { opens: &["<|START_ACTION|>"], closes: &["<|END_ACTION|>"] },
];

impl Syntax for Tagged {
    fn opens(&self) -> &'static [&'static str] {
        self.opens
    }

    fn closes(&self) -> &'static [&'static str] {
        self.closes
    }

    fn head(&self, text: &str, offered: &Offered) -> Head {
        json::head(text, offered, json::Proof::Name)
    }

    fn repeats(&self) -> bool {
        true
    }

    fn read<'a>(&self, text: &'a str, context: Context<'_>) -> Vec<Found<'a>> {
        json::read(text, context, json::Proof::Name)
    }
}
