//! How far an operation on a stack is: its events folded into one line of state per resource.
//!
//! CloudFormation pages events newest first and repeats itself; a stack may have thousands. The fold does not depend
//! on their order and keeps one entry per resource and the earliest failures, so that its size is that of
//! the stack, whatever the number of events.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::reason::Reason;

/// Something that happened to a resource of a stack, or to the stack itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// CloudFormation's id of the event.
    pub id: String,
    /// When.
    pub at: SystemTime,
    /// Logical id of the resource; the stack's name where it is the stack itself.
    pub resource: String,
    /// Physical id, once there is one.
    pub physical: Option<String>,
    /// Type, as `AWS::ECS::Service`.
    pub kind: String,
    /// Status, as `CREATE_IN_PROGRESS`.
    pub status: String,
    /// Why, if CloudFormation says.
    pub reason: Option<String>,
    /// It is about the stack itself.
    pub of_stack: bool,
}

impl StackEvent {
    /// The event with which an operation begins. Events before it belong to an earlier operation.
    pub fn begins_operation(&self) -> bool {
        self.of_stack
            && matches!(
                self.status.as_str(),
                "CREATE_IN_PROGRESS" | "UPDATE_IN_PROGRESS" | "DELETE_IN_PROGRESS" | "REVIEW_IN_PROGRESS"
            )
    }

    /// It says that something failed.
    pub fn is_failure(&self) -> bool {
        self.status.ends_with("_FAILED")
    }
}

/// Where a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceProgress {
    /// Its type.
    pub kind: String,
    /// Its physical id, once known.
    pub physical: Option<String>,
    /// Its latest status.
    pub status: String,
    /// When work on it began.
    pub since: SystemTime,
    /// When it was last heard of.
    pub last: SystemTime,
    heard_in: u64,
}

impl ResourceProgress {
    /// Work on it is under way.
    pub fn is_busy(&self) -> bool {
        self.status.ends_with("_IN_PROGRESS")
    }

    /// How long it took, or takes so far.
    pub fn took(&self, now: SystemTime) -> Duration {
        let end = if self.is_busy() { now } else { self.last };
        end.duration_since(self.since).unwrap_or_default()
    }
}

/// A resource that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedResource {
    /// When.
    pub at: SystemTime,
    /// Its logical id.
    pub resource: String,
    /// Its type.
    pub kind: String,
    /// The status, as `UPDATE_FAILED`.
    pub status: String,
    /// CloudFormation's words.
    pub reason: String,
}

/// How far an operation is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The stack's name.
    pub stack: String,
    /// When the operation began, as far as known.
    pub began: SystemTime,
    /// How many resources it will touch, if the change set was seen.
    pub expected: Option<usize>,
    /// The stack's own status.
    pub status: String,
    /// CloudFormation's words on it.
    pub status_reason: Option<String>,
    resources: BTreeMap<String, ResourceProgress>,
    failures: Vec<FailedResource>,
    cascades: usize,
    poll: u64,
}

/// Failures that are kept: the earliest ones, among which the cause is.
const FAILURES_KEPT: usize = 50;

impl Progress {
    /// Progress of an operation that begins now.
    pub fn new(stack: impl Into<String>, began: SystemTime, expected: Option<usize>) -> Self {
        Self {
            stack: stack.into(),
            began,
            expected,
            status: String::new(),
            status_reason: None,
            resources: BTreeMap::new(),
            failures: Vec::new(),
            cascades: 0,
            poll: 0,
        }
    }

    /// Begins another look: what is heard from now on is newer than what was heard before.
    pub fn next_look(&mut self) {
        self.poll += 1;
    }

    /// Takes in an event, in any order. Each event is to be given once.
    pub fn absorb(&mut self, event: &StackEvent) {
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
                // Within one look the newest comes first, so of two events of the same second the first wins.
                let newer = event.at > known.last || (event.at == known.last && self.poll > known.heard_in);
                if newer {
                    // A rollback starts the clock again: how long that takes is what matters now.
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
            self.cascades += usize::from(!event.of_stack);
            return;
        }
        let failed = FailedResource {
            at: event.at,
            resource: event.resource.clone(),
            kind: event.kind.clone(),
            status: event.status.clone(),
            reason,
        };
        let place = self.failures.partition_point(|known| known.at <= failed.at);
        self.failures.insert(place, failed);
        self.failures.truncate(FAILURES_KEPT);
    }

    /// The resources heard of, by logical id.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &ResourceProgress)> {
        self.resources
            .iter()
            .map(|(name, resource)| (name.as_str(), resource))
    }

    /// The first resource of a type that has a physical id.
    pub fn physical_of(&self, kind: &str) -> Option<&str> {
        self.resources
            .values()
            .filter(|resource| resource.kind == kind)
            .find_map(|resource| resource.physical.as_deref())
            .filter(|physical| !physical.is_empty())
    }

    /// Resources that failed by themselves, the earliest first.
    pub fn failures(&self) -> &[FailedResource] {
        &self.failures
    }

    /// How many resources failed only because others did.
    pub fn cascades(&self) -> usize {
        self.cascades
    }

    /// How many resources are through.
    pub fn finished(&self) -> usize {
        self.resources
            .values()
            .filter(|resource| !resource.is_busy())
            .count()
    }

    /// How many resources there are to get through: those expected, or those heard of if they are more.
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
    fn the_order_of_events_does_not_matter() {
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
        assert_eq!(
            forwards.0[1],
            ("Service".to_owned(), "DELETE_IN_PROGRESS".to_owned())
        );
        assert_eq!(forwards.1[0].resource, "Service");
        assert_eq!(forwards.2, 1);
    }

    #[test]
    fn a_later_look_wins_within_the_same_second() {
        let mut progress = Progress::new("Stack", at(0), Some(3));
        progress.next_look();
        progress.absorb(&event(1, "Vpc", "CREATE_IN_PROGRESS", None));
        assert_eq!((progress.finished(), progress.total()), (0, 3));
        progress.next_look();
        progress.absorb(&event(1, "Vpc", "CREATE_COMPLETE", None));
        assert_eq!(progress.finished(), 1);
    }

    #[test]
    fn ten_thousand_events_of_forty_resources_are_forty_entries() {
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
    fn an_operation_begins_with_the_stack_itself() {
        assert!(event(1, "Stack", "UPDATE_IN_PROGRESS", None).begins_operation());
        assert!(!event(1, "Stack", "UPDATE_ROLLBACK_IN_PROGRESS", None).begins_operation());
        assert!(!event(1, "Service", "UPDATE_IN_PROGRESS", None).begins_operation());
    }
}
