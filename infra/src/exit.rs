//! Which exit code an outcome has: the one place that knows the numbers.
//!
//! Scripts rely on them; README.md lists them. This module does not print.

use std::error::Error;
use std::io;
use std::process::ExitCode;

/// How a run of `infra` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done, or there was nothing to do.
    Done = 0,
    /// It did not work; the message says why.
    Failed = 1,
    /// The command line is not understood.
    Usage = 2,
    /// Somebody answered "no"; nothing was left behind.
    Declined = 3,
    /// AWS tried, and a stack did not get there.
    StackFailed = 4,
    /// The settings file has mistakes.
    SettingsInvalid = 5,
    /// Ctrl-C, or a signal that asks for the end.
    Interrupted = 130,
}

impl ExitStatus {
    /// The status that an error asks for: that of the outermost [`Failure`] in its chain, else [`Self::Failed`].
    pub fn of(error: &anyhow::Error) -> Self {
        error
            .chain()
            .find_map(|cause| cause.downcast_ref::<Failure>())
            .map_or(Self::Failed, |failure| failure.status)
    }

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// A failure that wants an exit code of its own or knows what to do next.
///
/// Errors without either need no `Failure`; `anyhow` context is enough for them.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    status: ExitStatus,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure that ends with `status`.
    pub fn new(status: ExitStatus, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            status,
            hints: Vec::new(),
            source: None,
        }
    }

    /// A failure that ends with code 1 and comes with advice, see [`Self::hint`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ExitStatus::Failed, message)
    }

    /// Adds a remedy; printed after the error as `hint: …`, in the order given.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what this failure came from; printed below the message.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The remedies.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// True if the error is that nobody reads our output any more.
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
    fn a_failure_deep_in_the_chain_decides_the_code() {
        let error = Err::<(), _>(Failure::new(ExitStatus::SettingsInvalid, "two mistakes"))
            .context("cannot read the settings")
            .unwrap_err();
        assert_eq!(ExitStatus::of(&error).code(), 5);
        assert_eq!(ExitStatus::of(&anyhow::anyhow!("anything else")).code(), 1);
    }

    #[test]
    fn a_closed_pipe_is_found_behind_its_context() {
        let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_broken_pipe(
            &anyhow::Error::new(pipe).context("cannot write the template")
        ));
        assert!(!is_broken_pipe(&anyhow::anyhow!("something else")));
    }
}
