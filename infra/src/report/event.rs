//! Events of an operation, printed as text, as JSON lines (`--json`) or to the log file.
//!
//! README.md documents the fields. They are stable: fields may be added, never redefined.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::plan::Widening;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The plan of a stack.
    Plan {
        /// The stack.
        stack: String,
        /// `create`, `update`, `later` (after its dependencies), `none`, `delete`.
        action: &'static str,
        /// The changes in the change set.
        changes: Vec<PlannedChange>,
        /// Wider access; missing if it cannot be determined.
        #[serde(rename = "broadening", skip_serializing_if = "Option::is_none")]
        widening: Option<Vec<Widening>>,
    },
    /// An operation started, or a running one was joined.
    Started {
        /// The stack.
        stack: String,
        /// `create`, `update`, `delete`, `rollback`, `attach`.
        operation: &'static str,
    },
    /// A resource changed its status.
    Resource {
        /// The stack.
        stack: String,
        /// Logical id.
        resource: String,
        /// Resource type.
        kind: String,
        /// CloudFormation's status.
        status: String,
        /// CloudFormation's reason.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The task counts of an ECS rollout changed.
    Rollout {
        /// The stack.
        stack: String,
        /// The service.
        service: String,
        /// `IN_PROGRESS`, `COMPLETED`, `FAILED`.
        state: String,
        /// Desired tasks.
        desired: i32,
        /// Running tasks.
        running: i32,
        /// Pending tasks.
        pending: i32,
        /// Tasks that failed to start.
        failed: i32,
    },
    /// A task stopped.
    TaskStopped {
        /// The stack.
        stack: String,
        /// Task id.
        task: String,
        /// The stop reason from ECS.
        reason: String,
        /// Exited containers with their exit codes.
        exit_codes: Vec<(String, Option<i32>)>,
    },
    /// An operation ended.
    Finished {
        /// The stack.
        stack: String,
        /// CloudFormation's status.
        status: String,
        /// Whether the operation succeeded.
        ok: bool,
        /// Duration in seconds.
        seconds: u64,
        /// The stack's outputs.
        outputs: Vec<(String, String)>,
    },
    /// Any other message.
    Notice {
        /// The message text.
        message: String,
    },
}

/// A change of [`Event::Plan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedChange {
    /// `add`, `change`, `replace`, `may replace`, `delete`, `forget`, `import`.
    pub action: String,
    /// Logical id.
    pub resource: String,
    /// Resource type.
    pub kind: String,
}

impl Event {
    /// Returns the event as a line of JSON with its time.
    pub fn json(&self, at: SystemTime) -> String {
        #[derive(Serialize)]
        struct Line<'a> {
            at: String,
            #[serde(flatten)]
            event: &'a Event,
        }
        let line = Line {
            at: humantime::format_rfc3339_seconds(at).to_string(),
            event: self,
        };
        // Serialization of strings, numbers and lists does not fail.
        serde_json::to_string(&line)
            .unwrap_or_else(|error| format!("{{\"type\":\"notice\",\"message\":\"{error}\"}}"))
    }

    /// Returns the event as a line of text; `None` for plans, which are printed separately.
    pub fn line(&self, elapsed: Duration) -> Option<String> {
        let clock = clock(elapsed);
        Some(match self {
            Self::Plan { .. } => return None,
            Self::Started { stack, operation } => {
                let words = match *operation {
                    "create" => "creating",
                    "update" => "updating",
                    "delete" => "deleting",
                    "rollback" => "rolling back",
                    _ => "waiting for the running operation",
                };
                format!("{clock}  {stack}: {words}")
            }
            Self::Resource {
                stack,
                resource,
                kind,
                status,
                reason,
            } => {
                let words = status_words(status);
                let reason = reason.as_deref().filter(|_| status.ends_with("_FAILED"));
                let reason =
                    reason.map(|reason| format!(": {}", crate::deployment::diagnosis::one_line(reason)));
                let kind = kind.strip_prefix("AWS::").unwrap_or(kind);
                format!(
                    "{clock}  {stack}  {words:<12} {resource} ({kind}){}",
                    reason.unwrap_or_default()
                )
            }
            Self::Rollout {
                stack,
                service,
                running,
                desired,
                pending,
                failed,
                ..
            } => format!(
                "{clock}  {stack}  service {service}: {running} of {desired} running, {pending} starting, {failed} failed"
            ),
            Self::TaskStopped {
                stack,
                task,
                reason,
                exit_codes,
            } => {
                let codes: Vec<_> = exit_codes
                    .iter()
                    .filter_map(|(name, code)| code.map(|code| format!("{name} exited with {code}")))
                    .collect();
                let codes = if codes.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", codes.join(", "))
                };
                format!(
                    "{clock}  {stack}  task {} stopped: {reason}{codes}",
                    task.get(..8).unwrap_or(task)
                )
            }
            Self::Finished {
                stack,
                status,
                seconds,
                ..
            } => format!(
                "{clock}  {stack}: {} after {}",
                status_words(status),
                duration(*seconds)
            ),
            Self::Notice { message } => message.clone(),
        })
    }
}

