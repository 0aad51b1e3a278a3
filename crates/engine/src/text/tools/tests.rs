use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::types::Arguments;

const CUT: &str = "cut off by the limit of the answer's length";

/// What came out: the text, and each call as its name, its arguments or why it has none, and whether it was repaired.
type Outcome = (String, Vec<(String, Value, bool)>);

fn offered() -> Vec<Tool> {
    serde_json::from_value(json!([
        {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "days": {"type": "integer"},
                    "metric": {"type": "boolean"},
                    "tags": {"type": "array", "items": {"type": "string"}}
                }
            }
        },
        {"name": "get_time", "parameters": {"type": "object", "properties": {"tz": {"type": "string"}}}},
        {"name": "list_files"}
    ]))
    .unwrap()
}

fn split(pieces: &[&str], keep_markup: bool, cut_off: bool) -> Outcome {
    let (mut text, mut calls) = (String::new(), Vec::new());
    let mut splitter = ToolTextSplitter::new(&offered(), keep_markup);
    let mut take = |piece: ToolPiece<'_>| match piece {
        ToolPiece::Text(piece) => {
            assert!(!piece.is_empty());
            text.push_str(piece);
        }
        ToolPiece::Call(call) => calls.push(match call.arguments {
            Arguments::Read { arguments, repaired } => (call.name, Value::Object(arguments), repaired),
            Arguments::Invalid { invalid } => (call.name, Value::String(invalid), false),
        }),
    };
    for piece in pieces {
        splitter.push(piece, &mut take);
    }
    splitter.finish(cut_off.then_some(CUT), &mut take);
    (text, calls)
}

/// The same, cut in two anywhere and character by character.
#[track_caller]
fn split_everywhere(whole: &str, keep_markup: bool, cut_off: bool) -> Outcome {
    let expected = split(&[whole], keep_markup, cut_off);
    for (cut, _) in whole.char_indices() {
        let halves = [&whole[..cut], &whole[cut..]];
        assert_eq!(split(&halves, keep_markup, cut_off), expected, "cut at {cut} of {whole:?}");
    }
    let characters: Vec<&str> = whole.split_inclusive(|_| true).collect();
    assert_eq!(split(&characters, keep_markup, cut_off), expected, "each character of {whole:?}");
    expected
}

#[track_caller]
fn assert_split(whole: &str, text: &str, calls: &[(&str, Value, bool)]) {
    let calls: Vec<_> = calls
        .iter()
        .map(|(name, arguments, repaired)| ((*name).to_owned(), arguments.clone(), *repaired))
        .collect();
    let expected = (text.to_owned(), calls);
    assert_eq!(split_everywhere(whole, false, false), expected, "{whole}");
    let (kept, calls) = split_everywhere(whole, true, false);
    assert_eq!((kept.as_str(), calls), (whole, expected.1), "with its markup");
}

#[track_caller]
fn assert_text(whole: &str) {
    assert_split(whole, whole, &[]);
    assert_eq!(split_everywhere(whole, false, true), (whole.to_owned(), Vec::new()), "cut off");
}

fn paris() -> Value {
    json!({"city": "Paris"})
}

/// A call of `get_weather` for Paris in every syntax that may stand anywhere in a text.
const ANYWHERE: [&str; 33] = [
    "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>",
    "<tool_call>{\"arguments\": {\"city\": \"Paris\"}, \"name\": \"get_weather\"}</tool_call>",
    "<tool_call>{\"name\": \"get_weather\", \"arguments\": \"{\\\"city\\\": \\\"Paris\\\"}\"}</tool_call>",
    "<tool_call>```json\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n```</tool_call>",
    "<function_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}</function_call>",
    "<tool_calls>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}]</tool_calls>",
    "<tools>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tools>",
    "<tool_use>{\"name\": \"get_weather\", \"input\": {\"city\": \"Paris\"}}</tool_use>",
    "<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}]",
    "<|tool_call|>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}]<|/tool_call|>",
    "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}]",
    "[TOOL_CALLS] [{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}, \"id\": \"x12345678\"}]",
    "[TOOL_CALLS]get_weather{\"city\": \"Paris\"}",
    "[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Paris\"}",
    "[TOOL_CALLS]get_weather[CALL_ID]x12345678[ARGS]{\"city\": \"Paris\"}",
    "<|python_tag|>{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}}",
    "<|python_tag|>{\"type\": \"function\", \"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}}<|eom_id|>",
    "<|python_tag|>get_weather.call(city=\"Paris\")",
    "[TOOL_REQUEST]{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}[END_TOOL_REQUEST]",
    "<TOOLCALL>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}]</TOOLCALL>",
    "<|START_ACTION|>[\n{\"tool_call_id\": \"0\", \"tool_name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}}\n]<|END_ACTION|>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"Paris\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"Paris\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜><｜end▁of▁sentence｜>",
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\": \"Paris\"}<|tool_call_end|><|tool_calls_section_end|>",
    "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{\"city\": \"Paris\"}<|call|>",
    "<|start|>assistant<|channel|>commentary to=functions.get_weather<|message|>{\"city\": \"Paris\"}",
    "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>",
    "<function=get_weather><parameter=city>Paris</parameter></function>",
    "<function=get_weather>{\"city\": \"Paris\"}</function>",
    "<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">Paris</parameter>\n</invoke>\n</minimax:tool_call>",
    "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" string=\"true\">Paris</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
    "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>",
    "<|tool_call_start|>[get_weather(city=\"Paris\")]<|tool_call_end|>",
];

/// The same for those that must be the whole answer, or a part of it on lines of its own.
const FENCES: [&str; 3] = [
    "```tool_code\nget_weather(city=\"Paris\")\n```",
    "```tool_code\nprint(default_api.get_weather(city='Paris'))\n```",
    "```tool_call\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n```",
];

