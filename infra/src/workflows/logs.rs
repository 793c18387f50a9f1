//! Container logs of an environment: from a point in time, then new lines.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use super::Context;
use crate::aws::{AwsError, Cloud};
use crate::console::Style;
use crate::exit::{ExitStatus, Failure};
use crate::logs::{LogLine, Merge, Seen, readable};
use crate::timestamps::span;

/// Input.
#[derive(Clone, Debug)]
pub struct Request {
    /// Environment as typed.
    pub environment: String,
    /// Its region.
    pub region: Option<String>,
    /// Container names with their log groups.
    pub groups: Vec<(String, String)>,
    /// How far back to start.
    pub since: Duration,
    /// Polling interval for new lines, until Ctrl-C.
    pub every: Option<Duration>,
}

/// Overlap of polls in milliseconds, for lines that `CloudWatch` delivers late.
const REACH: i64 = 15_000;
/// Longest outage of AWS tolerated while following.
const PATIENCE: Duration = Duration::from_mins(10);

/// Prints the lines.
///
/// # Errors
/// No log groups, AWS cannot be read, or stdout is closed.
pub async fn logs(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let _handling = context.interrupts.handle();
    let cloud = context.cloud(request.region.as_deref())?;
    let began = SystemTime::now()
        .checked_sub(request.since)
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let began = began.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mut reader = Reader {
        context,
        cloud,
        request,
        seen: Seen::new(i64::try_from(began.as_millis()).unwrap_or(0), REACH),
        printed: 0,
        date: String::new(),
        reported_missing: false,
    };
    let mut lost_since = None;
    loop {
        let looked = tokio::select! {
            looked = reader.look() => looked,
            // Ctrl-C is the normal end of following; otherwise it is an interruption.
            _ = context.interrupts.beyond(0) => return Ok(match request.every {
                Some(_) => ExitStatus::Done,
                None => ExitStatus::Interrupted,
            }),
        };
        match looked {
            Ok(()) => lost_since = None,
            Err(error) => {
                let passing = error.downcast_ref::<AwsError>().is_some_and(AwsError::is_passing);
                let since = *lost_since.get_or_insert_with(SystemTime::now);
                if request.every.is_none() || !passing || since.elapsed().unwrap_or_default() > PATIENCE {
                    return Err(error);
                }
                context.console.detail(format!("{error}; retrying"));
            }
        }
        let Some(every) = request.every else {
            reader.conclude();
            return Ok(ExitStatus::Done);
        };
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = context.interrupts.beyond(0) => return Ok(ExitStatus::Done),
        }
    }
}

struct Reader<'a> {
    context: &'a Context<'a>,
    cloud: &'a Cloud,
    request: &'a Request,
    seen: Seen,
    printed: usize,
    date: String,
    reported_missing: bool,
}

impl Reader<'_> {
    /// Reads all groups to their ends concurrently and prints new lines.
    async fn look(&mut self) -> Result<()> {
        let groups = &self.request.groups;
        let from = self.seen.from();
        let mut merge = Merge::new(groups.len());
        let mut tokens: Vec<Option<String>> = vec![None; groups.len()];
        let mut missing = Vec::new();
        loop {
            while let Some(line) = merge.take() {
                self.print(&line)?;
            }
            let Some(source) = merge.needs_page() else {
                break;
            };
            let (container, group) = &groups[source];
            let token = tokens[source].take();
            if let Some(page) = self.cloud.log_page(group, container, from, token).await? {
                let last = page.next.is_none();
                tokens[source] = page.next;
                merge.add(source, page.lines, last);
            } else {
                missing.push(group.as_str());
                merge.add(source, Vec::new(), true);
            }
        }
        self.seen.forget();
        self.report_missing(&missing)
    }

    fn report_missing(&mut self, missing: &[&str]) -> Result<()> {
        let environment = &self.request.environment;
        if missing.is_empty() || self.reported_missing {
            return Ok(());
        }
        let groups = missing.join(" and ");
        if missing.len() == self.request.groups.len() {
            return Err(
                Failure::failed(format!("{environment} has no logs: no such log group: {groups}"))
                    .hint(format!(
                        "create it with `infra deploy {environment}`; see `infra status {environment}`"
                    ))
                    .hint(self.context.elsewhere())
                    .into(),
            );
        }
        self.reported_missing = true;
        self.context.console.warn(format!("no such log group: {groups}"));
        Ok(())
    }

    fn print(&mut self, line: &LogLine) -> Result<()> {
        if !self.seen.is_new(line) {
            return Ok(());
        }
        self.printed += 1;
        let console = self.context.console;
        if console.json() {
            return console.data_line(line.json()).context("cannot print the logs");
        }
        let (date, clock) = line.date_and_clock();
        if date != self.date {
            console.info(format!("{date}, UTC"));
            self.date = date;
        }
        let width = self
            .request
            .groups
            .iter()
            .map(|(name, _)| name.len())
            .max()
            .unwrap_or(0);
        let style = match self
            .request
            .groups
            .iter()
            .position(|(name, _)| *name == line.container)
        {
            Some(0) => Style::Cyan,
            _ => Style::Magenta,
        };
        let task = line.task.get(..6).unwrap_or(&line.task);
        let clock = clock.get(..8).unwrap_or(&clock);
        let prefix = format!("{clock} {task} {:width$} |", line.container);
        let prefix = console.paint_out().apply(style, &prefix);
        let text = readable(&line.message);
        console
            .data_line(format_args!("{prefix} {text}"))
            .context("cannot print the logs")
    }

    fn conclude(&self) {
        if self.printed > 0 {
            return;
        }
        let console = self.context.console;
        let since = span(self.request.since);
        console.info(format!(
            "No log lines from {} in the last {since}.",
            self.request.environment
        ));
        console.hint("`--since 1d` starts earlier, `--follow` waits for new lines");
    }
}
