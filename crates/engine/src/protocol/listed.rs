//! What the model lists of all dialects have in common.

use serde_json::{Map, Value};

use super::{title_of_html, unreadable::truncated};
use crate::error::{Code, Error};

/// What came in place of a list is shown where it is a web page.
pub fn no_list(body: &[u8]) -> Error {
    let page = title_of_html(body).map(|title| format!(": a web page: {title}")).unwrap_or_default();
    let mut error = Error::new(Code::Protocol, format!("The server's answer is no model list{page}"))
        .hint("Check the address: something else than an LLM server's model list answers there.");
    error.wrong_path = true;
    error.body = Some(truncated(body));
    error
}

pub fn number(fields: &Map<String, Value>, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| fields.get(*name)?.as_u64())
}

pub fn text(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names
        .iter()
        .find_map(|name| fields.get(*name)?.as_str())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// As people write it: `4.7 GB`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn readable_size(bytes: u64) -> String {
    let (mut size, mut unit) = (bytes as f64, "B");
    for larger in ["KB", "MB", "GB", "TB"] {
        if size < 1000.0 {
            break;
        }
        size /= 1000.0;
        unit = larger;
    }
    if unit == "B" { format!("{size:.0} B") } else { format!("{size:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_people_do() {
        assert_eq!(readable_size(999), "999 B");
        assert_eq!(readable_size(4_700_000_000), "4.7 GB");
    }
}
