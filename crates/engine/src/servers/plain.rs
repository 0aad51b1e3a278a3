use super::{Facts, Server};

/// A server that differs from the others by its facts alone.
pub struct Plain(pub &'static Facts);

impl Server for Plain {
    fn facts(&self) -> &'static Facts {
        self.0
    }
}
