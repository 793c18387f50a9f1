//! Progress of a stack operation: folds events into one state per resource.
//!
//! The result does not depend on the order of events. It keeps one entry per resource and the earliest failures, so that
//! its size is independent of the number of events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use super::reason::Reason;

/// An event of a resource or of the stack itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// Event id.
    pub id: String,
    /// Time of the event.
    pub at: SystemTime,
    /// Logical id of the resource, or the stack's name.
    pub resource: String,
    /// Physical id, once known.
    pub physical: Option<String>,
    /// Resource type, for example `AWS::ECS::Service`.
    pub kind: String,
    /// Status, for example `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Status reason, if any.
    pub reason: Option<String>,
    /// The event is about the stack itself.
    pub of_stack: bool,
}

impl StackEvent {
    /// Returns whether an operation starts with this event. Earlier events belong to earlier operations.
    pub fn begins_operation(&self) -> bool {
        self.of_stack
            && matches!(
                self.status.as_str(),
                "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "DELETE_IN_PROGRESS" | "REVIEW_IN_PROGRESS"
            )
    }

    /// Returns whether the event is a failure.
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }
}

/// State of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceProgress {
    /// Resource type.
    pub kind: String,
    /// Physical id, once known.
    pub physical: Option<String>,
    /// Latest status.
    pub status: String,
    /// Start of the work on it.
    pub since: SystemTime,
    /// Time of its last event.
    pub last: SystemTime,
    heard_in: u64,
}

impl ResourceProgress {
    /// Returns whether work on it is in progress.
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS")
    }

    /// Returns the duration so far.
    pub fn took(&self, now: SystemTime) -> Duration {
        let end = if self.is_busy() { now } else { self.last };
        end.duration_since(self.since).unwrap_or_default()
    }
}

/// A failed resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedResource {
    /// Time of the failure.
    pub at: SystemTime,
    /// Logical id.
    pub resource: String,
    /// Resource type.
    pub kind: String,
    /// Status, for example `UPDATE_FAILED`.
    pub status: String,
    /// Status reason.
    pub reason: String,
}

/// Progress of an operation.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Stack name.
    pub stack: String,
    /// Start of the operation, as far as known.
    pub began: SystemTime,
    /// Number of resources to change, if the change set is known.
    pub expected: Option<usize>,
    /// Status of the stack.
    pub status: String,
    /// Status reason of the stack.
    pub status_reason: Option<String>,
    resources: BTreeMap<String, ResourceProgress>,
    failures: Vec<FailedResource>,
    /// Resources that failed because others did.
    cascades: BTreeSet<String>,
    poll: u64,
    earliest: Option<SystemTime>,
}

/// Maximum number of failures kept. The earliest ones include the root cause.
const FAILURES_KEPT: usize = 50;

impl Progress {
    /// Creates the progress of an operation that starts now.
    pub fn new(stack: impl Into<String>, began: SystemTime, expected: Option<usize>) -> Self {
        Self {
            stack: stack.into(),
            began,
            expected,
            status: String::new(),
            status_reason: None,
            resources: BTreeMap::new(),
            failures: Vec::new(),
            cascades: BTreeSet::new(),
            poll: 0,
            earliest: None,
        }
    }

    /// Starts a new poll: its events are newer than those of earlier polls.
    pub fn next_look(&mut self) {
        self.poll += 1;
    }

    /// Adds an event, in any order. Adding it again changes nothing: after an error, a poll reads its first pages again.
    pub fn absorb(&mut self, event: &StackEvent) {
        self.earliest = Some(self.earliest.map_or(event.at, |known| known.min(event.at)));
        if event.is_failure() {
            self.note_failure(event);
        }
        if event.of_stack {
            return;
        }
        match self.resources.get_mut(&event.resource) {
            None => {
                self.resources.insert(
                    event.resource.clone(),
                    ResourceProgress {
                        kind: event.kind.clone(),
                        physical: event.physical.clone(),
                        status: event.status.clone(),
                        since: event.at,
                        last: event.at,
                        heard_in: self.poll,
                    },
                );
            }
            Some(known) => {
                known.since = known.since.min(event.at);
                // Within a poll, events arrive newest first: of two events of the same second, the first is newer.
                let newer = event.at > known.last || (event.at == known.last && self.poll > known.heard_in);
                if newer {
                    // A rollback restarts the clock of the resource.
                    if !known.is_busy() && event.status.ends_with("_IN_PROGRESS") {
                        known.since = event.at;
                    }
                    known.status.clone_from(&event.status);
                    known.last = event.at;
                    known.heard_in = self.poll;
                    if event.physical.is_some() {
                        known.physical.clone_from(&event.physical);
                    }
                }
            }
        }
    }

