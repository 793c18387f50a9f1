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
    Done,
    /// Failure; see the message.
    Failed,
    /// Invalid command line.
    Usage,
    /// The user declined; no changes were made.
    Declined,
    /// A stack operation failed.
    StackFailed,
    /// The settings file is invalid.
    SettingsInvalid,
    /// Interrupted by Ctrl-C or a signal.
    Interrupted,
    /// `infra run`: exit code of the command, or one of the constants below.
    Command(u8),
}

impl ExitStatus {
    /// `infra run`: stopped by `--timeout`. The code of `timeout(1)`.
    pub const TIMED_OUT: Self = Self::Command(124);
    /// `infra run`: the command did not run, or its end is unknown. The code of `docker run`.
    pub const NOT_RUN: Self = Self::Command(125);

    /// Returns the status of the outermost [`Failure`] in the chain, else [`Self::Failed`].
    pub fn of(error: &anyhow::Error) -> Self {
        error
            .chain()
            .find_map(|cause| cause.downcast_ref::<Failure>())
            .map_or(Self::Failed, |failure| failure.status)
    }

    /// Returns the exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Declined => 3,
            Self::StackFailed => 4,
            Self::SettingsInvalid => 5,
            Self::Interrupted => 130,
            Self::Command(code) => code,
        }
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

    /// Changes the exit code.
    #[must_use]
    pub fn exits_with(mut self, status: ExitStatus) -> Self {
        self.status = status;
        self
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
