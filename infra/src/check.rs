//! Checks before a deployment: settings, templates, images, account.
//!
//! Each check returns [`Finding`]s and does not stop at the first problem. The checks of this module need no AWS access;
//! results from AWS are added to the same list.

pub mod account;
mod advice;
mod build_specs;
mod checkout;
pub mod domain;
mod images;
pub mod quotas;
mod stacks;
mod workflow;

use std::path::Path;

use serde::Serialize;

pub use advice::advice;
pub use checkout::checkout;
pub use images::images;
pub use stacks::templates;
pub use workflow::workflow;

use crate::settings::{Settings, SettingsError};

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No problem.
    Ok,
    /// Works, possibly not as intended.
    Warning,
    /// Will fail.
    Error,
}

impl Level {
    /// Returns the severity as a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Severity.
    pub level: Level,
    /// Subject: `settings`, `templates`, an environment.
    pub about: String,
    /// What was found, as a sentence.
    pub message: String,
    /// How to fix it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Finding {
    /// Creates a finding without a problem.
    pub fn ok(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Level::Ok, about, message)
    }

    /// Creates a warning.
    pub fn warning(about: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, about, message)
    }

    /// Creates an error.
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

    /// Adds a remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Reports every mistake and every placeholder of a settings file.
pub fn settings(file: &Path, read: Result<&Settings, &SettingsError>) -> Vec<Finding> {
    let about = "settings";
    let name = file.display();
    match read {
        Ok(settings) => {
            let placeholders = settings.placeholders();
            if placeholders.is_empty() {
                return vec![Finding::ok(about, format!("{name} is valid"))];
            }
            let placeholders = placeholders.into_iter().map(|placeholder| {
                Finding::error(about, format!("{name}: `{placeholder}` is a placeholder"))
                    .remedy("run `infra init` to set it")
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
            vec![Finding::error(about, error.to_string()).remedy("run `infra init` to create one")]
        }
        Err(SettingsError::Unreadable(cause)) => {
            vec![Finding::error(about, format!("cannot read {name}: {cause}"))]
        }
    }
}

#[cfg(test)]
mod tests;
