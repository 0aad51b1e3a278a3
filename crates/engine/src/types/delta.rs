use super::{ServerTimings, TokenLogprob, ToolCallFragment, Usage, Warning};

/// One thing that a frame of the wire said, whatever dialect it was said in.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta<'a> {
    Id(&'a str),
    Model(&'a str),
    Text(&'a str),
    Reasoning(&'a str),
    ToolCall(ToolCallFragment<'a>),
    /// A piece of what the server wants to see again, in a field of the message that is a list. As it is written.
    Kept {
        field: &'static str,
        json: &'a str,
    },
    Logprob(TokenLogprob),
    /// How much of the prompt the server has read.
    PromptProgress {
        done: u64,
        total: u64,
    },
    /// The server's own word for why the answer ended.
    Finish(&'a str),
    Usage(Usage),
    Timings(ServerTimings),
    /// Something had to be repaired to be read.
    Repaired(Warning),
    /// The server said that nothing more comes.
    End,
}