    fn note_failure(&mut self, event: &StackEvent) {
        let reason = event.reason.clone().unwrap_or_default();
        if Reason::of(&reason) == Reason::Cascade || event.of_stack {
            if !event.of_stack {
                self.cascades.insert(event.resource.clone());
            }
            return;
        }
        let failed = FailedResource {
            at: event.at,
            resource: event.resource.clone(),
            kind: event.kind.clone(),
            status: event.status.clone(),
            reason,
        };
        if self.failures.contains(&failed) {
            return;
        }
        let place = self.failures.partition_point(|known| known.at <= failed.at);
        self.failures.insert(place, failed);
        self.failures.truncate(FAILURES_KEPT);
    }

    /// Returns the time of the earliest event, by AWS's clock.
    pub fn earliest(&self) -> Option<SystemTime> {
        self.earliest
    }

    /// Returns the known resources by logical id.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &ResourceProgress)> {
        self.resources
            .iter()
            .map(|(name, resource)| (name.as_str(), resource))
    }

    /// Returns the first physical id of a resource type.
    pub fn physical_of(&self, kind: &str) -> Option<&str> {
        self.resources
            .values()
            .filter(|resource| resource.kind == kind)
            .find_map(|resource| resource.physical.as_deref())
            .filter(|physical| !physical.is_empty())
    }

    /// Returns root failures, earliest first.
    pub fn failures(&self) -> &[FailedResource] {
        &self.failures
    }

    /// Returns the number of resources that failed because others did.
    pub fn cascades(&self) -> usize {
        self.cascades.len()
    }

    /// Returns the number of finished resources.
    pub fn finished(&self) -> usize {
        self.resources
            .values()
            .filter(|resource| !resource.is_busy())
            .count()
    }

    /// Returns the number of resources: the expected one, or the known one if it is higher.
    pub fn total(&self) -> usize {
        self.expected.unwrap_or(0).max(self.resources.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    fn event(second: u64, resource: &str, status: &str, reason: Option<&str>) -> StackEvent {
        StackEvent {
            id: format!("{resource}-{second}-{status}"),
            at: at(second),
            resource: resource.into(),
            physical: None,
            kind: "AWS::ECS::Service".into(),
            status: status.into(),
            reason: reason.map(ToOwned::to_owned),
            of_stack: resource == "Stack",
        }
    }

    #[test]
    fn order_of_events_does_not_matter() {
        let events = [
            event(1, "Service", "CREATE_IN_PROGRESS", None),
            event(5, "Service", "CREATE_FAILED", Some("did not stabilize")),
            event(5, "Alarm", "CREATE_FAILED", Some("Resource creation cancelled")),
            event(7, "Service", "DELETE_IN_PROGRESS", None),
        ];
        let fold = |events: &mut dyn Iterator<Item = &StackEvent>| {
            let mut progress = Progress::new("Stack", at(0), None);
            progress.next_look();
            for event in events {
                progress.absorb(event);
            }
            let states: Vec<_> = progress
                .resources()
                .map(|(name, resource)| (name.to_owned(), resource.status.clone()))
                .collect();
            (states, progress.failures().to_vec(), progress.cascades())
        };
        let forwards = fold(&mut events.iter());
        assert_eq!(forwards, fold(&mut events.iter().rev()));
        assert_eq!(forwards, fold(&mut events.iter().chain(&events)));
        assert_eq!(
            forwards.0[1],
            ("Service".to_owned(), "DELETE_IN_PROGRESS".to_owned())
        );
        assert_eq!(forwards.1[0].resource, "Service");
        assert_eq!(forwards.2, 1);
    }

    #[test]
    fn later_poll_wins_within_the_same_second() {
        let mut progress = Progress::new("Stack", at(0), Some(3));
        progress.next_look();
        progress.absorb(&event(1, "Vpc", "CREATE_IN_PROGRESS", None));
        assert_eq!((progress.finished(), progress.total()), (0, 3));
        progress.next_look();
        progress.absorb(&event(1, "Vpc", "CREATE_COMPLETE", None));
        assert_eq!(progress.finished(), 1);
    }

    #[test]
    fn size_is_independent_of_the_number_of_events() {
        let mut progress = Progress::new("Stack", at(0), None);
        for n in 0..10_000_u64 {
            let status = if n % 3 == 0 {
                "UPDATE_FAILED"
            } else {
                "UPDATE_IN_PROGRESS"
            };
            progress.absorb(&event(
                10_000 - n,
                &format!("R{}", n % 40),
                status,
                Some("broken"),
            ));
        }
        assert_eq!(progress.resources().count(), 40);
        assert_eq!(progress.failures().len(), FAILURES_KEPT);
        assert_eq!(progress.failures()[0].at, at(1));
    }

    #[test]
    fn operation_starts_with_an_event_of_the_stack() {
        assert!(event(1, "Stack", "UPDATE_IN_PROGRESS", None).begins_operation());
        assert!(!event(1, "Stack", "UPDATE_ROLLBACK_IN_PROGRESS", None).begins_operation());
        assert!(!event(1, "Service", "UPDATE_IN_PROGRESS", None).begins_operation());
    }
}