const ANSWERS: [&str; 8] = [
    "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}}",
    "{\"type\": \"function\", \"function\": {\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}}",
    "{\"arguments\": {\"city\": \"Paris\"}, \"name\": \"get_weather\"}",
    "{\"function\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}",
    "[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}]",
    "```json\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n```",
    "```\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n```",
    "[get_weather(city=\"Paris\")]",
];

fn all() -> impl Iterator<Item = &'static str> {
    ANYWHERE.into_iter().chain(FENCES).chain(ANSWERS)
}

#[test]
fn a_call_is_read_in_every_syntax() {
    for call in all() {
        assert_split(call, "", &[("get_weather", paris(), false)]);
        assert_split(&format!("\n\n{call}\n"), "", &[("get_weather", paris(), false)]);
    }
}

#[test]
fn the_text_around_calls_stays_without_the_white_space_that_set_them_off() {
    for call in ANYWHERE {
        let calls = [("get_weather", paris(), false)];
        assert_split(&format!("Let me see.\n\n{call}\n"), "Let me see.", &calls);
        assert_split(&format!("Let me see.\n\n{call}\n\n\nSo."), "Let me see.\n\nSo.", &calls);
        assert_split(&format!("{call}\nSo.\n"), "So.\n", &calls);
        assert_split(&format!("Now: {call} and so on"), "Now: and so on", &calls);
    }
    for call in FENCES {
        assert_split(
            &format!("Let me see.\n{call}\nSo."),
            "Let me see.\nSo.",
            &[("get_weather", paris(), false)],
        );
    }
}

#[test]
fn calls_may_follow_each_other() {
    for call in ANYWHERE.into_iter().chain(FENCES) {
        let two = [("get_weather", paris(), false), ("get_weather", paris(), false)];
        assert_split(&format!("{call}\n{call}"), "", &two);
    }
    let weather = "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}";
    let time = "{\"name\": \"get_time\", \"arguments\": {\"tz\": \"CET\"}}";
    let both = [("get_weather", paris(), false), ("get_time", json!({"tz": "CET"}), false)];
    for block in [
        format!("<tool_call>\n{weather}\n{time}\n</tool_call>"),
        format!("<tool_call>[{weather}, {time}]</tool_call>"),
        format!("<|python_tag|>{weather}; {time}"),
        "<|python_tag|>get_weather.call(city='Paris'); get_time.call(tz='CET')".into(),
        "<|python_tag|>get_weather(city='Paris')\nget_time(tz='CET')<|eom_id|>".into(),
        format!("[TOOL_CALLS][{weather},{time}]"),
        format!("{weather}\n{time}"),
        format!("{weather}; {time}<|eot_id|>"),
        format!("[{weather}, {time}]"),
        format!("```json\n[\n{weather},\n{time}\n]\n```"),
        "[TOOL_CALLS]get_weather[ARGS]{\"city\": \"Paris\"}[TOOL_CALLS]get_time[ARGS]{\"tz\": \"CET\"}".into(),
        "```tool_code\nget_weather(city='Paris')\nget_time('CET')\n```".into(),
        "[get_weather(city='Paris'), get_time(tz='CET')]".into(),
        "<tool_call><function=get_weather><parameter=city>Paris</parameter></function>\n<function=get_time><parameter=tz>CET</parameter></function></tool_call>".into(),
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": \"Paris\"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_time<｜tool▁sep｜>{\"tz\": \"CET\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>".into(),
        "<|channel|>commentary to=functions.get_weather<|message|>{\"city\": \"Paris\"}<|call|><|start|>assistant<|channel|>commentary to=functions.get_time<|message|>{\"tz\": \"CET\"}<|call|>".into(),
    ] {
        assert_split(&block, "", &both);
    }
}

#[test]
fn what_names_another_tool_is_text() {
    for call in all() {
        let other = call.replace("get_weather", "get_whether");
        assert_text(&other);
        assert_text(&format!("Look:\n{other}\nSo."));
    }
}

#[test]
fn of_a_list_only_what_was_offered_is_called() {
    let other = "{\"name\": \"other\", \"arguments\": {}}";
    let weather = "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}";
    assert_split(&format!("[TOOL_CALLS][{weather}, {other}]"), other, &[("get_weather", paris(), false)]);
    assert_text(&format!("[{weather}, {other}]"));
}

#[test]
fn what_is_quoted_is_text() {
    for call in ANYWHERE {
        assert_text(&format!("Like so:\n```xml\n{call}\n```\nand so on"));
        if !call.contains('\n') && !call.contains('`') {
            assert_text(&format!("Write `{call}` to call it."));
        }
    }
    for call in ANSWERS {
        assert_text(&format!("Like so: {call}"));
        assert_text(&format!("Like so:\n{call}\n"));
        assert_text(&format!("{call}\nThat is how it is called."));
    }
    assert_text("Like so:\n```json\n{\"name\": \"get_weather\", \"arguments\": {}}\n```");
    assert_text("```json\n{\"name\": \"get_weather\", \"arguments\": {}}\n```\nThat is how.");
    assert_text("````\n```tool_code\nget_weather(city='Paris')\n```\n````");
}

#[test]
fn three_backticks_within_a_line_open_no_fence() {
    for call in ANYWHERE {
        for text in ["Use ``` to fence.", "Either ```a``` or ```b```,", "```a``` it is"] {
            assert_split(&format!("{text}\n{call}"), text, &[("get_weather", paris(), false)]);
        }
    }
}

