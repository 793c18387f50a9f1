//! ECS rollout during a deployment: task counts and stopped tasks.
//!
//! Evidence is collected during the deployment, since a rollback deletes failed tasks, their service and possibly their
//! logs. Its size is bounded.

use std::collections::BTreeSet;
use std::time::SystemTime;

use serde::Serialize;

use crate::timestamps::as_rfc3339;

/// Rollout of a service's newest deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rollout {
    /// Name of the service.
    pub service: String,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub state: String,
    /// Reason of the state.
    pub reason: Option<String>,
    /// Desired tasks.
    pub desired: i32,
    /// Running tasks.
    pub running: i32,
    /// Pending tasks.
    pub pending: i32,
    /// Tasks that failed to start.
    pub failed: i32,
}

impl Rollout {
    /// Returns the rollout in one line.
    pub fn line(&self) -> String {
        let state = self.state.to_lowercase().replace('_', " ");
        format!(
            "{}: {} of {} running, {} starting, {} failed ({state})",
            self.service, self.running, self.desired, self.pending, self.failed
        )
    }
}

/// An ECS deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// ARN of its task definition.
    pub task_definition: String,
    /// It is the primary deployment.
    pub primary: bool,
    /// Its rollout.
    pub rollout: Rollout,
}

/// Returns why the service does not run `task_definition` of its stack; `None` if it does or it is unknown.
pub fn abandoned(deployments: &[Deployment], task_definition: &str) -> Option<String> {
    let revision = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let ours = revision(task_definition);
    let failed = deployments.iter().find(|deployment| {
        revision(&deployment.task_definition) == ours && deployment.rollout.state == "FAILED"
    });
    if let Some(failed) = failed {
        let reason = failed.rollout.reason.clone();
        return Some(reason.unwrap_or_else(|| "no reason given by ECS".to_owned()));
    }
    let primary = deployments.iter().find(|deployment| deployment.primary)?;
    let runs = revision(&primary.task_definition);
    (runs != ours && !runs.is_empty())
        .then(|| format!("ECS rolled back to {runs}; the stack's task definition is {ours}"))
}

/// A container of a stopped task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoppedContainer {
    /// Container name.
    pub name: String,
    /// Exit code, if it ran.
    pub exit_code: Option<i32>,
    /// Reason from ECS, for example a failed image pull.
    pub reason: Option<String>,
    /// Its last log lines.
    pub last_lines: Vec<String>,
}

/// A stopped task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoppedTask {
    /// Task id.
    pub id: String,
    /// Time of the stop.
    #[serde(serialize_with = "as_rfc3339")]
    pub at: SystemTime,
    /// Stop reason.
    pub reason: String,
    /// Its containers.
    pub containers: Vec<StoppedContainer>,
}

impl StoppedTask {
    /// Returns whether ECS stopped it for scaling or a deployment, without a failure.
    pub fn ended_normally(&self) -> bool {
        if self.reason.starts_with("Scaling activity initiated") {
            return true;
        }
        // All containers stopped on request, and the reason names no failure.
        let obeyed = self
            .containers
            .iter()
            .all(|container| container.reason.is_none() && matches!(container.exit_code, Some(0 | 143)));
        let blames = |word: &&str| self.reason.contains(*word);
        obeyed && !self.containers.is_empty() && !["Essential", "failed", "Error"].iter().any(blames)
    }
}

/// Evidence about a deployment's tasks.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The latest rollout.
    pub rollout: Option<Rollout>,
    tasks: Vec<StoppedTask>,
    seen_tasks: BTreeSet<String>,
    events: Vec<String>,
}

/// Maximum number of stopped tasks kept.
const TASKS_KEPT: usize = 3;
const EVENTS_KEPT: usize = 5;
/// Maximum number of task ids remembered, to avoid repeated calls.
const IDS_KEPT: usize = 1000;