/// Formats a duration as a column of minutes and seconds.
pub fn clock(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    format!("{:>3}:{:02}", seconds / 60, seconds % 60)
}

fn duration(seconds: u64) -> String {
    if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// Returns the words for a CloudFormation status.
pub fn status_words(status: &str) -> &'static str {
    match status {
        "CREATE_IN_PROGRESS" => "creating",
        "CREATE_COMPLETE" => "created",
        "UPDATE_IN_PROGRESS" => "updating",
        "UPDATE_COMPLETE" => "updated",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" => "cleaning up",
        "CREATE_FAILED"
        | "UPDATE_FAILED"
        | "DELETE_FAILED"
        | "UPDATE_ROLLBACK_FAILED"
        | "ROLLBACK_FAILED" => "FAILED",
        "DELETE_IN_PROGRESS" => "deleting",
        "DELETE_COMPLETE" => "deleted",
        "DELETE_SKIPPED" => "retained",
        "ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_IN_PROGRESS"
        | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" => "rolling back",
        "ROLLBACK_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" => "rolled back",
        "IMPORT_IN_PROGRESS" => "importing",
        "IMPORT_COMPLETE" => "imported",
        "REVIEW_IN_PROGRESS" => "in review",
        _ => "changing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_line_has_time_and_type() {
        let event = Event::Finished {
            stack: "DevCluster".into(),
            status: "CREATE_COMPLETE".into(),
            ok: true,
            seconds: 75,
            outputs: vec![("Url".into(), "http://x".into())],
        };
        insta::assert_snapshot!(
            event.json(SystemTime::UNIX_EPOCH),
            @r#"{"at":"1970-01-01T00:00:00Z","type":"finished","stack":"DevCluster","status":"CREATE_COMPLETE","ok":true,"seconds":75,"outputs":[["Url","http://x"]]}"#
        );
        assert_eq!(
            event.line(Duration::from_secs(80)).as_deref(),
            Some("  1:20  DevCluster: created after 1 min 15 s")
        );
    }

    #[test]
    fn only_failed_resources_show_their_reason() {
        let event = |status: &str| Event::Resource {
            stack: "DevCluster".into(),
            resource: "Vpc".into(),
            kind: "AWS::EC2::VPC".into(),
            status: status.into(),
            reason: Some("the limit.".into()),
        };
        let line = |status| event(status).line(Duration::ZERO).unwrap();
        assert_eq!(
            line("CREATE_FAILED"),
            "  0:00  DevCluster  FAILED       Vpc (EC2::VPC): the limit"
        );
        assert_eq!(
            line("CREATE_IN_PROGRESS"),
            "  0:00  DevCluster  creating     Vpc (EC2::VPC)"
        );
    }
}