#[test]
fn the_definition_of_a_tool_is_text() {
    let schema = "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}}";
    let none = "{\"type\": \"object\", \"properties\": {}}";
    let weather = "\"name\": \"get_weather\"";
    let description = "\"description\": \"The weather\"";
    for definition in [
        format!(
            "{{\"type\": \"function\", \"function\": {{{weather}, {description}, \"parameters\": {schema}}}}}"
        ),
        format!("{{\"type\": \"function\", \"function\": {{{weather}, \"parameters\": {schema}}}}}"),
        format!("{{{weather}, {description}, \"parameters\": {schema}, \"strict\": true}}"),
        format!("{{{weather}, \"parameters\": {schema}}}"),
        format!("{{{weather}, \"parameters\": {none}}}"),
        format!("{{{weather}, {description}, \"input_schema\": {schema}}}"),
        format!("{{{weather}, {description}, \"parameters\": {{}}}}"),
        "{\"name\": \"list_files\", \"description\": \"Lists\"}".to_owned(),
        "{\"name\": \"list_files\", \"description\": \"Lists\", \"parameters\": null}".to_owned(),
        format!("{{\"name\": \"list_files\", {description}, \"input_schema\": {none}}}"),
    ] {
        for text in [
            definition.clone(),
            format!("[{definition}]"),
            format!("<tool_call>{definition}</tool_call>"),
            format!("I have these:\n<tools>\n{definition}\n{definition}\n</tools>\nAsk me!"),
            format!("<tools>[{definition}, {definition}]</tools>"),
        ] {
            assert_text(&text);
            assert_split(&format!("{text}\n{}", ANYWHERE[0]), &text, &[("get_weather", paris(), false)]);
        }
    }
    // It is one however it is quoted, though the limit cut it off.
    let cut = format!("<tools>\n{{{weather}, {description}, 'parameters': {}", &schema[..schema.len() - 1]);
    assert_eq!(split_everywhere(&cut, false, true), (String::new(), Vec::new()));
}

#[test]
fn a_call_that_resembles_a_definition_is_one() {
    for (call, arguments, repaired) in [
        (
            "{\"name\": \"get_weather\", \"description\": \"I look\", \"arguments\": {\"city\": \"Paris\"}}",
            paris(),
            false,
        ),
        (
            "{\"name\": \"get_weather\", \"description\": \"I look\", \"parameters\": {\"city\": \"Paris\"}}",
            paris(),
            false,
        ),
        ("{\"name\": \"get_weather\", \"description\": \"I look\", \"arguments\": {}}", json!({}), false),
        ("{\"name\": \"get_weather\", \"description\": \"I look\", \"city\": \"Paris\"}", paris(), true),
        ("{\"name\": \"get_weather\", \"parameters\": {}}", json!({}), false),
        (
            "{\"name\": \"get_weather\", \"arguments\": {\"type\": \"object\", \"properties\": {\"a\": {}}}}",
            json!({"type": "object", "properties": {"a": {}}}),
            false,
        ),
        (
            "{\"name\": \"get_weather\", \"parameters\": {\"type\": \"object\", \"properties\": {\"city\": \"Paris\"}}}",
            json!({"type": "object", "properties": {"city": "Paris"}}),
            false,
        ),
    ] {
        assert_split(&format!("<tools>{call}</tools>"), "", &[("get_weather", arguments, repaired)]);
    }
    let tool = json!({"name": "validate", "parameters": {"properties": {"type": {}, "properties": {}}}});
    let mut splitter = ToolTextSplitter::new(&[serde_json::from_value(tool).unwrap()], false);
    let mut calls = 0;
    let call = "<tool_call>{\"name\": \"validate\", \"arguments\": {\"type\": \"object\", \"properties\": {}}}</tool_call>";
    splitter.push(call, &mut |piece| calls += usize::from(matches!(piece, ToolPiece::Call(_))));
    assert_eq!(calls, 1);
}

#[test]
fn a_function_within_a_function_is_no_call() {
    let call = "{\"name\": \"get_weather\", \"arguments\": {}}";
    for depth in [2, 3] {
        let nested = "{\"function\": ".repeat(depth) + call + &"}".repeat(depth);
        assert_text(&format!("<tool_call>{nested}</tool_call>"));
        assert_text(&nested);
    }
    // The name comes first, so that only the end shows it.
    let depth = 100_000;
    let nested = "{\"function\": ".repeat(depth) + call + &"}".repeat(depth);
    let text = format!("<tool_call>{{\"name\": \"get_weather\", \"function\": {nested}}}</tool_call>");
    assert_eq!(split(&[&text], false, false), (text, Vec::new()));
}

#[test]
fn what_only_resembles_markup_is_text() {
    for text in [
        "Use the <tool_call> tag.",
        "<tool_call>",
        "<tool_call>\n",
        "<tool_call>\n\nis a tag</tool_call>",
        "<tool_call>{}</tool_call>",
        "<tool_call>[]</tool_call>",
        "<tool_call>{\"name\": 1}</tool_call>",
        "<function=",
        "<function=f(x)>",
        "<function=get_weather\n>",
        "a <b> [c] `d` ```e``` <f",
        "[TOOL_CALLS]",
        "[TOOL_CALLS] are special",
        "[TOOL_CALLS]get_weather is a tool",
        "<|python_tag|>import os\nos.getcwd()",
        "<|channel|>final<|message|>get_weather",
        "<|channel|>commentary to=functions.get_weather<|message|>hello",
        "{\"name\": \"get_weather\", \"age\": 3}",
        "{\"name\": \"get_weather\"}",
        "{\"name\": \"get_weather\", \"parameters\": [1]}",
        "{\"city\": \"Paris\"}",
        "{\"name\": \"Ada\", \"arguments\": {}}",
        "{\"arguments\": {\"a\": 1}, \"city\": \"Paris\"}",
        "{",
        "[",
        "[1, 2, 3]",
        "[get_weather] is a tool",
        "[get_weather(city=x)]",
        "```json\n{\"city\": \"Paris\"}\n```",
        "```json\n```json\n{\"name\": \"get_weather\", \"arguments\": {}}\n```",
        "```tool_code\nimport os\nget_weather('Paris')\n```",
        "```tool_code\nget_weather(city='Paris')\nx = 1\n```",
        "```tool_code\nfor x in y: pass\n```",
        "```python\nget_weather('Paris')\n```",
        "get_weather(city=\"Paris\")",
        "<arg_key>a</arg_key>",
        "\n\n  leading and trailing \n\n",
        "◁tool_call▷ ｜tool▁call▁begin｜ é🙂 <｜tool▁call▁begin｜>",
    ] {
        assert_eq!(split_everywhere(text, false, false), (text.to_owned(), Vec::new()), "{text}");
        assert_eq!(split_everywhere(text, true, false), (text.to_owned(), Vec::new()), "{text}");
    }
}

