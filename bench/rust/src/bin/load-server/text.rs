//! What an answer says.

const ASCII: &str = "the quick brown fox jumps over a lazy dog while local models write ";
const UNICODE: &str = "größer schöne мир модель 模型在本地运行 言語モデル ελληνικά ";

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Text {
    Ascii,
    /// None of it needs two UTF-16 units.
    Unicode,
    /// The number that was asked for, and the chunk's own: `17.0 17.1 17.2 `. No chunk of any answer is like another.
    Numbered(u32),
}

impl Text {
    /// What the chunk with this index says, in `size` characters where its text leaves the choice.
    pub fn chunk(self, index: usize, size: usize) -> String {
        let line = match self {
            Self::Ascii => ASCII,
            Self::Unicode => UNICODE,
            Self::Numbered(number) => return format!("{number}.{index} "),
        };
        let start = index * size % line.chars().count();
        line.chars().cycle().skip(start).take(size).collect()
    }

    /// Whether chunks may be sent again in place of later ones.
    pub fn repeats(self) -> bool {
        !matches!(self, Self::Numbered(_))
    }
}
