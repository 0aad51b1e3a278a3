use super::{Client, redact};
use crate::types::Raw;

impl Client {
    /// Says where it was asked, and takes out what must not be shown.
    pub(super) fn complete_raw(&self, raw: &mut Raw) {
        raw.url = format!("{}{}", self.base_url(), self.dialect().chat_path());
        let redactor = self.redactor();
        for text in [&mut raw.url, &mut raw.request_body, &mut raw.last_frame] {
            redact(&redactor, text);
        }
    }
}
