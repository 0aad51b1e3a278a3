use std::fmt;

use serde::{
    Deserializer,
    de::{SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Hands on the elements of a list one by one, as they are written: of a long one, nothing is held. What is no list is
/// its only element.
pub fn each(list: &RawValue, out: &mut dyn FnMut(&RawValue)) {
    match list.get().as_bytes().first() {
        // It was looked through with the frame: the list itself is right.
        Some(b'[') => _ = serde_json::Deserializer::from_str(list.get()).deserialize_seq(Elements(out)),
        _ => out(list),
    }
}

struct Elements<'a>(&'a mut dyn FnMut(&RawValue));

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            self.0(element);
        }
        Ok(())
    }
}
