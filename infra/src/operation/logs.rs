//! What the containers of an environment write: all of it since a point in time, then what comes.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use super::Context;
use crate::aws::{Cloud, Fault};
use crate::console::Style;
use crate::daily::age::span;
use crate::daily::logs::{LogLine, Merge, Seen, readable};
use crate::exit::{ExitStatus, Failure};

/// Whose lines.
#[derive(Clone, Debug)]
pub struct Request {
    /// The environment, as it is typed.
    pub environment: String,
    /// Where it is.
    pub region: Option<String>,
    /// Names of the containers, each with its log group.
    pub groups: Vec<(String, String)>,
    /// From so long ago.
    pub since: Duration,
    /// Then look for more after so long, until Ctrl-C.
    pub every: Option<Duration>,
}

/// Milliseconds that a look reaches back, for lines that `CloudWatch` gives out late.
const REACH: i64 = 15_000;
/// How long AWS may be out of reach before following is given up.
const PATIENCE: Duration = Duration::from_mins(10);

/// Prints the lines.
///
/// # Errors
/// There is no log, AWS does not tell, or nobody reads our output any more.
pub async fn logs(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
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
        told_missing: false,
    };
    let mut lost_since = None;
    loop {
        let looked = tokio::select! {
            looked = reader.look() => looked,
            // The only way out of following; of anything else an interruption.
            _ = context.interrupts.beyond(0) => return Ok(match request.every {
                Some(_) => ExitStatus::Done,
                None => ExitStatus::Interrupted,
            }),
        };
        match looked {
            Ok(()) => lost_since = None,
            Err(error) => {
                let passing = error.downcast_ref::<Fault>().is_some_and(Fault::is_passing);
                let since = *lost_since.get_or_insert_with(SystemTime::now);
                if request.every.is_none() || !passing || since.elapsed().unwrap_or_default() > PATIENCE {
                    return Err(error);
                }
                context.console.detail(format!("{error}; asking again"));
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
    told_missing: bool,
}

impl Reader<'_> {
    /// Reads all groups to their ends, side by side, and prints what is new.
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
            let Some(wanted) = merge.wants() else {
                break;
            };
            let (container, group) = &groups[wanted];
            let token = tokens[wanted].take();
            if let Some(page) = self.cloud.log_page(group, container, from, token).await? {
                let last = page.next.is_none();
                tokens[wanted] = page.next;
                merge.add(wanted, page.lines, last);
            } else {
                missing.push(group.as_str());
                merge.add(wanted, Vec::new(), true);
            }
        }
        self.seen.forget();
        self.tell_missing(&missing)
    }

    fn tell_missing(&mut self, missing: &[&str]) -> Result<()> {
        let environment = &self.request.environment;
        if missing.is_empty() || self.told_missing {
            return Ok(());
        }
        let groups = missing.join(" and ");
        if missing.len() == self.request.groups.len() {
            return Err(Failure::failed(format!(
                "{environment} has no logs: there is no log group {groups}"
            ))
            .hint(format!(
                "`infra deploy {environment}` makes it; `infra status {environment}` shows what is there"
            ))
            .hint(self.context.elsewhere())
            .into());
        }
        self.told_missing = true;
        self.context
            .console
            .warn(format!("there is no log group {groups}"));
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
            console.say(format!("{date}, UTC"));
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
        console.say(format!(
            "{} wrote nothing in the last {since}.",
            self.request.environment
        ));
        console.hint("`--since 1d` looks further back, `--follow` waits for more");
    }
}
