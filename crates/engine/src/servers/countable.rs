use serde_json::{Map, Value};

/// Whose tokens a server is asked to count.
#[derive(Debug, Clone, Copy)]
pub enum Countable<'a> {
    Text {
        text: &'a str,
        model: &'a str,
    },
    /// The body of a chat, as it would be sent: all of it is text. What an image takes is told by nobody.
    Chat(&'a Map<String, Value>),
}

impl Countable<'_> {
    /// Some of the fields of a chat.
    pub(super) fn fields(body: &Map<String, Value>, names: &[&str]) -> Value {
        let field = |name: &&str| Some(((*name).to_owned(), body.get(*name)?.clone()));
        names.iter().filter_map(field).collect::<Map<_, _>>().into()
    }
}
