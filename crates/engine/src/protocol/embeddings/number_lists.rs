//! The lists of numbers in a JSON text, read as it arrives. As values of a tree, they would take eight times their room,
//! and as long again to be read.

use memchr::memchr2;

use crate::error::{Code, Error, Result};

/// Takes the lists of numbers out of a text. What is left is short: in the place of each list stands one that has its
/// number in it, so that `[0.5,-1]` becomes `[0]`.
#[derive(Debug, Default)]
pub struct NumberLists {
    rest: Vec<u8>,
    /// How much of the rest stands outside of texts.
    structure: usize,
    numbers: Vec<f32>,
    /// Where each list ends.
    ends: Vec<usize>,
    place: Place,
    /// The beginning of a number that a piece ended in.
    held: Vec<u8>,
}

/// Where in the text a piece ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    InText,
    /// After a backslash.
    InEscape,
    /// After a bracket, which may open a list of numbers.
    InBracket,
    InNumbers,
}

/// How much may stand outside of texts and lists: as a tree it takes up to 40 times its length.
const MAX_STRUCTURE: usize = 4 << 20;

/// The longest number that is read, in bytes.
const MAX_NUMBER: usize = 256;

impl NumberLists {
    /// # Errors
    /// `protocol` for what is no list of numbers although it begins like one, and for what is too long.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let read = match self.place {
                Place::Outside => self.outside(bytes),
                Place::InText => self.in_text(bytes),
                Place::InEscape => {
                    self.place = Place::InText;
                    self.keep(bytes, 1)
                }
                Place::InBracket => self.in_bracket(bytes),
                Place::InNumbers => self.in_numbers(bytes)?,
            };
            bytes = &bytes[read..];
        }
        if self.structure > MAX_STRUCTURE {
            let message = format!("The answer has more than {MAX_STRUCTURE} bytes beside its numbers");
            return Err(Error::new(Code::Protocol, message));
        }
        Ok(())
    }

    /// The text without its numbers.
    pub fn rest(&self) -> &[u8] {
        &self.rest
    }

    /// The list that stands in the rest as `[number]`. What was no finite number is NaN.
    pub fn list(&self, number: usize) -> Option<&[f32]> {
        let start = if number == 0 { 0 } else { *self.ends.get(number - 1)? };
        self.numbers.get(start..*self.ends.get(number)?)
    }

    /// How many numbers all lists have.
    pub fn count(&self) -> usize {
        self.numbers.len()
    }

    fn keep(&mut self, bytes: &[u8], count: usize) -> usize {
        self.rest.extend_from_slice(&bytes[..count]);
        count
    }

    fn outside(&mut self, bytes: &[u8]) -> usize {
        let end = memchr2(b'"', b'[', bytes);
        self.place = match end.map(|end| bytes[end]) {
            Some(b'"') => Place::InText,
            Some(_) => Place::InBracket,
            None => Place::Outside,
        };
        let count = end.map_or(bytes.len(), |end| end + 1);
        self.structure += count;
        self.keep(bytes, count)
    }

    fn in_text(&mut self, bytes: &[u8]) -> usize {
        let end = memchr2(b'"', b'\\', bytes);
        self.place = match end.map(|end| bytes[end]) {
            Some(b'"') => Place::Outside,
            Some(_) => Place::InEscape,
            None => Place::InText,
        };
        self.keep(bytes, end.map_or(bytes.len(), |end| end + 1))
    }

    fn in_bracket(&mut self, bytes: &[u8]) -> usize {
        match bytes[0] {
            b' ' | b'\t' | b'\n' | b'\r' => return 1,
            // A number, or what stands for one that JSON has no form for: `null`, `NaN`, `Infinity`.
            b'-' | b'0'..=b'9' | b'n' | b'N' | b'I' => self.place = Place::InNumbers,
            _ => self.place = Place::Outside,
        }
        0
    }

    fn in_numbers(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut at = 0;
        loop {
            let length = bytes[at..].iter().position(|byte| is_end(*byte));
            let Some(length) = length else {
                self.held.extend_from_slice(&bytes[at..]);
                return if self.held.len() > MAX_NUMBER { Err(no_numbers()) } else { Ok(bytes.len()) };
            };
            let (text, end) = (&bytes[at..at + length], bytes[at + length]);
            if self.held.is_empty() {
                if !text.is_empty() {
                    self.numbers.push(number(text));
                }
            } else {
                self.held.extend_from_slice(text);
                self.numbers.push(number(&self.held));
                self.held.clear();
            }
            at += length + 1;
            match end {
                b']' => {
                    self.end_list();
                    return Ok(at);
                }
                b'"' | b'[' | b'{' => return Err(no_numbers()),
                _ if at == bytes.len() => return Ok(at),
                _ => {}
            }
        }
    }

    fn end_list(&mut self) {
        let placeholder = format!("{}]", self.ends.len());
        self.structure += placeholder.len();
        self.rest.extend_from_slice(placeholder.as_bytes());
        self.ends.push(self.numbers.len());
        self.place = Place::Outside;
    }
}

