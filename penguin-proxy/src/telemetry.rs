//! The operational log: what the proxy itself has to say, on standard error. Requests have a log of their own.

use std::fmt;
use std::io::IsTerminal;

use tracing::Level;

/// How both logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For human eyes.
    Text,
}

impl LogFormat {
    /// Reads `auto`, `json` or `text`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "auto" => Some(Self::Auto),
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }

    /// Whether lines for this stream are JSON.
    pub fn is_json(self, stream: &impl IsTerminal) -> bool {
        match self {
            Self::Auto => !stream.is_terminal(),
            Self::Json => true,
            Self::Text => false,
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Text => "text",
        })
    }
}

/// Installs the log for the whole process. A second call, as in tests, changes nothing.
pub fn install(format: LogFormat, level: Level) {
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr);
    let installed = if format.is_json(&std::io::stderr()) {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_target(false)
            .try_init()
    } else {
        builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init()
    };
    drop(installed);
}
