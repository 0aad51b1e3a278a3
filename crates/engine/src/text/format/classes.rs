//! Patterns as servers can turn them into grammars: llama.cpp knows no classes by letter, and drops a pattern that has one
//! without a word.
//! <https://github.com/ggml-org/llama.cpp/blob/master/common/json-schema-to-grammar.cpp>

use serde_json::Value;

use super::shared::each_below;

/// The letters of classes, and what they hold.
const CLASSES: [(char, &str); 3] = [('d', "0-9"), ('w', "A-Za-z0-9_"), ('s', " \\t\\n\\r")];

/// Writes out the classes in all patterns of `schema`.
pub fn write_out_classes(schema: &mut Value) {
    if let Some(Value::String(pattern)) = schema.get_mut("pattern") {
        *pattern = written_out(pattern);
    }
    each_below(schema, &mut write_out_classes);
}

pub fn written_out(pattern: &str) -> String {
    let mut written = String::with_capacity(pattern.len());
    let mut in_brackets = false;
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            '\\' => {
                let Some(escaped) = rest.next() else { break };
                written.push_str(&class(escaped, in_brackets).unwrap_or_else(|| format!("\\{escaped}")));
                continue;
            }
            _ => {}
        }
        written.push(character);
    }
    written
}

/// What stands for `\letter`. The opposite of a class has no place within brackets.
fn class(letter: char, in_brackets: bool) -> Option<String> {
    let (known, held) = CLASSES.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(&letter))?;
    match (known == letter, in_brackets) {
        (true, true) => Some(held.to_owned()),
        (true, false) => Some(format!("[{held}]")),
        (false, true) => None,
        (false, false) => Some(format!("[^{held}]")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn classes_are_written_out_wherever_a_schema_has_patterns() {
        let mut schema = json!({
            "properties": {
                "id": { "pattern": r"^\d{3}-[\w.]+\s\D$" },
                "pattern": { "anyOf": [{ "pattern": r"^[\D]\\d\.$" }] },
            },
        });
        write_out_classes(&mut schema);
        assert_eq!(
            schema,
            json!({
                "properties": {
                    "id": { "pattern": r"^[0-9]{3}-[A-Za-z0-9_.]+[ \t\n\r][^0-9]$" },
                    "pattern": { "anyOf": [{ "pattern": r"^[\D]\\d\.$" }] },
                },
            })
        );
    }
}