#[test]
fn values_become_what_the_schema_says() {
    let expected = json!({"city": "75000", "days": 3, "metric": true, "tags": ["a", "b"], "other": 1.5});
    for (block, repaired) in [
        (
            "<function=get_weather><parameter=city>75000</parameter><parameter=days>3</parameter><parameter=metric>True</parameter><parameter=tags>[\"a\", \"b\"]</parameter><parameter=other>1.5</parameter></function>",
            false,
        ),
        (
            "<tool_call>get_weather<arg_key>city</arg_key><arg_value>75000</arg_value><arg_key>days</arg_key><arg_value>3</arg_value><arg_key>metric</arg_key><arg_value>true</arg_value><arg_key>tags</arg_key><arg_value>[\"a\", \"b\"]</arg_value><arg_key>other</arg_key><arg_value>1.5</arg_value></tool_call>",
            false,
        ),
        (
            "```tool_code\nget_weather(city='75000', days=3, metric=True, tags=['a', 'b'], other=1.5)\n```",
            false,
        ),
        (
            "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": 75000, \"days\": \"3\", \"metric\": \"true\", \"tags\": \"['a', 'b']\", \"other\": 1.5}}</tool_call>",
            true,
        ),
    ] {
        assert_split(block, "", &[("get_weather", expected.clone(), repaired)]);
    }
}

#[test]
fn values_may_hold_markup_and_lines() {
    let code = "if a < b {\n\tx = \"</function>\"; // <parameter=a> [TOOL_CALLS] ```\n}\n\n🙂";
    let block = format!("<function=get_weather>\n<parameter=city>\n{code}\n</parameter>\n</function>");
    assert_split(&block, "", &[("get_weather", json!({"city": code}), false)]);
    let string = "say \"<tool_call>{}</tool_call>\" }]\n```";
    let call = json!({"name": "get_weather", "arguments": {"city": string}});
    assert_split(
        &format!("<tool_call>{call}</tool_call>"),
        "",
        &[("get_weather", json!({"city": string}), false)],
    );
    assert_split(&call.to_string(), "", &[("get_weather", json!({"city": string}), false)]);
}

#[test]
fn a_value_ends_with_the_closing_tag_that_is_its_own() {
    // Each of the values is closed right after it.
    let families: [(&str, &str, &str, &str); 5] = [
        (
            "<tool_call>\n<function=get_weather>\n",
            "<parameter=city>",
            "</parameter>",
            "\n</function>\n</tool_call>",
        ),
        ("<function=get_weather>", "<parameter=city>", "</parameter>", "</function>"),
        ("<invoke name=\"get_weather\">\n", "<parameter name=\"city\">", "</parameter>", "\n</invoke>"),
        (
            "<｜DSML｜invoke name=\"get_weather\">\n",
            "<｜DSML｜parameter name=\"city\" string=\"true\">",
            "</｜DSML｜parameter>",
            "\n</｜DSML｜invoke>",
        ),
        (
            "<tool_call>get_weather\n",
            "<arg_key>city</arg_key>\n<arg_value>",
            "</arg_value>",
            "\n</tool_call>",
        ),
    ];
    for (begin, opens, closes, end) in families {
        for value in [
            "<config>\n<function>\nname\n</function>\n</config>",
            "The tag </parameter> ends a value, </arg_value> too, and </｜DSML｜parameter>.\nMore",
            "a\n</function>\n</tool_call>\nb",
            "a\n</invoke>\n</｜DSML｜invoke>\nb",
            "a\n<parameter=foo>\nb\n<parameter name=\"foo\">\n<｜DSML｜parameter name=\"foo\">c",
            "use <arg_key>x</arg_key> here",
            "a\n<tool_call>\n<function=get_time>\n<invoke name=\"get_time\">\nb",
            // A whole call of any kind, as in a description of it.
            "<tool_call>\n<function=get_time>\n<parameter=tz>\nCET\n</parameter>\n</function>\n</tool_call>\nb",
            "<invoke name=\"get_time\"><parameter name=\"tz\">CET</parameter></invoke> b",
            "<｜DSML｜invoke name=\"a\"><｜DSML｜parameter name=\"b\">c</｜DSML｜parameter></｜DSML｜invoke>b",
            "<tool_call>get_time<arg_key>tz</arg_key><arg_value>CET</arg_value></tool_call>b",
            "</parameter></parameter> </arg_value> </｜DSML｜parameter>b",
        ] {
            let call = format!("{begin}{opens}{value}{closes}{end}");
            let expected = ("get_weather", json!({"city": value}), false);
            assert_split(&call, "", std::slice::from_ref(&expected));
            let days = opens.replace("city", "days");
            let two = format!("{begin}{days}3{closes}\n{opens}{value}{closes}\n{end}");
            let both = ("get_weather", json!({"city": value, "days": 3}), false);
            assert_split(&format!("{two}\nSo.\n{call}\nOr so."), "So.\nOr so.", &[both, expected]);
        }
    }
}

