//! One-off tasks: what they run with, and what their end means. No calls.

use std::time::Duration;

use super::rollout::{StoppedTask, exit_code_words};
use crate::exit::ExitStatus;

/// Task definition of one-off tasks, as registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDefinition {
    /// ARN with the revision.
    pub arn: String,
    /// Name of its container.
    pub container: String,
    /// Image tag.
    pub release: String,
    /// Log group of the container.
    pub log_group: String,
    /// First part of the log stream names.
    pub stream_prefix: String,
    /// Time between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
}

impl RunDefinition {
    /// Returns the name of the log stream of a task.
    pub fn log_stream(&self, task: &str) -> String {
        format!("{}/{}/{task}", self.stream_prefix, self.container)
    }
}

/// Network of a service's tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskNetwork {
    /// Subnet IDs.
    pub subnets: Vec<String>,
    /// Security group IDs.
    pub security_groups: Vec<String>,
}

/// State of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskState {
    /// Status from ECS, for example `PENDING`.
    pub status: String,
    /// How it stopped, if it has.
    pub stopped: Option<StoppedTask>,
}

/// Meaning of a stopped one-off task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Exit code of the command, or the one of a command that did not run.
    pub status: ExitStatus,
    /// What happened, in one line.
    pub message: String,
    /// Hints.
    pub hints: Vec<String>,
}

/// Reason from ECS when the only container of a task exits.
const NORMAL_REASON: &str = "Essential container in task exited";

/// Returns what the end of a task means.
pub fn ending(task: &StoppedTask) -> Ending {
    let container = task.containers.first();
    let exit_code = container.and_then(|container| container.exit_code);
    let reasons: Vec<&str> = [
        Some(task.reason.as_str()),
        container.and_then(|container| container.reason.as_deref()),
    ]
    .into_iter()
    .flatten()
    .filter(|reason| !reason.starts_with(NORMAL_REASON))
    .collect();
    let why = reasons.join("; ");
    let (status, message) = match exit_code {
        Some(code) => {
            let status = u8::try_from(code).map_or(ExitStatus::NOT_RUN, ExitStatus::Command);
            let words = exit_code_words(code);
            let message = format!("the command exited with {code}{words}");
            (
                status,
                if why.is_empty() {
                    message
                } else {
                    format!("{message}: {why}")
                },
            )
        }
        None if why.is_empty() => (
            ExitStatus::NOT_RUN,
            "the command did not run: ECS gives no reason".to_owned(),
        ),
        None => (not_started(&why), format!("the command did not run: {why}")),
    };
    let not_found = matches!(status, ExitStatus::Command(126 | 127));
    let hint = if not_found {
        Some(NOT_FOUND_HINT.to_owned())
    } else {
        task.hint()
    };
    Ending {
        status,
        message,
        hints: hint.into_iter().collect(),
    }
}

const NOT_FOUND_HINT: &str = "COMMAND is passed to the ENTRYPOINT of the image, or is the program itself if it has none; no shell runs it";

/// Returns the exit code for a container that could not start, like a shell's.
fn not_started(why: &str) -> ExitStatus {
    let why = why.to_lowercase();
    let has = |words: &str| why.contains(words);
    if !has("cannotstartcontainer") {
        ExitStatus::NOT_RUN
    } else if has("executable file not found") || has("no such file or directory") {
        ExitStatus::Command(127)
    } else if has("permission denied") {
        ExitStatus::Command(126)
    } else {
        ExitStatus::NOT_RUN
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::deployment::rollout::StoppedContainer;

    fn ended(reason: &str, exit_code: Option<i32>, container: Option<&str>) -> Ending {
        ending(&StoppedTask {
            id: "0a1b".into(),
            at: SystemTime::UNIX_EPOCH,
            reason: reason.into(),
            containers: vec![StoppedContainer {
                name: "app".into(),
                exit_code,
                reason: container.map(ToOwned::to_owned),
                last_lines: Vec::new(),
            }],
        })
    }

    #[test]
    fn exit_code_is_that_of_the_command() {
        for code in [0, 1, 3, 64, 255] {
            let ending = ended(NORMAL_REASON, Some(code), None);
            assert_eq!(i32::from(ending.status.code()), code);
        }
        // Windows has such codes, Linux does not.
        assert_eq!(ended(NORMAL_REASON, Some(256), None).status, ExitStatus::NOT_RUN);
    }

    #[test]
    fn causes_are_named_with_hint_and_code() {
        let said: Vec<_> = [
            ended(NORMAL_REASON, Some(3), None),
            ended(NORMAL_REASON, Some(127), None),
            ended(
                "OutOfMemoryError: container killed due to memory usage",
                Some(137),
                Some("OutOfMemoryError: Container killed due to memory usage"),
            ),
            ended("Task stopped by user", Some(143), None),
            ended(
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found",
                None,
                None,
            ),
            ended(
                "Essential container in task exited",
                None,
                Some("CannotStartContainerError: exec: \"migrate\": executable file not found in $PATH"),
            ),
            ended(
                "CannotStartContainerError: exec /data.sh: permission denied",
                None,
                None,
            ),
            ended(
                "ResourceInitializationError: unable to pull secrets or registry auth",
                None,
                None,
            ),
            ended(
                "Timeout waiting for network interface provisioning to complete.",
                None,
                None,
            ),
            ended("", None, None),
        ]
        .iter()
        .map(|ending| {
            let hints = ending.hints.iter().map(|hint| format!("\n     hint: {hint}"));
            format!(
                "{:>3}: {}{}",
                ending.status.code(),
                ending.message,
                hints.collect::<String>()
            )
        })
        .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
