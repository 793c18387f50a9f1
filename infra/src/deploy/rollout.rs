//! What ECS does while CloudFormation waits: the rollout in numbers, and the tasks that died.
//!
//! A rollback deletes the failed tasks, their service and sometimes their logs. So evidence is gathered *during* the
//! deployment and kept here, a bounded amount of it, to be told when the deployment has failed.

use std::collections::BTreeSet;
use std::time::SystemTime;

/// The rollout of a service's newest deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// Name of the service.
    pub service: String,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub state: String,
    /// ECS' words on it.
    pub reason: Option<String>,
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks that run.
    pub running: i32,
    /// Tasks that start.
    pub pending: i32,
    /// Tasks that failed to start.
    pub failed: i32,
}

impl Rollout {
    /// The rollout in one line.
    pub fn line(&self) -> String {
        let state = self.state.to_lowercase().replace('_', " ");
        format!(
            "{}: {} of {} running, {} starting, {} failed ({state})",
            self.service, self.running, self.desired, self.pending, self.failed
        )
    }
}

/// A container of a task that stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedContainer {
    /// Its name in the task.
    pub name: String,
    /// Its exit code, if it ran at all.
    pub exit_code: Option<i32>,
    /// ECS' words, as for an image that cannot be pulled.
    pub reason: Option<String>,
    /// The last lines of its log.
    pub last_lines: Vec<String>,
}

/// A task that stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedTask {
    /// The last part of its ARN.
    pub id: String,
    /// When it stopped.
    pub at: SystemTime,
    /// ECS' words.
    pub reason: String,
    /// Its containers.
    pub containers: Vec<StoppedContainer>,
}

impl StoppedTask {
    /// ECS ended it since a deployment or scaling no longer wants it: no sign of trouble.
    pub fn ended_normally(&self) -> bool {
        if self.reason.starts_with("Scaling activity initiated") {
            return true;
        }
        // All its containers went when they were asked to, and nobody is blamed.
        let obeyed = self
            .containers
            .iter()
            .all(|container| container.reason.is_none() && matches!(container.exit_code, Some(0 | 143)));
        let blames = |word: &&str| self.reason.contains(*word);
        obeyed && !self.containers.is_empty() && !["Essential", "failed", "Error"].iter().any(blames)
    }
}

/// What has been learned about a deployment's tasks so far.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The latest look at the rollout.
    pub rollout: Option<Rollout>,
    tasks: Vec<StoppedTask>,
    seen_tasks: BTreeSet<String>,
    events: Vec<String>,
}

/// Tasks of which everything is kept; more of them die the same death.
const TASKS_KEPT: usize = 3;
const EVENTS_KEPT: usize = 5;
/// Ids remembered, so that a task is not asked for twice.
const IDS_KEPT: usize = 200;