#[test]
fn where_no_closing_tag_follows_the_next_tag_ends_a_value() {
    let paris = [("get_weather", paris(), true)];
    for call in [
        "<function=get_weather><parameter=city>Paris</function>",
        "<function=get_weather>\n<parameter=city>\nParis\n</function>",
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</tool_call>",
        "<function=get_weather>\n<parameter=city>\nParis\n</parameter>",
        "<invoke name=\"get_weather\">\n<parameter name=\"city\">Paris</invoke>",
        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</tool_call>",
    ] {
        assert_split(call, "", &paris);
        assert_split(&format!("{call}\nSo."), "So.", &paris);
        assert_split(&format!("{call}\n{call}"), "", &[paris[0].clone(), paris[0].clone()]);
    }
    // Those that follow are of the next call.
    for (call, whole) in [
        (
            "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</function>\n</tool_call>",
            ANYWHERE[26],
        ),
        ("<function=get_weather><parameter=city>Paris</function>", ANYWHERE[27]),
        ("<invoke name=\"get_weather\">\n<parameter name=\"city\">Paris</invoke>", ANYWHERE[29]),
        ("<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</tool_call>", ANYWHERE[31]),
    ] {
        let whole = whole.trim_start_matches("<minimax:tool_call>\n");
        let text = format!("{call}\n{whole}\nSo.\n{whole}");
        let (given, calls) = split_everywhere(&text, false, false);
        assert_eq!((given.as_str(), calls.len()), ("So.", 3), "{text}");
        assert!(calls.iter().all(|call| call.1 == self::paris()), "{calls:?}");
    }
    assert_split(
        "<function=get_weather><parameter=city>\nParis\n<parameter=days>\n3\n</function>\nSo.",
        "So.",
        &[("get_weather", json!({"city": "Paris", "days": 3}), true)],
    );
    // What the limit cut off may have been closed by what was to come.
    for text in [
        "<function=get_weather><parameter=city>a </function> b",
        "<function=get_weather><parameter=city>a </parameter> b",
    ] {
        assert_eq!(
            split_everywhere(text, false, true),
            (String::new(), vec![("get_weather".to_owned(), json!(CUT), false)])
        );
    }
}

#[test]
fn an_argument_that_is_required_was_written_into_the_value_before_it() {
    let tool = json!({"name": "write", "parameters": {
        "properties": {"path": {"type": "string"}, "content": {"type": "string"}, "mode": {"type": "string"}},
        "required": ["path", "content"],
    }});
    let offered: Vec<Tool> = vec![serde_json::from_value(tool).unwrap()];
    for (elements, expected, repaired) in [
        (
            "<parameter=path>\na\n<parameter=content>\nb\n</parameter>\n",
            json!({"path": "a", "content": "b"}),
            true,
        ),
        (
            "<parameter=path>a</parameter>, <parameter=content>b</parameter>",
            json!({"path": "a", "content": "b"}),
            true,
        ),
        (
            "<parameter=path>\na\n</parameter>\nNow its content:\n<parameter=content>\nb\n</parameter>\n",
            json!({"path": "a", "content": "b"}),
            true,
        ),
        (
            "<parameter=path>\na\n</parameter>\n<parameter=content>\nb\n<parameter=path>\nc\n</parameter>\n",
            json!({"path": "a", "content": "b\n<parameter=path>\nc"}),
            false,
        ),
        (
            "<parameter=path>\na\n</parameter>\n<parameter=content>\nb\n<parameter=mode>\nc\n</parameter>\n",
            json!({"path": "a", "content": "b\n<parameter=mode>\nc"}),
            false,
        ),
    ] {
        let mut calls = Vec::new();
        let mut splitter = ToolTextSplitter::new(&offered, false);
        let mut take = |piece: ToolPiece<'_>| {
            if let ToolPiece::Call(call) = piece {
                calls.push(call.arguments);
            }
        };
        splitter.push(&format!("<function=write>\n{elements}</function>"), &mut take);
        splitter.finish(None, &mut take);
        let Value::Object(arguments) = expected else { unreachable!("arguments are an object") };
        assert_eq!(calls, [Arguments::Read { arguments, repaired }], "{elements}");
    }
}

#[test]
fn a_function_tag_that_nothing_of_a_call_follows_is_text() {
    for text in [
        "Qwen writes <function=get_weather> before the parameters.\n\nThat is all.",
        "<function=get_weather> é",
        "<function=get_weather>",
        "<function=get_weather/>\nI have called it. Wait please.",
        "<tool_call>\n<function=get_weather> opens it",
        "<function=get_weather>\n\n<b>bold</b>",
        "<function=get_weather><function=get_time> and so on",
        "In Claude's style, <invoke name=\"get_weather\"> opens it. The rest matters.",
        "<｜DSML｜invoke name=\"get_weather\"> opens it",
        "<function=get_weather>[1]",
    ] {
        if !text.ends_with("r>") {
            assert_split(text, text, &[]);
            assert_eq!(split_everywhere(text, false, true), (text.to_owned(), Vec::new()), "cut off");
        }
        let call = ANYWHERE[0];
        assert_split(&format!("{text}.\n{call}"), &format!("{text}."), &[("get_weather", paris(), false)]);
    }
    for (call, repaired) in [
        ("<function=list_files>", true),
        ("<function=list_files/>\n", true),
        ("<tool_call>\n<function=list_files>\n</tool_call>", true),
        ("<function=list_files>\n</function>", false),
        ("<function=list_files>{}</function>", false),
        ("<invoke name=\"list_files\">\n</invoke>", false),
        ("<function=list_files><|im_end|>", true),
    ] {
        assert_split(call, "", &[("list_files", json!({}), repaired)]);
    }
}

