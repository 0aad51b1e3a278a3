use super::nearest::nearest;
use crate::{
    client::knowledge::Purpose,
    error::{Code, Error},
    servers::Survey,
    types::{Diagnosis, ModelInfo, Unready},
};

/// Looks whether the server has the model: `configured`, else the one that would be chosen.
pub(super) fn check(diagnosis: &mut Diagnosis, configured: Option<&str>, survey: &Survey) -> bool {
    if let Some(error) = obstacle(configured, survey) {
        diagnosis.fails("model", error.message.clone(), super::fix_of(&error));
        return false;
    }
    let answers = |model: &&ModelInfo| !survey.loads_none || model.loaded != Some(false);
    let known = configured.and_then(|name| survey.find(name)).filter(answers);
    let Some(model) = known.or_else(|| Purpose::Chat.choice(survey)) else { return true };
    let name = &model.name;
    if !model.capabilities.chat {
        diagnosis.fails("model", format!("{name:?} is not for chats"), "Set `model` to one that is.");
        return false;
    }
    match (configured, known) {
        (Some(asked), None) => {
            diagnosis
                .passes("model", format!("The server has only {name:?}, which answers for {asked:?}, too"));
        }
        _ if model.loaded == Some(false) => diagnosis.advises(
            "model",
            true,
            format!("{name:?} is not loaded"),
            "The first query loads it and takes longer; to have that done before, load it by hand.",
        ),
        (None, _) => diagnosis.passes("model", format!("None is named: {name:?} is asked")),
        (Some(_), Some(_)) => diagnosis.passes("model", format!("The server has {name:?}")),
    }
    true
}

/// Why the model answers no chat now: the server does not have it, or not yet.
pub(in crate::client) fn obstacle(configured: Option<&str>, survey: &Survey) -> Option<Error> {
    missing(configured, survey).or_else(|| {
        let model = match configured {
            Some(name) => survey.find(name),
            None => Purpose::Chat.choice(survey),
        }?;
        let name = &model.name;
        match model.unready? {
            Unready::Loading => {
                let loading = Error::new(Code::ModelLoading, format!("{name:?} is being loaded"));
                Some(loading.hint("Wait until it is loaded: `waitUntilReady()` does."))
            }
            Unready::Failed => {
                let mut failed = Error::new(Code::Server, format!("The server could not load {name:?}"));
                failed.retryable = false;
                Some(failed.hint("The server's log tells why; the next query tries it once more."))
            }
        }
    })
}

/// The error that it is that the server does not have the model.
fn missing(configured: Option<&str>, survey: &Survey) -> Option<Error> {
    let models = &survey.models;
    let none = |what: &str| {
        let message = format!("The server has no {what}");
        Some(Error::new(Code::ModelNotFound, message).hint("Load or download one."))
    };
    if models.is_empty() {
        return none("model");
    }
    if survey.loads_none && models.iter().all(|model| model.loaded == Some(false)) {
        let error = Error::new(Code::ModelNotFound, "No model is loaded, and a query loads none");
        return Some(error.hint("Load one: `loadModel(name)` does, with a name that `listModels()` tells."));
    }
    let Some(name) = configured else {
        let has_chat = models.iter().any(|model| model.capabilities.chat);
        return if has_chat { None } else { none("model for chats") };
    };
    let is_served = survey.serves_any_name && running(models) == 1;
    if is_served {
        return None;
    }
    match survey.find(name) {
        Some(model) if survey.loads_none && model.loaded == Some(false) => {
            let message = format!("{name:?} is not loaded, and a query loads none");
            let error = Error::new(Code::ModelNotFound, message);
            return Some(error.hint("Load it: `loadModel(name)` does."));
        }
        Some(_) => return None,
        None => {}
    }
    let names = || models.iter().map(|model| model.name.as_str());
    let hint = match nearest(name, names()).as_slice() {
        [] => "Set `model` to one that `listModels()` names.".to_owned(),
        near => format!("Set `model` to one that the server has: {}.", near.join(", ")),
    };
    let mut error = Error::new(Code::ModelNotFound, format!("The server has no model {name:?}")).hint(hint);
    error.available_models = Some(names().map(str::to_owned).collect());
    Some(error)
}

