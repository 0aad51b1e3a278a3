use crate::{
    client::{Client, asker::Asker},
    endpoint::Credential,
    error::{Code, Error},
    types::Diagnosis,
};

impl Client {
    /// Whether the server takes the key, or the lack of one. `errors`: what its answers say.
    pub(super) async fn check_key(
        &self,
        diagnosis: &mut Diagnosis,
        errors: [Option<&Error>; 2],
        asker: &Asker<'_>,
    ) -> bool {
        if let Some(error) = errors.into_iter().flatten().find(|error| is_about_key(error)) {
            let words = &error.message;
            let found = match (&self.endpoint.credential, error.code) {
                (Credential::None | Credential::Placeholder, Code::Permission) => {
                    format!("The server refuses access: {words}")
                }
                (_, Code::Permission) => format!("The key may not do this: {words}"),
                (Credential::Key(_) | Credential::Function, _) => {
                    format!("The server does not take the key: {words}")
                }
                _ if self.endpoint.has_own_credential() => {
                    format!("The server does not take the header in place of a key: {words}")
                }
                _ => format!("The server wants a key, and none is given: {words}"),
            };
            diagnosis.fails("key", found, self.about_key());
            return false;
        }
        if self.endpoint.has_own_credential() {
            diagnosis.passes("key", "The server takes the header in place of a key");
        } else if !self.endpoint.credential.is_key() {
            diagnosis.passes("key", "The server wants no key");
        } else if self.is_open(&asker.without_key()).await {
            diagnosis.advises(
                "key",
                true,
                "The server takes chats without a key, too",
                "Leave `apiKey` out, unless something on the way wants it.",
            );
        } else {
            diagnosis.passes("key", "The server takes the key");
        }
        true
    }
}

pub(super) fn is_about_key(error: &Error) -> bool {
    matches!(error.code, Code::Authentication | Code::Permission)
}
