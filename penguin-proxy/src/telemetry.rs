//! Operational log on standard error. Requests are in the access log.
//!
//! Lines pass through a bounded queue: a reader that stops reading stops no thread.

use std::io::{self, IsTerminal, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::OnceLock;
use std::time::Instant;
use std::{backtrace, fmt, thread};

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use crate::log_writer::{self, LogWriter};

/// Lines that may wait for a slow reader before the next is dropped.
const WAITING: usize = 1024;

/// The process has one operational log.
static LOG: OnceLock<LogWriter> = OnceLock::new();

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

/// Installs the log for the whole process, panics included. A second call changes nothing.
///
/// # Errors
///
/// When the system refuses a thread or a descriptor.
pub fn install(format: LogFormat, level: Level) -> io::Result<()> {
    let stderr = io::stderr();
    let writer = LogWriter::spawn("log", log_writer::unlocked(&stderr)?, WAITING, drop)?;
    if LOG.set(writer.clone()).is_err() {
        return Ok(());
    }
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(Queued(writer));
    let installed = if format.is_json(&stderr) {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_target(false)
            .try_init()
    } else {
        builder
            .with_ansi(stderr.is_terminal())
            .with_target(false)
            .try_init()
    };
    drop(installed);
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Waits until the log is written: until `deadline`, and only as long as somebody reads it.
pub fn finish(deadline: Instant) {
    if let Some(log) = LOG.get() {
        log.finish(deadline);
    }
}

/// Lines of the operational log that could not be written.
pub(crate) fn dropped() -> u64 {
    LOG.get().map_or(0, LogWriter::dropped)
}

/// The default hook writes to standard error, and waits for its reader.
fn log_panic(info: &PanicHookInfo<'_>) {
    let backtrace = backtrace::Backtrace::capture();
    let backtrace =
        (backtrace.status() == backtrace::BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        thread = thread::current().name(),
        place = info.location().map(tracing::field::display),
        backtrace,
        "panic: {}",
        info.payload_as_str().unwrap_or("without a message")
    );
}

/// Makes each event one message of the queue.
struct Queued(LogWriter);

impl<'a> MakeWriter<'a> for Queued {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event {
            log: &self.0,
            bytes: Vec::new(),
        }
    }
}

/// One event, queued when it is complete.
struct Event<'a> {
    log: &'a LogWriter,
    bytes: Vec<u8>,
}

impl Write for Event<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.log.push(std::mem::take(&mut self.bytes), 1);
        }
    }
}