#[test]
fn json_in_a_function_tag_may_hold_tags() {
    let city = "a </function> b </tool_call> <parameter=c>";
    let json = json!({"city": city});
    assert_split(
        &format!("<function=get_weather>{json}</function>"),
        "",
        &[("get_weather", json.clone(), false)],
    );
    assert_split(&format!("<function=get_weather>\n{json}\nSo."), "So.", &[("get_weather", json, true)]);
}

#[test]
fn text_after_a_call_that_nothing_closes_is_text() {
    for call in [
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}",
        "<tool_call>[{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}",
        "[TOOL_CALLS][{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}",
        "<|python_tag|>{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}",
        "<function=get_weather>{\"city\": \"Paris\"}",
        "<function=get_weather><parameter=city>Paris</parameter>",
        "<invoke name=\"get_weather\">\n<parameter name=\"city\">Paris</parameter>\n",
        "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value>",
        "<|tool_call_start|>[get_weather(city=\"Paris\")",
    ] {
        for text in ["Now I wait (a bit). It's {for} \"you\".", "*So*", "1. So", "é", "<b>So</b>"] {
            let once = format!("{call}\n\n{text}");
            let (given, calls) = split_everywhere(&once, false, false);
            assert_eq!((given.as_str(), calls.len(), &calls[0].1), (text, 1, &paris()), "{once}");
            let (given, calls) = split_everywhere(&format!("{once}\n{once}"), false, false);
            assert_eq!((given, calls.len()), (format!("{text}\n{text}"), 2), "{once}, twice");
            assert!(calls.iter().all(|call| call.1 == paris()));
        }
    }
    // A quote is missing, too.
    let broken = "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris}}";
    let (text, calls) = split_everywhere(&format!("{broken}\n\nNow I wait."), false, false);
    assert_eq!((text.as_str(), calls.len()), ("Now I wait.", 1));
    // What the limit cut off within a string is no call.
    let (_, calls) = split_everywhere(
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a </tool_call> b",
        false,
        true,
    );
    assert_eq!(calls, [("get_weather".to_owned(), json!(CUT), false)]);
}

#[test]
fn a_call_may_have_no_arguments() {
    for block in [
        "<tool_call>{\"name\": \"list_files\"}</tool_call>",
        "<tool_call>{\"name\": \"list_files\", \"arguments\": {}}</tool_call>",
        "<tool_call>{\"name\": \"list_files\", \"arguments\": null}</tool_call>",
        "<tool_call>{\"name\": \"list_files\", \"arguments\": \"\"}</tool_call>",
        "<tool_call>list_files</tool_call>",
        "<tool_call><function=list_files></function></tool_call>",
        "<|tool_call_begin|>functions.list_files:12<|tool_call_argument_begin|><|tool_call_end|>",
        "<|channel|>commentary to=functions.list_files<|message|>{}<|call|>",
        "[TOOL_CALLS]list_files{}",
        "```tool_code\nlist_files()\n```",
    ] {
        assert_split(block, "", &[("list_files", json!({}), false)]);
    }
}

#[test]
fn what_is_missing_or_wrong_is_repaired_and_marked_so() {
    for block in [
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}</tool_ca",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}</function_call>",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}}</tool_call>",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}</tool_call>",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"\n</tool_call>",
        "<tool_call>{'name': 'get_weather', 'arguments': {'city': 'Paris'}}</tool_call>",
        "<tool_call>{name: \"get_weather\", arguments: {city: \"Paris\",}}</tool_call>",
        "<tool_call>{\"name\": \"get_weather\", \"city\": \"Paris\"}</tool_call>",
        "<function=get_weather><parameter=city>Paris</parameter>",
        "<tool_call><function=get_weather><parameter=city>Paris</parameter></tool_call>",
        "<function=get_weather>\n<parameter=city>\nParis\n</function>",
        "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value>",
        "<|channel|>commentary to=functions.get_weather<|message|>{\"city\": \"Paris\"",
        "[TOOL_CALLS]get_weather{'city': 'Paris'}",
        "```tool_code\nget_weather(city='Paris')",
        "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}",
        "```json\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Paris\"}}",
    ] {
        let expected = (String::new(), vec![("get_weather".to_owned(), paris(), true)]);
        assert_eq!(split_everywhere(block, false, false), expected, "{block}");
    }
    let words = "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"a\nb\", \"metric\": True, \"x\": None}}</tool_call>";
    let expected = json!({"city": "a\nb", "metric": true, "x": null});
    assert_split(words, "", &[("get_weather", expected, true)]);
}

#[test]
fn a_call_that_cannot_be_read_is_invalid_and_does_not_show() {
    for block in [
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": \"Paris\"}</tool_call>",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": [\"Paris\"]}</tool_call>",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\"}}</tool_call>",
        "<|python_tag|>get_weather.call(city=Paris)",
        "<function=get_weather>\n<parameter=city",
        "<tool_call>get_weather<arg_key>city</arg_key>Paris</arg_value></tool_call>",
    ] {
        let (text, calls) = split_everywhere(block, false, false);
        assert_eq!((text.as_str(), calls.len()), ("", 1), "{block}");
        assert!(calls[0].1.as_str().unwrap().starts_with("the arguments "), "{block}: {calls:?}");
    }
}

#[test]
fn a_string_without_an_end_does_not_swallow_the_answer() {
    let broken = "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris}}</tool_call>";
    let (text, calls) = split_everywhere(&format!("{broken}\nSo it is."), false, false);
    assert_eq!((text.as_str(), calls.len()), ("So it is.", 1));
    let whole = ANYWHERE[0];
    let (text, calls) = split_everywhere(&format!("{broken}\n{whole}\n{broken}"), false, false);
    assert_eq!((text.as_str(), calls.len()), ("", 3));
    assert_eq!(calls[1], ("get_weather".to_owned(), paris(), false));
}

