//! Log lines of several containers as one stream: merged by time, none twice, none lost, readable.
//!
//! It must not know where lines come from.

mod merge;
mod readable;
mod since;

use serde_json::{Value, json};

pub use merge::{Merge, Seen};
pub use readable::{clean, readable};
pub use since::{BadSince, parse_since};

use std::time::{Duration, SystemTime};

/// A line that a container has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Milliseconds since 1970, as the container's host saw them.
    pub at: i64,
    /// CloudWatch's name for it, which no other line has.
    pub id: String,
    /// Name of the container.
    pub container: String,
    /// Id of the task, the last part of the stream's name.
    pub task: String,
    /// What it wrote.
    pub message: String,
}

impl LogLine {
    fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.at).unwrap_or(0))
    }

    /// Date and time of day in UTC.
    pub fn date_and_clock(&self) -> (String, String) {
        let text = humantime::format_rfc3339_millis(self.time()).to_string();
        match text.trim_end_matches('Z').split_once('T') {
            Some((date, clock)) => (date.to_owned(), clock.to_owned()),
            None => (String::new(), text),
        }
    }

    /// For programs: as it was written.
    pub fn json(&self) -> Value {
        json!({
            "at": humantime::format_rfc3339_millis(self.time()).to_string(),
            "container": self.container,
            "task": self.task,
            "message": self.message,
        })
    }
}