impl Evidence {
    /// Those of `ids` that nothing is known about yet and whose details are worth a call.
    pub fn unknown<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        ids.into_iter()
            .filter(|id| !self.seen_tasks.contains(*id))
            .take(TASKS_KEPT)
            .map(ToOwned::to_owned)
            .collect()
    }

    /// Keeps a task that died. Returns true if it is news.
    pub fn absorb_task(&mut self, arn: &str, task: StoppedTask) -> bool {
        if self.seen_tasks.len() < IDS_KEPT {
            self.seen_tasks.insert(arn.to_owned());
        }
        if task.ended_normally() || self.tasks.iter().any(|known| known.id == task.id) {
            return false;
        }
        self.tasks.push(task);
        self.tasks.sort_by_key(|task| std::cmp::Reverse(task.at));
        self.tasks.truncate(TASKS_KEPT);
        true
    }

    /// Keeps those service events that tell of trouble, newest first as ECS gives them.
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

    /// The tasks that died, newest first.
    pub fn tasks(&self) -> &[StoppedTask] {
        &self.tasks
    }

    /// What killed the tasks, in lines; empty if none died and no event tells of trouble.
    pub fn cause_of_death(&self) -> Vec<String> {
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

    /// A remedy for what killed the tasks, where the words of ECS tell.
    pub fn hint(&self) -> Option<String> {
        let task = self.tasks.first()?;
        let words: String = std::iter::once(task.reason.as_str())
            .chain(
                task.containers
                    .iter()
                    .filter_map(|container| container.reason.as_deref()),
            )
            .collect::<Vec<_>>()
            .join(" ");
        let has = |needle: &str| words.contains(needle);
        let killed = task
            .containers
            .iter()
            .any(|container| container.exit_code == Some(137));
        Some(
            if has("CannotPullContainer") || has("pull image") {
                "the image cannot be pulled: `aws ecr describe-images` lists those that exist"
            } else if has("ResourceInitializationError") {
                "the task could not start: its subnets need a way to ECR, logs and SSM (NAT or endpoints), and its \
                 execution role the permissions"
            } else if has("OutOfMemory") || killed {
                "out of memory, or still running when its stop timeout was over: raise `memory` in infra.toml, or end \
                 sooner on SIGTERM"
            } else if has("health checks") {
                "the container runs but does not answer its health check: its log says why"
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

/// What an exit code usually means, in brackets.
fn exit_code_words(code: i32) -> &'static str {
    match code {
        64 => " (its settings were refused)",
        126 | 127 => " (the program was not found or may not run)",
        132 | 134 | 139 => " (it crashed)",
        137 => " (killed)",
        143 => " (asked to stop)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn task(id: &str, second: u64, reason: &str, containers: Vec<StoppedContainer>) -> StoppedTask {
        StoppedTask {
            id: id.into(),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
            reason: reason.into(),
            containers,
        }
    }

    #[test]
    fn the_newest_death_is_told_with_exit_code_and_last_words() {
        let mut evidence = Evidence::default();
        let app = StoppedContainer {
            name: "app".into(),
            exit_code: Some(64),
            reason: None,
            last_lines: vec!["error: APP_LISTEN: \"x\" is no address".into()],
        };
        let proxy = StoppedContainer {
            name: "proxy".into(),
            exit_code: Some(0),
            ..StoppedContainer::default()
        };
        evidence.absorb_task("arn/1", task("0123456789", 1, "older", Vec::new()));
        assert!(evidence.absorb_task(
            "arn/2",
            task(
                "abcdefghijk",
                2,
                "Essential container in task exited",
                vec![proxy, app]
            )
        ));
        insta::assert_snapshot!(evidence.cause_of_death().join("\n"), @r#"
        task abcdefgh stopped: Essential container in task exited
          app exited with 64 (its settings were refused)
            | error: APP_LISTEN: "x" is no address
        "#);
    }

    #[test]
    fn evidence_stays_small_however_many_tasks_die() {
        let mut evidence = Evidence::default();
        for n in 0..1000_u64 {
            evidence.absorb_task(&format!("arn/{n}"), task(&n.to_string(), n, "died", Vec::new()));
        }
        assert_eq!(evidence.tasks().len(), TASKS_KEPT);
        assert_eq!(evidence.tasks()[0].id, "999");
        assert_eq!(evidence.unknown(["arn/3", "arn/x"]), ["arn/x"]);
    }

    #[test]
    fn tasks_that_scaling_ended_are_no_evidence() {
        let mut evidence = Evidence::default();
        let reason = "Scaling activity initiated by (deployment ecs-svc/123)";
        assert!(!evidence.absorb_task("arn/1", task("1", 1, reason, Vec::new())));
        let obeyed = |reason: &str| {
            let code = |code| StoppedContainer {
                exit_code: Some(code),
                ..StoppedContainer::default()
            };
            task("2", 1, reason, vec![code(0), code(143)])
        };
        assert!(obeyed("Deployment completed").ended_normally());
        assert!(!obeyed("Essential container in task exited").ended_normally());
        assert!(!obeyed("Task failed ELB health checks").ended_normally());
        assert!(evidence.cause_of_death().is_empty());
        evidence.absorb_events([
            "(service web) has reached a steady state.",
            "(service web) (task 1) failed ELB health checks",
        ]);
        assert_eq!(
            evidence.cause_of_death(),
            ["ECS: (service web) (task 1) failed ELB health checks"]
        );
    }

    #[test]
    fn an_image_that_cannot_be_pulled_has_a_remedy() {
        let mut evidence = Evidence::default();
        evidence.absorb_task(
            "arn/1",
            task("1", 1, "CannotPullContainerError: manifest unknown", Vec::new()),
        );
        assert!(
            evidence
                .hint()
                .is_some_and(|hint| hint.contains("describe-images"))
        );
    }
}