#[test]
fn a_call_that_the_limit_cuts_off_is_invalid_and_does_not_show() {
    for call in all() {
        for (cut, _) in call.char_indices() {
            let (text, calls) = split(&["Well. ", &call[..cut]], false, true);
            if ANYWHERE.contains(&call) && cut > 24 {
                assert!(!text.contains("get_") && !text.contains("Paris"), "{text}, cut from {call}");
            }
            for (name, arguments, _) in calls {
                let is_cut = arguments.as_str().is_some_and(|why| why.contains("cut off"));
                // What is whole but for its markup may be made.
                assert!(
                    name == "get_weather" && (is_cut || arguments == paris()),
                    "{} gives {arguments}",
                    &call[..cut]
                );
            }
        }
    }
    for block in [
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Pa",
        "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"",
        "<tool_call>{\"name\": \"get_weather\", ",
        "<function=get_weather><parameter=city>Pa",
        "<function=get_weather><parameter=city>Paris</parameter>",
        "<tool_call>get_weather<arg_key>city</arg_key><arg_value>Pa",
        "[TOOL_CALLS]get_weather{\"city\": \"Pa",
        "<|python_tag|>get_weather.call(city=\"Pa",
        "<|channel|>commentary to=functions.get_weather<|message|>{\"ci",
        "```tool_code\nget_weather(city='Pa",
        "{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Pa",
    ] {
        let (text, calls) = split_everywhere(block, false, true);
        assert_eq!((text.as_str(), calls.len()), ("", 1), "{block}");
        assert_eq!(calls[0].1, json!(CUT), "{block}");
    }
}

#[test]
fn text_is_not_held_back_longer_than_it_is_in_doubt() {
    for (text, held) in [
        ("Hello", ""),
        ("a < b", ""),
        ("{\"city\"", ""),
        ("{\"name\": \"Ada\"", ""),
        ("[1", ""),
        ("[{\"city\":", ""),
        ("```python", ""),
        ("```json\n{\"a\":", ""),
        ("<tool_call>x", ""),
        ("<tool_call>{\"name\": \"other\"", ""),
        ("<function=other>", ""),
        ("Well <tool", "<tool"),
        ("{\"name\": \"Ad", ""),
        ("[hello", ""),
        ("{\"name\": \"get_wea", "{\"name\": \"get_wea"),
    ] {
        let mut given = String::new();
        let mut splitter = ToolTextSplitter::new(&offered(), false);
        splitter.push(text, &mut |piece| {
            if let ToolPiece::Text(piece) = piece {
                given.push_str(piece);
            }
        });
        assert_eq!(given, text.strip_suffix(held).unwrap().trim_end(), "{text}");
    }
    let (mut given, mut splitter) = (0, ToolTextSplitter::new(&offered(), false));
    for _ in 0..3 {
        splitter.push(&" ".repeat(1000), &mut |piece| {
            given += if let ToolPiece::Text(text) = piece { text.len() } else { 0 };
        });
    }
    assert!(given >= 1024, "endless white space is seen");
}

#[test]
fn a_call_is_given_as_soon_as_it_is_closed() {
    let mut calls = 0;
    let mut splitter = ToolTextSplitter::new(&offered(), false);
    splitter.push(ANYWHERE[0], &mut |piece| calls += usize::from(matches!(piece, ToolPiece::Call(_))));
    assert_eq!(calls, 1);
}

/// As Qwen's and Hermes' models leave servers that do not read their calls.
#[test]
fn a_call_is_read_from_the_pieces_of_a_stream() {
    let pieces = [
        "",
        "<tool_",
        "call>\n{\"name\": \"get_weather\", \"argum",
        "ents\": {\"city\": \"Paris\"}}\n</tool_call>",
    ];
    let expected = (String::new(), vec![("get_weather".to_owned(), paris(), false)]);
    assert_eq!(split(&pieces, false, false), expected);
}

#[test]
fn what_is_abandoned_is_text() {
    for text in [
        "<tool_call>{\"name\": \"get_weather\", \"argu",
        "a <tool",
        "{\"name\": \"get_weather\", \"arguments\": {}}",
        "a \n",
    ] {
        let (mut given, mut splitter) = (String::new(), ToolTextSplitter::new(&offered(), false));
        let mut take = |piece: ToolPiece<'_>| match piece {
            ToolPiece::Text(text) => given.push_str(text),
            ToolPiece::Call(_) => given.push_str("(call)"),
        };
        splitter.push(text, &mut take);
        splitter.abandon(&mut take);
        splitter.push(ANYWHERE[0], &mut take);
        assert_eq!(given, format!("{text}(call)"));
    }
}

#[test]
fn the_raw_arguments_are_json() {
    for (block, raw) in [
        (
            "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\":  \"Paris\"}}</tool_call>",
            "{\"city\":  \"Paris\"}",
        ),
        ("<function=get_weather><parameter=city>Paris</parameter></function>", "{\"city\":\"Paris\"}"),
        ("<tool_call>{\"name\": \"list_files\"}</tool_call>", "{}"),
    ] {
        let mut found = String::new();
        let mut splitter = ToolTextSplitter::new(&offered(), false);
        splitter.push(block, &mut |piece| {
            if let ToolPiece::Call(call) = piece {
                found = call.raw_arguments;
            }
        });
        assert_eq!(found, raw);
    }
}

#[test]
fn without_tools_everything_passes_through() {
    let mut given = String::new();
    let mut splitter = ToolTextSplitter::new(&[], false);
    for call in all() {
        splitter.push(call, &mut |piece| match piece {
            ToolPiece::Text(text) => given.push_str(text),
            ToolPiece::Call(_) => unreachable!("no tool was offered"),
        });
    }
    assert_eq!(given, all().collect::<String>());
}

