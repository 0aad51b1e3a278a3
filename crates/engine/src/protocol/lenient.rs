//! Field types that never refuse a value: a field of an unexpected shape is absent, and the rest of the frame is
//! still read.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// A text: a string, a list of parts (`{"type": "text", "text": …}` or strings), or one such part.
/// (`Option<Cow<str>>` would copy every string: serde borrows only for a bare `Cow`.)
#[derive(Debug, Default)]
pub struct Text<'a>(pub Cow<'a, str>);

/// The content of a message: a text, or a list of parts, some of which may be reasoning
/// (`{"type": "thinking", "thinking": …}`).
#[derive(Debug, Default)]
pub struct Parts<'a> {
    pub text: Cow<'a, str>,
    pub reasoning: String,
}

/// A number, and a finite one; also one that came as a string.
#[derive(Debug, Clone, Copy, Default)]
pub struct Number(pub Option<f64>);

/// A truth value; also one that came as a string.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flag(pub Option<bool>);

/// An object, read only if it is one.
#[derive(Debug)]
pub struct Object<T>(pub Option<T>);

/// A list; `null` and anything that is no list is empty. A single object is a list of one. Of a longer list than
/// any server has use for, the rest is passed over.
#[derive(Debug)]
pub struct List<T>(pub Vec<T>);

/// How many elements of a list are kept: in memory, an element may take a hundred times its length on the wire.
const MAX_ELEMENTS: usize = 128;

/// 2^53
const MAX_COUNT: f64 = 9_007_199_254_740_992.0;

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl Number {
    /// As a number of things: one that JavaScript's numbers hold exactly.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    pub fn count(self) -> Option<u64> {
        self.0.filter(|number| (0.0..=MAX_COUNT).contains(number)).map(|number| number as u64)
    }

    /// What was told in seconds, in milliseconds.
    pub fn milliseconds(self) -> Option<f64> {
        self.0.map(|seconds| seconds * 1000.0).filter(|milliseconds| milliseconds.is_finite())
    }
}

/// The scalars that a visitor has no use for become `$nothing`.
macro_rules! scalars_are {
    ($nothing:expr; $($visit:ident: $kind:ty),*) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("any value")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        $(fn $visit<E>(self, _: $kind) -> Result<Self::Value, E> {
            Ok($nothing)
        })*
    };
}

fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
            type Value = Text<'a>;

            scalars_are!(Text::default(); visit_bool: bool, visit_f64: f64);

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let mut text = String::new();
                while let Some(Text(part)) = parts.next_element()? {
                    text.push_str(&part);
                }
                Ok(Text(Cow::Owned(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, part: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct Part<'a> {
                    #[serde(borrow, default)]
                    text: Text<'a>,
                }
                Part::deserialize(MapAccessDeserializer::new(part)).map(|part| part.text)
            }
        }

        deserializer.deserialize_any(TextVisitor(PhantomData))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartsVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for PartsVisitor<'a> {
            type Value = Parts<'a>;

            scalars_are!(Parts::default(); visit_bool: bool, visit_f64: f64, visit_u64: u64, visit_i64: i64);

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Parts { text: Cow::Borrowed(text), reasoning: String::new() })
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Parts { text: Cow::Owned(text.to_owned()), reasoning: String::new() })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
                let mut all = Parts::default();
                while let Some(part) = parts.next_element::<Parts<'de>>()? {
                    all.text.to_mut().push_str(&part.text);
                    all.reasoning.push_str(&part.reasoning);
                }
                Ok(all)
            }

            fn visit_map<A: MapAccess<'de>>(self, part: A) -> Result<Self::Value, A::Error> {
                #[derive(Deserialize)]
                struct Part<'a> {
                    #[serde(borrow, default)]
                    text: Text<'a>,
                    #[serde(borrow, default)]
                    thinking: Text<'a>,
                }
                let part = Part::deserialize(MapAccessDeserializer::new(part))?;
                Ok(Parts { text: part.text.0, reasoning: part.thinking.0.into_owned() })
            }
        }

        deserializer.deserialize_any(PartsVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;

            scalars_are!(Number(None); visit_bool: bool);

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Number(Some(number)))
            }

            #[expect(
                clippy::cast_precision_loss,
                reason = "counts of tokens and milliseconds are far below 2^53"
            )]
            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Number(Some(number as f64)))
            }

            #[expect(clippy::cast_precision_loss, reason = "as above")]
            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Number(Some(number as f64)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                // Rust reads "inf" and "nan", too.
                Ok(Number(text.trim().parse().ok().filter(|number: &f64| number.is_finite())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                skip_list(list).map(|()| Number(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
                skip_object(object).map(|()| Number(None))
            }
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagVisitor;

        impl<'de> Visitor<'de> for FlagVisitor {
            type Value = Flag;

            scalars_are!(Flag(None); visit_f64: f64, visit_u64: u64, visit_i64: i64);

            fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(Flag(Some(flag)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Flag(text.trim().parse().ok()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                skip_list(list).map(|()| Flag(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
                skip_object(object).map(|()| Flag(None))
            }
        }

        deserializer.deserialize_any(FlagVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            scalars_are!(Object(None); visit_bool: bool, visit_f64: f64, visit_u64: u64, visit_i64: i64, visit_str: &str);

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
                skip_list(list).map(|()| Object(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(object)).map(|value| Object(Some(value)))
            }
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            scalars_are!(List::default(); visit_bool: bool, visit_f64: f64, visit_u64: u64, visit_i64: i64, visit_str: &str);

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while list.len() < MAX_ELEMENTS
                    && let Some(Object(element)) = elements.next_element()?
                {
                    list.extend(element);
                }
                skip_list(elements)?;
                Ok(List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(object)).map(|value| List(vec![value]))
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(json: &str) -> Number {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_number_is_finite() {
        for json in [r#""inf""#, r#""-Infinity""#, r#""nan""#, r#""1e999""#, "null", "[1]"] {
            assert_eq!(number(json).0, None, "{json}");
        }
        assert_eq!(number(r#"" 1.5 ""#).0, Some(1.5));
        assert_eq!(number("1e308").milliseconds(), None);
        assert_eq!(number("1.5").milliseconds(), Some(1500.0));
    }

    #[test]
    fn a_flag_is_a_truth_value_or_absent() {
        let flag = |json: &str| serde_json::from_str::<Flag>(json).unwrap().0;
        for (json, expected) in
            [("true", Some(true)), ("\"false\"", Some(false)), ("null", None), ("1", None)]
        {
            assert_eq!(flag(json), expected, "{json}");
        }
        assert_eq!((flag("[true]"), flag("{\"a\":true}")), (None, None));
    }

    #[test]
    fn a_count_is_one_that_a_number_of_javascript_holds() {
        for json in ["-1", "1e300", "18446744073709551615", "9007199254740994"] {
            assert_eq!(number(json).count(), None, "{json}");
        }
        assert_eq!(number("9007199254740992").count(), Some(1 << 53));
        assert_eq!(number("7.0").count(), Some(7));
    }
}
