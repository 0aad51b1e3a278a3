//! Text and JSON as `lib/` hands them over.

/// JSON that V8 handed over in its own units: as UTF-8, it would encode it on the JavaScript thread.
///
/// Halves of surrogate pairs become U+FFFD: no server takes them, and prompts that were cut by length have them.
pub fn json_of(units: &[u16]) -> String {
    without_halves(text_of(units))
}

/// Text of V8's; halves of surrogate pairs become U+FFFD.
pub fn text_of(units: &[u16]) -> String {
    let is_ascii = units.iter().fold(0, |all, unit| all | unit) < 0x80;
    if is_ascii {
        // Each unit is one byte of UTF-8 then, so that this never fails.
        String::from_utf8(units.iter().map(|unit| unit.to_le_bytes()[0]).collect()).unwrap_or_default()
    } else {
        String::from_utf16_lossy(units)
    }
}

/// `JSON.stringify` writes whole pairs as they are, so what is escaped is a half.
pub fn without_halves(json: String) -> String {
    const HALF: &str = "\\ud";
    if !json.contains(HALF) {
        return json;
    }
    let mut whole = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let length = if escape.starts_with(HALF) { 6 } else { 2 };
        let (escape, after) = escape.split_at(length.min(escape.len()));
        whole.push_str(if length == 6 { "\\ufffd" } else { escape });
        rest = after;
    }
    whole.push_str(rest);
    whole
}