#[test]
fn the_time_an_answer_takes_grows_with_its_length_only() {
    let call = ANYWHERE[0];
    let long = "x".repeat(1 << 20);
    let parameters = "<function=get_weather>".to_owned() + &"\n<parameter=city>x".repeat(20_000);
    let objects = format!("[{}", "{\"name\": \"get_weather\", \"arguments\": {}},".repeat(10_000));
    for (unit, times) in [
        (call, 4000),
        ("<tool_call>", 40_000),
        ("<tool_call> ", 40_000),
        ("[TOOL_CALLS][", 40_000),
        ("```tool_code\n", 40_000),
        ("{\"name\": \"get_weather\", \"arguments\": {}}\n", 10_000),
        ("<tool_call>{\"arguments\": {\"a\": \"", 20_000),
        ("<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris}}</tool_call>", 5000),
        ("<function=get_weather>\n<parameter=", 10_000),
        ("</parameter>\n<parameter=city>", 20_000),
        ("<function=get_weather><parameter=city>", 10_000),
        ("<function=get_weather><parameter=city>x</function> ", 10_000),
        ("<function=get_weather><parameter=city>x</parameter> y\n", 10_000),
        ("<function=get_weather><parameter=city>x <parameter=y></parameter></function>\n", 10_000),
        ("<tool_call>get_weather<arg_key>city</arg_key><arg_value>x", 10_000),
        ("<function=get_weather>", 40_000),
        ("<function=get_weather> \n", 40_000),
        ("<|python_tag|>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"x\"} y\n", 10_000),
        ("<|python_tag|>{\"name\": \"get_weather\", \"arguments\": {\"city\": \"x}}\n", 10_000),
        ("<function=get_weather>{\"city\": {} y ", 10_000),
        (parameters.as_str(), 1),
        (objects.as_str(), 1),
        ("\"'`<[{", 100_000),
        ("\n", 400_000),
        (long.as_str(), 1),
    ] {
        let whole = unit.repeat(times);
        let started = std::time::Instant::now();
        split(&[&whole], false, false);
        let pieces: Vec<&str> = whole.split_inclusive(|_| true).collect();
        split(&pieces, false, false);
        assert!(started.elapsed().as_secs() < 5, "{unit:.60} took {:?}", started.elapsed());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let pieces: Vec<&'static str> = [
        "a",
        " ",
        "\n",
        "<",
        "[",
        "`",
        "```",
        "{",
        "}",
        "]",
        "\"",
        "'",
        "(",
        ")",
        ",",
        ":",
        "é🙂",
        "｜",
        "name",
        "\"name\": \"get_weather\"",
        "\"arguments\": {",
        "get_weather",
        "get_time",
        "{\"city\": \"Paris\"}",
        "<tool_call>",
        "</tool_call>",
        "<function=get_weather>",
        "<parameter=city>",
        "</parameter>",
        "</function>",
        "[TOOL_CALLS]",
        "[ARGS]",
        "<|python_tag|>",
        ".call(",
        "<|channel|>",
        " to=functions.get_weather",
        "<|message|>",
        "<|call|>",
        "```tool_code\n",
        "```json\n",
        "<arg_key>",
        "</arg_key>",
        "<arg_value>",
        "<parameter=days>",
        "<parameter name=\"city\">",
        "<invoke name=\"get_weather\">",
        "</invoke>",
        "\n```",
        "- ```\n",
        "<tools>",
        "\"description\": \"\",",
        "\"parameters\": {\"type\": \"object\", \"properties\": {}}}",
        "<｜tool▁call▁begin｜>",
        "<｜tool▁sep｜>",
        "\\",
        "[TOOL_REQUEST]",
        "[END_TOOL_REQUEST]",
        "<|tool_call_begin|>",
        "<|tool_call_argument_begin|>",
    ]
    .into_iter()
    .chain(all())
    .collect();
    let space = prop::sample::select(vec![" ".repeat(1030), "a".repeat(1100)]);
    let piece = prop::sample::select(pieces).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![20 => piece, 1 => space], 0..14).prop_map(|parts| parts.concat())
}

/// Cuts at some characters.
fn cut<'a>(whole: &'a str, cuts: &[prop::sample::Index]) -> Vec<&'a str> {
    let places: Vec<usize> = whole.char_indices().map(|(at, _)| at).collect();
    let mut chosen: Vec<usize> =
        cuts.iter().filter(|_| !places.is_empty()).map(|cut| places[cut.index(places.len())]).collect();
    chosen.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for at in chosen {
        pieces.push(&whole[from..at]);
        from = at;
    }
    pieces.push(&whole[from..]);
    pieces
}

proptest! {
    #[test]
    fn no_cut_changes_the_outcome(
        whole in any_text(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        keep_markup in any::<bool>(),
        cut_off in any::<bool>(),
    ) {
        let expected = split(&[&whole], keep_markup, cut_off);
        prop_assert_eq!(&split(&cut(&whole, &cuts), keep_markup, cut_off), &expected);
        let characters: Vec<&str> = whole.split_inclusive(|_| true).collect();
        prop_assert_eq!(&split(&characters, keep_markup, cut_off), &expected);
        if keep_markup {
            prop_assert_eq!(expected.0, whole);
        }
    }

    #[test]
    fn text_without_calls_passes_through(text in any::<String>(), call in prop::sample::select(all().collect::<Vec<_>>())) {
        let other = format!("{text}{}{text}", call.replace("get_weather", "get_whether"));
        prop_assert_eq!(split(&[&other], false, false), (other, Vec::new()));
    }

    #[test]
    fn any_cut_of_a_call_is_read_or_shown(call in prop::sample::select(all().collect::<Vec<_>>()), end in any::<prop::sample::Index>()) {
        let whole = cut(call, &[end])[0];
        let (text, calls) = split(&[whole], false, false);
        prop_assert!(calls.len() == 1 || text == whole, "{text:?} of {whole:?}");
    }
}
