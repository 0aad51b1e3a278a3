use napi::bindgen_prelude::{Either, Latin1String, Utf16String};

/// Text on its way to JavaScript, in the form that V8 takes fastest: it would decode UTF-8 on the JavaScript thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packed {
    Ascii(String),
    Utf16(Vec<u16>),
}

impl Default for Packed {
    fn default() -> Self {
        Self::Ascii(String::new())
    }
}

impl Packed {
    /// In UTF-16 units.
    pub fn len(&self) -> usize {
        match self {
            Self::Ascii(text) => text.len(),
            Self::Utf16(units) => units.len(),
        }
    }

    /// Appends `text` and returns its length in UTF-16 units, as JavaScript counts.
    pub fn push(&mut self, text: &str) -> usize {
        if let Self::Ascii(ascii) = self {
            if text.is_ascii() {
                ascii.push_str(text);
                return text.len();
            }
            *self = Self::Utf16(ascii.bytes().map(u16::from).collect());
        }
        let Self::Utf16(units) = self else { return 0 };
        let before = units.len();
        units.extend(text.encode_utf16());
        units.len() - before
    }

    /// Appends all of `other`, which is empty afterwards.
    pub fn append(&mut self, other: &mut Self) {
        match (&mut *self, &mut *other) {
            (Self::Ascii(text), Self::Ascii(more)) => text.push_str(more),
            (Self::Utf16(units), Self::Utf16(more)) => units.extend_from_slice(more),
            (Self::Utf16(units), Self::Ascii(more)) => units.extend(more.bytes().map(u16::from)),
            (Self::Ascii(text), Self::Utf16(more)) => {
                let mut units: Vec<u16> = text.bytes().map(u16::from).collect();
                units.extend_from_slice(more);
                *self = Self::Utf16(units);
            }
        }
        other.clear();
    }

    /// Keeps the room of plain text; what was wide may be plain again next time.
    fn clear(&mut self) {
        match self {
            Self::Ascii(text) => text.clear(),
            Self::Utf16(_) => *self = Self::default(),
        }
    }

    pub fn into_js(self) -> Either<Latin1String, Utf16String> {
        match self {
            Self::Ascii(text) => Either::A(text.into()),
            Self::Utf16(units) => Either::B(units.into()),
        }
    }
}
