use serde::Serialize;

/// What went over the wire for an answer, for who wants to look.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Raw {
    /// Without its query and credentials.
    pub url: String,
    pub request_body: String,
    /// The last event of the stream but `[DONE]`, or the whole of an answer that is one document.
    pub last_frame: String,
}
