//! Log lines of several containers merged by time, without duplicates or gaps, and formatted.
//!
//! Independent of the source of the lines.

mod merge;
mod readable;
mod since;

use serde_json::{Value, json};

pub use merge::{Merge, Seen};
pub use readable::{clean, readable};
pub use since::{BadDuration, parse_duration};

use std::time::{Duration, SystemTime};

/// A log line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Milliseconds since 1970.
    pub at: i64,
    /// CloudWatch event id, unique; empty if the lines of one stream were read.
    pub id: String,
    /// Container name.
    pub container: String,
    /// Task id.
    pub task: String,
    /// Text of the line.
    pub message: String,
}

impl LogLine {
    fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(self.at).unwrap_or(0))
    }

    /// Returns date and time in UTC.
    pub fn date_and_clock(&self) -> (String, String) {
        let text = humantime::format_rfc3339_millis(self.time()).to_string();
        match text.trim_end_matches('Z').split_once('T') {
            Some((date, clock)) => (date.to_owned(), clock.to_owned()),
            None => (String::new(), text),
        }
    }

    /// Returns the line as JSON, unchanged.
    pub fn json(&self) -> Value {
        json!({
            "at": humantime::format_rfc3339_millis(self.time()).to_string(),
            "container": self.container,
            "task": self.task,
            "message": self.message,
        })
    }
}
