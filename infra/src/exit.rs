//! Exit codes and the error type that selects them.
//!
//! README.md lists the codes; they are stable.

use std::error::Error;
use std::io;
use std::process::ExitCode;

/// Outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Success, including no changes.
    Done = 0,
    /// Failure; see the message.
    Failed = 1,
    /// Invalid command line.
    Usage = 2,
    /// The user declined; no changes were made.
    Declined = 3,
    /// A stack operation failed.
    StackFailed = 4,
    /// The settings file is invalid.
    SettingsInvalid = 5,
    /// Interrupted by Ctrl-C or a signal.
    Interrupted = 130,
}

impl ExitStatus {
    /// Returns the status of the outermost [`Failure`] in the chain, else [`Self::Failed`].
    pub fn of(error: &anyhow::Error) -> Self {
        error
            .chain()
            .find_map(|cause| cause.downcast_ref::<Failure>())
            .map_or(Self::Failed, |failure| failure.status)
    }

    /// Returns the exit code.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// An error with its own exit code or with hints. Other errors need only `anyhow` context.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    status: ExitStatus,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// Creates a failure that exits with `status`.
    pub fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            status,
            hints: Vec::new(),
            source: None,
        }
    }

    /// Creates a failure that exits with code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Failed, message)
    }

    /// Adds a hint, printed after the error as `hint: …` in the order given.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds the cause, printed below the message.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the hints.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// Returns whether the error is a closed output pipe.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn failure_in_the_chain_selects_the_exit_code() {
        let error = Err::<(), _>(Failure::new(ExitStatus::SettingsInvalid, "two mistakes"))
            .context("cannot read the settings")
            .unwrap_err();
        assert_eq!(ExitStatus::of(&error).code(), 5);
        assert_eq!(ExitStatus::of(&anyhow::anyhow!("anything else")).code(), 1);
    }

    #[test]
    fn broken_pipe_is_found_in_the_error_chain() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(
            &anyhow::Error::new(pipe).context("cannot write the template")
        ));
        assert!(!is_broken_pipe(&anyhow::anyhow!("something else")));
    }
}
