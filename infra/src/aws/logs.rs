//! Log lines: the last words of a container or a build, and all that a container writes.

use super::{Cloud, Fault};
use crate::daily::logs::LogLine;

/// A page of log lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The lines, in order of time. May be empty though there are more.
    pub lines: Vec<LogLine>,
    /// Where the next page begins, unless this was the last.
    pub next: Option<String>,
}

impl Cloud {
    /// The last lines of a stream.
    pub async fn last_lines(&self, group: &str, stream: &str, most: i32) -> Result<Vec<String>, Fault> {
        self.elsewhere.permit().await;
        let page = self
            .logs
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(stream)
            .limit(most)
            .start_from_head(false)
            .send()
            .await
            .map_err(|error| Fault::of("GetLogEvents", &error))?;
        let events = page.events.unwrap_or_default();
        Ok(events
            .into_iter()
            .filter_map(|event| event.message)
            .map(|line| line.trim_end().to_owned())
            .collect())
    }

    /// A page of what `container` wrote into a group since `from` (milliseconds since 1970), whichever task it was.
    ///
    /// `None` if there is no such group.
    pub async fn log_page(
        &self,
        group: &str,
        container: &str,
        from: i64,
        token: Option<String>,
    ) -> Result<Option<LogPage>, Fault> {
        self.elsewhere.permit().await;
        let answer = self
            .logs
            .filter_log_events()
            .log_group_name(group)
            .start_time(from)
            .set_next_token(token)
            .send()
            .await;
        let page = match answer {
            Ok(page) => page,
            Err(error) => match Fault::of("FilterLogEvents", &error) {
                fault if fault.is_not_found() => return Ok(None),
                fault => return Err(fault),
            },
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