/// What no number can have in it.
fn is_end(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'[' | b'{')
}

fn number(text: &[u8]) -> f32 {
    let number = str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(f32::NAN);
    if number.is_finite() { number } else { f32::NAN }
}

fn no_numbers() -> Error {
    Error::new(Code::Protocol, "A list of numbers in the answer holds something else")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<NumberLists> {
        let mut lists = NumberLists::default();
        pieces.iter().try_for_each(|piece| lists.push(piece)).map(|()| lists)
    }

    fn outcome(pieces: &[&[u8]]) -> (String, Vec<Vec<f32>>) {
        let lists = read(pieces).unwrap();
        let all = (0..).map_while(|number| lists.list(number)).map(<[f32]>::to_vec).collect();
        (String::from_utf8(lists.rest().to_vec()).unwrap(), all)
    }

    #[test]
    fn what_is_no_list_of_numbers_stays_as_it_is() {
        for text in [
            r#"{"data":[],"a":[ ],"b":["[1,2]","\"[3]","\\"],"c":[{"d":"]"}],"e":[true],"f":1}"#,
            r#""[1]""#,
            "",
        ] {
            let (rest, lists) = outcome(&[text.as_bytes()]);
            assert_eq!((rest.replace(' ', ""), lists.len()), (text.replace(' ', ""), 0));
        }
    }

    #[test]
    fn what_is_no_number_leaves_a_hole() {
        let (rest, lists) = outcome(&[b"[[null,1,NaN],[Infinity,-Infinity],[1e99,-]]"]);
        assert_eq!(rest, "[[0],[1],[2]]");
        let holes = |list: &[f32]| list.iter().map(|number| number.is_nan()).collect::<Vec<_>>();
        assert_eq!(holes(&lists[0]), [true, false, true]);
        assert_eq!((holes(&lists[1]), holes(&lists[2])), (vec![true; 2], vec![true; 2]));
    }

    #[test]
    fn a_list_that_is_none_and_what_never_ends_is_refused() {
        for text in [r#"[1,"a"]"#, "[1,[2]]", "[1,{}]", &format!("[{}]", "1".repeat(1000))[..500]] {
            assert_eq!(read(&[text.as_bytes()]).unwrap_err().code, Code::Protocol, "{text}");
        }
        let endless = "{},".repeat(MAX_STRUCTURE / 3 + 1);
        assert!(read(&[endless.as_bytes()]).is_err());
        // Texts and numbers may be long.
        assert!(read(&[format!("\"{endless}\"").as_bytes()]).is_ok());
        assert!(read(&[format!("[{}1]", "1,".repeat(MAX_STRUCTURE)).as_bytes()]).is_ok());
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_rust_reads_them_however_they_are_cut(
            numbers in prop::collection::vec(prop_oneof![
                any::<f32>().prop_filter("finite", |it| it.is_finite()).prop_map(|it| format!("{it:?}")),
                any::<f32>().prop_filter("finite", |it| it.is_finite()).prop_map(|it| format!("{:e}", f64::from(it))),
                (-1.0..1.0_f64).prop_map(|it| it.to_string()),
                "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][-+]?[0-9]{1,2})?",
            ], 1..20),
            space in "[ \n]{0,2}",
            cut in any::<prop::sample::Index>(),
        ) {
            let text = format!("{{\"a\":[{space}{}{space}]}}", numbers.join(&format!("{space},{space}")));
            let (one, other) = text.as_bytes().split_at(cut.index(text.len()));
            // What is beyond all floats is none.
            let parsed = |it: &String| Some(it.parse::<f32>().unwrap()).filter(|it| it.is_finite()).unwrap_or(f32::NAN);
            let expected: Vec<f32> = numbers.iter().map(parsed).collect();
            let (rest, lists) = outcome(&[one, other]);
            prop_assert_eq!(rest, "{\"a\":[0]}");
            let bits = |list: &[f32]| list.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&lists[0]), bits(&expected));
        }

        #[test]
        fn any_text_is_survived_and_read_the_same_byte_by_byte(text in "[\\[\\]\\\\\"{},.0-9n e-]{0,60}") {
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            let result = |pieces: &[&[u8]]| read(pieces).map(|lists| (lists.rest, lists.ends)).map_err(|_| ());
            prop_assert_eq!(result(&[text.as_bytes()]), result(&bytes));
        }
    }
}
