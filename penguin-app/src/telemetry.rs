//! Log lines: JSON for machines, text for people, panics included.

use std::io::{self, IsTerminal as _};
use std::panic::PanicHookInfo;

use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::LogFormat;

/// Sends every log line of this level or above to standard output, from now until the process ends.
pub fn install(format: LogFormat, level: tracing::Level) -> Result<(), TryInitError> {
    let terminal = io::stdout().is_terminal();
    // When nobody reads the log any more the site goes on.
    let lines = fmt()
        .with_max_level(level)
        .with_target(false)
        .log_internal_errors(false);
    if format == LogFormat::Json || (format == LogFormat::Auto && !terminal) {
        let lines = lines.json().flatten_event(true);
        lines
            .with_current_span(true)
            .with_span_list(false)
            .finish()
            .try_init()?;
    } else {
        lines.with_ansi(terminal).finish().try_init()?;
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Logs a panic as one line like any other.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("no message");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(
        panic.message = message,
        panic.location = location,
        "the program panicked"
    );
}