impl Evidence {
    /// Returns those of `ids` that are not known yet.
    pub fn unknown<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        ids.into_iter()
            .filter(|id| !self.seen_tasks.contains(*id))
            .map(ToOwned::to_owned)
            .collect()
    }

    /// Remembers a stopped task that explains nothing.
    pub fn pass_over(&mut self, arn: String) {
        if self.seen_tasks.len() < IDS_KEPT {
            self.seen_tasks.insert(arn);
        }
    }

    /// Adds a stopped task. Returns whether it is new.
    pub fn absorb_task(&mut self, arn: impl Into<String>, task: StoppedTask) -> bool {
        self.pass_over(arn.into());
        if task.ended_normally() || self.tasks.iter().any(|known| known.id == task.id) {
            return false;
        }
        self.tasks.push(task);
        self.tasks.sort_by_key(|task| std::cmp::Reverse(task.at));
        self.tasks.truncate(TASKS_KEPT);
        true
    }

    /// Adds service events that report problems; ECS lists the newest first.
    pub fn absorb_events<'a>(&mut self, messages: impl IntoIterator<Item = &'a str>) {
        self.events = messages
            .into_iter()
            .filter(|message| {
                let lower = message.to_lowercase();
                ["stopped", "failed", "unhealthy", "unable"]
                    .iter()
                    .any(|sign| lower.contains(sign))
            })
            .take(EVENTS_KEPT)
            .map(ToOwned::to_owned)
            .collect();
    }

    /// Returns stopped tasks, newest first.
    pub fn tasks(&self) -> &[StoppedTask] {
        &self.tasks
    }

    /// Returns why tasks stopped, as lines; empty without stopped tasks or problem events.
    pub fn stop_reasons(&self) -> Vec<String> {
        let Some(task) = self.tasks.first() else {
            return self
                .events
                .iter()
                .take(2)
                .map(|event| format!("ECS: {event}"))
                .collect();
        };
        let mut lines = vec![format!("task {} stopped: {}", short_id(&task.id), task.reason)];
        for container in &task.containers {
            let failed = container.exit_code.is_some_and(|code| code != 0) || container.reason.is_some();
            if !failed {
                continue;
            }
            let code = container
                .exit_code
                .map(|code| format!(" exited with {code}{}", exit_code_words(code)));
            let reason = container.reason.as_ref().map(|reason| format!(": {reason}"));
            lines.push(format!(
                "  {}{}{}",
                container.name,
                code.unwrap_or_default(),
                reason.unwrap_or_default()
            ));
            lines.extend(container.last_lines.iter().map(|line| format!("    | {line}")));
        }
        lines
    }

    /// Returns the hint for the stop reason, if there is one.
    pub fn hint(&self) -> Option<String> {
        self.tasks.first()?.hint()
    }
}

impl StoppedTask {
    /// Returns the hint for the stop reason, if there is one.
    pub fn hint(&self) -> Option<String> {
        let words: String = std::iter::once(self.reason.as_str())
            .chain(
                self.containers
                    .iter()
                    .filter_map(|container| container.reason.as_deref()),
            )
            .collect::<Vec<_>>()
            .join(" ");
        let has = |needle: &str| words.contains(needle);
        let killed = self
            .containers
            .iter()
            .any(|container| container.exit_code == Some(137));
        Some(
            if has("CannotPullContainer") || has("pull image") {
                "cannot pull the image: list existing images with `aws ecr describe-images`"
            } else if has("ResourceInitializationError") {
                "cannot start the task: its subnets need access to ECR, CloudWatch Logs and SSM (NAT or endpoints), and its \
                 execution role needs the permissions"
            } else if has("OutOfMemory") || killed {
                "out of memory, or killed after the stop timeout: raise `memory` in infra.toml, or exit \
                 faster on SIGTERM"
            } else if has("health checks") {
                "the container runs but fails its health check: see its log"
            } else {
                return None;
            }
            .to_owned(),
        )
    }
}

fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Returns the usual meaning of an exit code.
pub(super) fn exit_code_words(code: i32) -> &'static str {
    match code {
        64 => " (invalid settings)",
        126 | 127 => " (program not found or not executable)",
        132 | 134 | 139 => " (crashed)",
        137 => " (killed)",
        143 => " (SIGTERM)",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
