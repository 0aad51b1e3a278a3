use super::{Ask, Place, Question};
use crate::error::{Code, Result};

/// Asks `/health` of a server whose engine can die while the rest of it still answers.
///
/// # Errors
/// `server`, where it says so with 503. Any other failure of the question proves nothing.
pub async fn check_engine(ask: &dyn Ask) -> Result<()> {
    match ask.ask(Question::get(Place::Root("/health"))).await {
        Err(mut error) if error.status == Some(503) && error.code == Code::Server => {
            error.message = format!("The server answers, but its engine does not work: {}", error.message);
            // It does not come to life again by itself.
            error.retryable = false;
            Err(error.hint("Look into the server's log for the cause, and start it anew."))
        }
        _ => Ok(()),
    }
}
