//! Diagnosis of a failed operation.
//!
//! Lists the root cause first, then the stopped tasks, then the number of cascading failures. Hints are printed last.

use super::condition::Ending;
use super::progress::Progress;
use super::reason::Reason;
use super::rollout::Evidence;

/// A diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// Outcome of the stack in one line.
    pub headline: String,
    /// Causes, the root cause first.
    pub lines: Vec<String>,
    /// Suggested commands.
    pub hints: Vec<String>,
}

impl Diagnosis {
    /// Returns the headline with the causes indented below it.
    pub fn text(&self) -> String {
        let mut text = self.headline.clone();
        for line in &self.lines {
            text.push_str("\n  ");
            text.push_str(line);
        }
        text
    }
}

/// Maximum number of failed resources listed.
const CAUSES_TOLD: usize = 3;

/// Diagnoses a failed operation. `console_link` points to the stack's events.
pub fn diagnose(progress: &Progress, evidence: &Evidence, console_link: &str) -> Diagnosis {
    let mut lines = Vec::new();
    let mut hints = Vec::new();
    let failures = progress.failures();
    for failure in failures.iter().take(CAUSES_TOLD) {
        let reason = one_line(&failure.reason);
        lines.push(format!("{} ({}): {reason}", failure.resource, failure.kind));
        hints.extend(Reason::of(&failure.reason).hint());
    }
    if failures.is_empty() {
        lines.extend(progress.status_reason.as_deref().map(one_line));
    }
    lines.extend(evidence.stop_reasons());
    // Stopped tasks explain more than "did not stabilize".
    if let Some(hint) = evidence.hint() {
        hints.insert(0, hint);
    }
    let more = failures.len().saturating_sub(CAUSES_TOLD);
    match (more, progress.cascades()) {
        (0, 0) => {}
        (0, 1) => lines.push("1 other resource was cancelled".to_owned()),
        (0, cascades) => lines.push(format!("{cascades} other resources were cancelled")),
        (more, cascades) => lines.push(format!(
            "{} other resources failed or were cancelled",
            more + cascades
        )),
    }
    lines.push(format!("events: {console_link}"));
    let stack = &progress.stack;
    hints.extend(next_command(stack, &progress.status));
    hints.dedup();
    Diagnosis {
        headline: format!("{stack}: {}", outcome(&progress.status)),
        lines,
        hints,
    }
}

fn outcome(status: &str) -> String {
    match status {
        "ROLLBACK_COMPLETE" => "creation failed; its resources were deleted".into(),
        "UPDATE_ROLLBACK_COMPLETE" => "update failed and was rolled back".into(),
        "UPDATE_ROLLBACK_FAILED" => "update failed, and so did its rollback".into(),
        "ROLLBACK_FAILED" => "creation failed, and so did the deletion of its resources".into(),
        "DELETE_FAILED" => "deletion failed; some resources remain".into(),
        other => match super::condition::ending(other) {
            Some(Ending::Gone) => "the stack was deleted meanwhile".into(),
            _ => format!("unexpected final status {other}"),
        },
    }
}

fn next_command(stack: &str, status: &str) -> Option<String> {
    Some(match status {
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" => {
            format!(
                "correct the cause, then run `infra deploy {stack}`: it offers to delete and recreate the stack"
            )
        }
        "UPDATE_ROLLBACK_FAILED" => {
            format!("correct the cause, then run `infra deploy {stack}`: it offers to continue the rollback")
        }
        "DELETE_FAILED" => format!("correct the cause, then run `infra destroy {stack}`"),
        "UPDATE_ROLLBACK_COMPLETE" => format!("correct the cause, then run `infra deploy {stack}`"),
        _ => return None,
    })
}

/// Returns a reason on one line, without request ids.
pub fn one_line(reason: &str) -> String {
    let flat = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = flat
        .strip_prefix("Resource handler returned message: \"")
        .and_then(|rest| rest.rsplit_once("\" (RequestToken"))
        .map_or(flat.as_str(), |(message, _)| message);
    let text = text.split(" (RequestToken:").next().unwrap_or(text);
    let text = if let Some((message, detail)) = text.split_once(" (Service: ") {
        // "(Service: Ecs, Status Code: 400, Request ID: …)"
        if detail.contains("Request ID") {
            message
        } else {
            text
        }
    } else {
        text
    };
    text.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::progress::StackEvent;
    use super::super::rollout::{StoppedContainer, StoppedTask};
    use super::*;
    use std::time::{Duration, SystemTime};

    fn failed(second: u64, resource: &str, kind: &str, reason: &str) -> StackEvent {
        StackEvent {
            id: format!("{resource}{second}"),
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
            resource: resource.into(),
            physical: None,
            kind: kind.into(),
            status: "UPDATE_FAILED".into(),
            reason: Some(reason.into()),
            of_stack: false,
        }
    }

    #[test]
    fn root_cause_is_first_and_cascades_are_counted() {
        let mut progress = Progress::new("ProdAppStack", SystemTime::UNIX_EPOCH, None);
        progress.absorb(&failed(
            9,
            "Alarm",
            "AWS::CloudWatch::Alarm",
            "Resource update cancelled",
        ));
        progress.absorb(&failed(
            8,
            "Service",
            "AWS::ECS::Service",
            "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker \
             was triggered'.\" (RequestToken: 0f, HandlerErrorCode: GeneralServiceException)",
        ));
        progress.status = "UPDATE_ROLLBACK_COMPLETE".into();
        let mut evidence = Evidence::default();
        evidence.absorb_task(
            "arn/1",
            StoppedTask {
                id: "4f2a9c01ffff".into(),
                at: SystemTime::UNIX_EPOCH,
                reason: "Essential container in task exited".into(),
                containers: vec![StoppedContainer {
                    name: "app".into(),
                    exit_code: Some(137),
                    reason: Some("OutOfMemoryError: Container killed due to memory usage".into()),
                    last_lines: vec!["listening".into()],
                }],
            },
        );
        let diagnosis = diagnose(&progress, &evidence, "https://console/x");
        insta::assert_snapshot!(diagnosis.text(), @r"
        ProdAppStack: update failed and was rolled back
          Service (AWS::ECS::Service): Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'
          task 4f2a9c01 stopped: Essential container in task exited
            app exited with 137 (killed): OutOfMemoryError: Container killed due to memory usage
              | listening
          1 other resource was cancelled
          events: https://console/x
        ");
        assert!(diagnosis.hints[0].contains("memory"), "{:?}", diagnosis.hints);
        assert!(
            diagnosis
                .hints
                .last()
                .is_some_and(|hint| hint.contains("infra deploy ProdAppStack"))
        );
    }

    #[test]
    fn stack_reason_is_shown_without_failed_resources() {
        let mut progress = Progress::new("DevCluster", SystemTime::UNIX_EPOCH, None);
        progress.status = "ROLLBACK_COMPLETE".into();
        progress.status_reason = Some("Parameter validation failed".into());
        let diagnosis = diagnose(&progress, &Evidence::default(), "link");
        assert_eq!(diagnosis.lines[0], "Parameter validation failed");
    }

    #[test]
    fn request_ids_are_removed() {
        assert_eq!(
            one_line("User may not. (Service: Ecs, Status Code: 400, Request ID: 123)"),
            "User may not"
        );
    }
}
