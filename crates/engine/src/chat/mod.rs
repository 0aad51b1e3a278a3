//! Deltas into one answer, and the verdict on it: complete, cut by its limit, or broken off. Knows no dialect.

mod assembly;
mod call_rules;
mod kept;
mod provider_data;
mod reading;
mod tool_calls;
mod tool_names;

pub use call_rules::CallRules;
pub use kept::Keeps;
pub use reading::Reading;
pub use tool_names::ToolNames;
