use crate::types::{ToolChoice, ToolOptions};

/// Which choices of tools a server heeds. The others are put into what is offered, as far as they can, and checked when
/// the answer has come.
#[derive(Debug, Clone, Copy)]
pub struct ToolChoices {
    /// Without tools that are offered all the same, of which a model may then write.
    pub none: bool,
    pub required: bool,
    pub named: bool,
}

impl ToolChoices {
    pub const ALL: Self = Self { none: true, required: true, named: true };
    pub const NO_NAME: Self = Self { named: false, ..Self::ALL };
    pub const AUTO_ONLY: Self = Self { none: false, required: false, named: false };

    /// Says `options` so that the server heeds them.
    pub fn narrow(self, options: &mut ToolOptions) {
        if let Some(ToolChoice::Named { name }) = &options.tool_choice
            && !self.named
        {
            options.tools.retain(|tool| tool.name == *name);
            options.tool_choice = Some(ToolChoice::Required);
        }
        match options.tool_choice {
            Some(ToolChoice::None) if !self.none => options.tools.clear(),
            Some(ToolChoice::Required) if !self.required => options.tool_choice = None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_becomes_what_the_server_heeds() {
        let narrowed = |choices: ToolChoices, choice: &str| {
            let given = format!(r#"{{"tools":[{{"name":"f"}},{{"name":"g"}}],"toolChoice":{choice}}}"#);
            let mut options: ToolOptions = serde_json::from_str(&given).unwrap();
            choices.narrow(&mut options);
            let names = options.tools.iter().map(|tool| tool.name.as_str()).collect::<String>();
            (names, options.tool_choice)
        };
        let named = r#"{"name":"g"}"#;
        for (choices, choice, names, sent) in [
            (ToolChoices::ALL, named, "fg", Some(ToolChoice::Named { name: "g".into() })),
            (ToolChoices::NO_NAME, named, "g", Some(ToolChoice::Required)),
            (ToolChoices::AUTO_ONLY, named, "g", None),
            (ToolChoices::NO_NAME, r#""required""#, "fg", Some(ToolChoice::Required)),
            (ToolChoices::AUTO_ONLY, r#""required""#, "fg", None),
            (ToolChoices::ALL, r#""none""#, "fg", Some(ToolChoice::None)),
            (ToolChoices::AUTO_ONLY, r#""none""#, "", Some(ToolChoice::None)),
            (ToolChoices::AUTO_ONLY, r#""auto""#, "fg", Some(ToolChoice::Auto)),
        ] {
            assert_eq!(narrowed(choices, choice), (names.to_owned(), sent), "{choices:?}, {choice}");
        }
    }
}
