//! Follows a one-off task and its log until it has ended.

use std::time::Instant;

use anyhow::{Context as _, Result};

use super::{Place, Request};
use crate::aws::{AwsError, Cloud};
use crate::deployment::one_off::{Ending, RunDefinition, ending};
use crate::deployment::rollout::StoppedTask;
use crate::exit::{ExitStatus, Failure, is_broken_pipe};
use crate::logs::{LogLine, readable};
use crate::report::event::Event;
use crate::timestamps::span;
use crate::workflows::Context;

/// A started task.
pub(super) struct Task<'a> {
    context: &'a Context<'a>,
    cloud: &'a Cloud,
    request: &'a Request,
    definition: &'a RunDefinition,
    cluster: &'a str,
    arn: String,
    id: String,
    began: Instant,
    /// Last status reported.
    status: String,
    /// Position in the log stream; `None` until the stream exists.
    position: Option<String>,
    /// Why the log cannot be read.
    log_denied: bool,
    /// Stdout is closed; the task is still followed for its exit code.
    out_closed: bool,
    /// Why the task was asked to stop.
    stopping: Option<Stop>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Interrupt,
    Timeout,
}

/// What woke the loop.
enum Wake {
    Tick,
    Interrupt(u32),
    Timeout,
}

impl<'a> Task<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        cloud: &'a Cloud,
        request: &'a Request,
        place: &'a Place,
        arn: String,
    ) -> Self {
        let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
        Self {
            context,
            cloud,
            request,
            definition: &place.definition,
            cluster: &place.cluster,
            arn,
            id,
            began: Instant::now(),
            status: String::new(),
            position: None,
            log_denied: false,
            out_closed: false,
            stopping: None,
        }
    }

    /// Prints the log until the task has ended, and returns the exit code of its command.
    pub(super) async fn follow(mut self) -> Result<ExitStatus> {
        let mut presses = 0;
        let mut lost_since: Option<Instant> = None;
        loop {
            match self.look().await {
                Ok(Some(stopped)) => return self.conclude(&stopped).await,
                Ok(None) => lost_since = None,
                Err(error) => {
                    let since = *lost_since.get_or_insert_with(Instant::now);
                    if !error.is_passing() || since.elapsed() > self.request.tempo.patience {
                        return Err(self.lost(&error).into());
                    }
                    self.context.console.detail(format!("{error}; retrying"));
                }
            }
            match self.wait(presses).await {
                Wake::Tick => {}
                Wake::Interrupt(count) => {
                    presses = count;
                    if self.stopping.is_some() || !self.stop(Stop::Interrupt).await {
                        self.explain_leaving();
                        return Ok(ExitStatus::Interrupted);
                    }
                }
                Wake::Timeout => {
                    if !self.stop(Stop::Timeout).await {
                        let what = "the time is over, but the task cannot be stopped";
                        return Err(self
                            .with_commands(Failure::new(ExitStatus::TIMED_OUT, what))
                            .into());
                    }
                }
            }
        }
    }

    async fn wait(&self, presses: u32) -> Wake {
        let left = match self.stopping {
            None => self
                .request
                .timeout
                .map(|timeout| timeout.saturating_sub(self.began.elapsed())),
            Some(_) => None,
        };
        let over = async {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            count = self.context.interrupts.beyond(presses) => Wake::Interrupt(count),
            () = over => Wake::Timeout,
            () = tokio::time::sleep(self.request.tempo.every) => Wake::Tick,
        }
    }

    /// Reads state and log once. Returns how the task stopped, if it has.
    async fn look(&mut self) -> Result<Option<StoppedTask>, AwsError> {
        // A new task is unknown for a moment.
        let state = self.cloud.task_state(self.cluster, &self.arn).await?;
        if state.is_none() && self.began.elapsed() > self.request.tempo.patience {
            return Err(AwsError::Refused {
                operation: "DescribeTasks",
                code: "MISSING".to_owned(),
                message: format!("ECS does not know task {}", self.id),
            });
        }
        let Some(state) = state else {
            return Ok(None);
        };
        if state.status != self.status {
            if state.stopped.is_none() {
                let words = state.status.to_lowercase().replace('_', " ");
                self.context.info(format!("Task {}: {words}", self.short_id()));
            }
            self.status.clone_from(&state.status);
        }
        self.read_log().await?;
        Ok(state.stopped)
    }

    /// Prints new lines. Returns how many there were.
    async fn read_log(&mut self) -> Result<usize, AwsError> {
        let mut count = 0;
        let stream = self.definition.log_stream(&self.id);
        while !self.log_denied {
            let before = self.position.clone();
            let page = self
                .cloud
                .stream_page(&self.definition.log_group, &stream, before.clone())
                .await;
            match page {
                Ok(None) => break,
                Ok(Some(page)) => {
                    count += page.lines.len();
                    for line in &page.lines {
                        self.print(line);
                    }
                    self.position = page.next.or(before.clone());
                    // At the end, CloudWatch returns the token that it was given.
                    if self.position == before {
                        break;
                    }
                }
                Err(error @ AwsError::Denied { .. }) => {
                    self.context
                        .console
                        .warn(format!("cannot show the output: {error}"));
                    self.log_denied = true;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }

    fn print(&mut self, line: &LogLine) {
        if self.out_closed {
            return;
        }
        let console = self.context.console;
        let printed = if console.json() {
            console.data_line(line.json())
        } else {
            console.data_line(readable(&line.message))
        };
        if let Err(error) = printed.context("cannot print the output") {
            self.out_closed = true;
            if !is_broken_pipe(&error) {
                console.warn(format!("{error:#}"));
            }
        }
    }

    /// Asks ECS to stop the task. Returns whether it will.
    async fn stop(&mut self, why: Stop) -> bool {
        let (by, because) = match why {
            Stop::Interrupt => ("Ctrl-C", "Ctrl-C"),
            Stop::Timeout => (self.request.timeout_name, "The time is over"),
        };
        let reason = &format!("Stopped by {by} of infra");
        if let Err(error) = self.cloud.stop_task(self.cluster, &self.arn, reason).await {
            self.context
                .console
                .warn(format!("cannot stop the task: {error}"));
            return false;
        }
        self.stopping = Some(why);
        self.context.info(format!(
            "{because}: stopping the task with SIGTERM, after {} with SIGKILL; Ctrl-C leaves it",
            span(self.definition.stop_timeout)
        ));
        true
    }

    /// Prints the rest of the log, then returns the result.
    async fn conclude(mut self, task: &StoppedTask) -> Result<ExitStatus> {
        let Ending {
            status,
            message,
            hints,
        } = ending(task);
        let ran = task
            .containers
            .iter()
            .any(|container| container.exit_code.is_some());
        if ran {
            self.read_rest().await;
        }
        if self.context.console.json() {
            self.context.reporter.report(&Event::TaskStopped {
                stack: self.request.stack.name.clone(),
                task: self.id.clone(),
                reason: task.reason.clone(),
                exit_codes: task
                    .containers
                    .iter()
                    .map(|container| (container.name.clone(), container.exit_code))
                    .collect(),
            });
        }
        match self.stopping {
            Some(Stop::Interrupt) => {
                self.context.info(format!("Stopped: {message}"));
                return Ok(ExitStatus::Interrupted);
            }
            Some(Stop::Timeout) => {
                let after = self.request.timeout.map(span).unwrap_or_default();
                let what = format!("stopped after {after}: {message}");
                return Err(Failure::new(ExitStatus::TIMED_OUT, what)
                    .hint(format!(
                        "`{}` sets the longest time, including the start of the task",
                        self.request.timeout_name
                    ))
                    .into());
            }
            None => {}
        }
        if status == ExitStatus::Command(0) {
            self.context.info(format!(
                "The command succeeded after {}",
                span(self.began.elapsed())
            ));
            return Ok(ExitStatus::Done);
        }
        let failure = Failure::new(status, message);
        Err(hints.into_iter().fold(failure, Failure::hint).into())
    }

    /// Reads the log until no line has come for a while: the last ones arrive after the end of the task.
    async fn read_rest(&mut self) {
        let tempo = self.request.tempo;
        let mut last = Instant::now();
        loop {
            match self.read_log().await {
                Ok(0) => {}
                Ok(_) => last = Instant::now(),
                Err(error) => self.context.console.detail(format!("{error}; retrying")),
            }
            let absent = self.position.is_none() && !self.log_denied;
            let longest = if absent { tempo.absent } else { tempo.quiet };
            if last.elapsed() >= longest {
                if absent {
                    let group = &self.definition.log_group;
                    self.context.console.warn(format!(
                        "no output arrived in log group {group}; it may follow: {}",
                        self.logs_command()
                    ));
                }
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(tempo.every) => {}
                // The result is known.
                _ = self.context.interrupts.beyond(self.context.interrupts.count()) => return,
            }
        }
    }

    fn lost(&self, error: &AwsError) -> Failure {
        let id = self.short_id();
        // Without the hints of the error: running the command again would start a second task.
        self.with_commands(Failure::new(
            ExitStatus::NOT_RUN,
            format!("lost sight of task {id}, which continues: {error}"),
        ))
    }

    fn explain_leaving(&self) {
        let console = self.context.console;
        console.info(format!("Left task {}; AWS continues.", self.short_id()));
        for command in self.commands() {
            console.hint(command);
        }
    }

    fn with_commands(&self, failure: Failure) -> Failure {
        self.commands().into_iter().fold(failure, Failure::hint)
    }

    /// Commands for a task that is no longer followed.
    fn commands(&self) -> [String; 2] {
        [
            format!("output: {}", self.logs_command()),
            format!(
                "stop it: `aws ecs stop-task --cluster {} --task {} --region {}`",
                self.cluster,
                self.id,
                self.cloud.region()
            ),
        ]
    }

    fn logs_command(&self) -> String {
        format!(
            "`infra logs {} --container app --follow`",
            self.request.environment
        )
    }

    fn short_id(&self) -> &str {
        self.id.get(..8).unwrap_or(&self.id)
    }
}
