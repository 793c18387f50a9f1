//! What would fail later, found before anything is touched.
//!
//! Every look returns [`Finding`]s and none of them prints or gives up, so that one run tells all there is to tell. The
//! looks of this module need no cloud; what AWS has to say is added to the same list.

pub mod account;
mod advice;
mod build_specs;
mod images;
mod stacks;

use std::path::Path;

use serde::Serialize;

pub use advice::advice;
pub use images::images;
pub use stacks::templates;

use crate::settings::{Settings, SettingsError};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, and perhaps not as somebody thinks.
    Warning,
    /// It will fail.
    Error,
}

impl Level {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What a look has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is about: `settings`, `templates`, an environment.
    pub about: String,
    /// What was found, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Level::Ok, about, message)
    }

    /// Something to know.
    pub fn warning(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, about, message)
    }

    /// Something to mend.
    pub fn error(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Level::Error, about, message)
    }

    fn new(level: Level, about: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            level,
            about: about.into(),
            message: message.into(),
            remedy: None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// What a settings file came to: every mistake in it, and every placeholder.
pub fn settings(file: &Path, read: Result<&Settings, &SettingsError>) -> Vec<Finding> {
    let about = "settings";
    let name = file.display();
    match read {
        Ok(settings) => {
            let placeholders = settings.placeholders();
            if placeholders.is_empty() {
                return vec![Finding::ok(about, format!("{name} has no mistakes"))];
            }
            let placeholders = placeholders.into_iter().map(|placeholder| {
                Finding::error(about, format!("{name}: `{placeholder}` is a placeholder"))
                    .remedy("`infra init` asks for what belongs there")
            });
            placeholders.collect()
        }
        Err(SettingsError::Invalid { mistakes, .. }) => mistakes
            .iter()
            .map(|mistake| {
                let place = format!("{name}:{}:{}", mistake.line, mistake.column);
                let finding = Finding::error(about, format!("{place}: {mistake}"));
                mistake
                    .remedy
                    .iter()
                    .fold(finding, |finding, remedy| finding.remedy(remedy.clone()))
            })
            .collect(),
        Err(error @ SettingsError::Missing(_)) => {
            vec![Finding::error(about, error.to_string()).remedy("`infra init` writes one")]
        }
        Err(SettingsError::Unreadable(cause)) => {
            vec![Finding::error(about, format!("cannot read {name}: {cause}"))]
        }
    }
}

#[cfg(test)]
mod tests;