/// How many models are loaded, or could be where the server does not tell.
fn running(models: &[ModelInfo]) -> usize {
    let could = models.iter().filter(|model| model.loaded.is_none()).count();
    match models.iter().filter(|model| model.loaded == Some(true)).count() {
        0 => could,
        loaded => loaded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Check, ModelCapabilities};

    fn model(name: &str, loaded: Option<bool>) -> ModelInfo {
        let capabilities = ModelCapabilities { chat: true, ..ModelCapabilities::default() };
        ModelInfo { name: name.into(), loaded, capabilities, ..ModelInfo::default() }
    }

    fn checked(configured: Option<&str>, models: &[ModelInfo], serves_any_name: bool) -> Check {
        let survey = Survey { models: models.to_vec(), serves_any_name, ..Survey::default() };
        let mut diagnosis = Diagnosis::default();
        check(&mut diagnosis, configured, &survey);
        diagnosis.checks.remove(0)
    }

    #[test]
    fn a_model_that_does_not_exist_is_told_with_the_nearest_names() {
        let models = [model("qwen3-8b", None), model("gpt-oss-20b", None)];
        let wrong = checked(Some("qwen3-8"), &models, false);
        assert_eq!((wrong.ok, &*wrong.found), (false, "The server has no model \"qwen3-8\""));
        assert_eq!(wrong.fix.as_deref(), Some("Set `model` to one that the server has: qwen3-8b."));
        let strange = checked(Some("mistral"), &models, false);
        assert_eq!(strange.fix.as_deref(), Some("Set `model` to one that `listModels()` names."));
        assert!(checked(Some("qwen3-8b"), &models, false).ok);
    }

    #[test]
    fn any_name_is_served_where_one_model_runs_and_the_server_does_not_mind() {
        let one = [model("a", Some(true)), model("b", Some(false))];
        assert!(checked(Some("x"), &one, true).ok && !checked(Some("x"), &one, false).ok);
        let untold = [model("a", None)];
        assert!(checked(Some("x"), &untold, true).ok);
        let two = [model("a", Some(true)), model("b", Some(true))];
        assert!(!checked(Some("x"), &two, true).ok);
        let asleep = [model("a", Some(false))];
        assert!(!checked(Some("x"), &asleep, true).ok);
    }

    #[test]
    fn a_model_that_is_not_loaded_is_loaded_by_the_first_query() {
        let check = checked(Some("a"), &[model("a", Some(false))], false);
        assert_eq!((check.ok, &*check.found), (true, "\"a\" is not loaded"));
        assert!(check.fix.is_some());
    }

    #[test]
    fn where_a_query_loads_none_what_is_not_loaded_does_not_answer() {
        let checked = |configured, loaded| {
            let models = vec![model("a", Some(loaded)), model("b", Some(false))];
            let survey = Survey { models, serves_any_name: true, loads_none: true, ..Survey::default() };
            let mut diagnosis = Diagnosis::default();
            check(&mut diagnosis, configured, &survey);
            let Check { ok, found, .. } = diagnosis.checks.remove(0);
            (ok, found)
        };
        for configured in [None, Some("b")] {
            let (ok, found) = checked(configured, false);
            assert_eq!((ok, &*found), (false, "No model is loaded, and a query loads none"));
        }
        let routed = |configured| {
            let models = vec![model("a", Some(true)), model("b", Some(false))];
            let survey = Survey { models, loads_none: true, ..Survey::default() };
            obstacle(configured, &survey).map(|error| error.message.clone())
        };
        assert_eq!((routed(None), routed(Some("a"))), (None, None));
        assert_eq!(routed(Some("b")).as_deref(), Some("\"b\" is not loaded, and a query loads none"));
        let (ok, found) = checked(Some("b"), true);
        assert_eq!((ok, &*found), (true, "The server has only \"a\", which answers for \"b\", too"));
    }

    #[test]
    fn a_model_that_is_being_loaded_or_failed_to_is_not_there_yet() {
        let unready = |state| ModelInfo { unready: Some(state), ..model("a", Some(false)) };
        for configured in [None, Some("a")] {
            let loading = checked(configured, &[unready(Unready::Loading)], false);
            assert_eq!((loading.ok, &*loading.found), (false, "\"a\" is being loaded"));
            let failed = checked(configured, &[unready(Unready::Failed)], false);
            assert_eq!((failed.ok, &*failed.found), (false, "The server could not load \"a\""));
        }
        let other = checked(None, &[unready(Unready::Failed), model("b", Some(false))], false);
        assert_eq!((other.ok, &*other.found), (true, "\"b\" is not loaded"));
    }

    #[test]
    fn where_none_is_named_the_one_that_would_be_asked_is_told() {
        let models = [model("a", Some(false)), model("b", Some(true))];
        let check = checked(None, &models, false);
        assert_eq!((check.ok, &*check.found), (true, "None is named: \"b\" is asked"));
        assert!(!checked(None, &[], false).ok);
    }

    #[test]
    fn a_model_for_embeddings_answers_no_chat() {
        let mut embedder = model("embedder", None);
        embedder.capabilities.chat = false;
        assert!(!checked(Some("embedder"), &[embedder.clone()], false).ok);
        assert!(!checked(None, &[embedder], false).ok);
    }
}
