//! CloudWatch log lines: the last ones of a stream, and pages of a container's lines.

use super::{AwsError, Cloud, if_found};
use crate::logs::LogLine;

/// A page of log lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// Lines in order of time. May be empty although more pages follow.
    pub lines: Vec<LogLine>,
    /// Token of the next page, unless this is the last.
    pub next: Option<String>,
}

impl Cloud {
    /// Returns the last lines of a stream.
    pub async fn last_lines(&self, group: &str, stream: &str, most: i32) -> Result<Vec<String>, AwsError> {
        let page = call!(self.logs => "GetLogEvents",
            get_log_events().log_group_name(group).log_stream_name(stream).limit(most)
                .start_from_head(false))?;
        let events = page.events.unwrap_or_default();
        Ok(events
            .into_iter()
            .filter_map(|event| event.message)
            .map(|line| line.trim_end().to_owned())
            .collect())
    }

    /// Returns a page of a stream, from its start or from a token. The token of the last page is its own token: pass it again
    /// later. `None` if the stream does not exist yet.
    pub async fn stream_page(
        &self,
        group: &str,
        stream: &str,
        token: Option<String>,
    ) -> Result<Option<LogPage>, AwsError> {
        let page = call!(self.logs => "GetLogEvents",
            get_log_events().log_group_name(group).log_stream_name(stream).start_from_head(true)
                .set_next_token(token));
        let Some(page) = if_found(page)? else {
            return Ok(None);
        };
        let mut parts = stream.rsplit('/');
        let task = parts.next().unwrap_or_default();
        let container = parts.next().unwrap_or_default();
        let lines = page.events.unwrap_or_default().into_iter().map(|event| LogLine {
            at: event.timestamp.unwrap_or_default(),
            id: String::new(),
            container: container.to_owned(),
            task: task.to_owned(),
            message: event.message.unwrap_or_default(),
        });
        Ok(Some(LogPage {
            lines: lines.collect(),
            next: page.next_forward_token,
        }))
    }

    /// Returns a page of the lines of `container` in a group since `from` (milliseconds since 1970), of all tasks.
    ///
    /// `None` if the group does not exist.
    pub async fn log_page(
        &self,
        group: &str,
        container: &str,
        from: i64,
        token: Option<String>,
    ) -> Result<Option<LogPage>, AwsError> {
        let page = call!(self.logs => "FilterLogEvents",
            filter_log_events().log_group_name(group).start_time(from).set_next_token(token));
        let Some(page) = if_found(page)? else {
            return Ok(None);
        };
        let lines = page.events.unwrap_or_default().into_iter().map(|event| {
            let stream = event.log_stream_name.unwrap_or_default();
            LogLine {
                at: event.timestamp.unwrap_or_default(),
                id: event.event_id.unwrap_or_default(),
                container: container.to_owned(),
                task: stream.rsplit('/').next().unwrap_or_default().to_owned(),
                message: event.message.unwrap_or_default(),
            }
        });
        Ok(Some(LogPage {
            lines: lines.collect(),
            next: page.next_token,
        }))
    }
}
