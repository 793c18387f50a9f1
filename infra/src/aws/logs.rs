//! Log lines: the last words of a container.

use super::{Cloud, Fault};

impl Cloud {
    /// The last lines of a stream.
    pub async fn last_lines(&self, group: &str, stream: &str, most: i32) -> Result<Vec<String>, Fault> {
        self.pace.permit().await;
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
}
