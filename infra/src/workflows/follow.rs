//! Follows a stack operation until it finishes, regardless of who started it.
//!
//! Polls at a bounded rate with backoff, collects evidence that a rollback would delete, and handles Ctrl-C.

mod tempo;

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use self::tempo::PollInterval;
use super::Context;
use super::prompt::Answer;
use crate::aws::{AwsError, Cloud, EventCursor, StackState};
use crate::deployment::certificate_wait::CertificateWait;
use crate::deployment::condition::{Cancel, Ending, ending, on_interrupt};
use crate::deployment::progress::{Progress, StackEvent};
use crate::deployment::rollout::Evidence;
use crate::exit::Failure;
use crate::report::event::Event;

/// A finished operation.
#[derive(Debug)]
pub(super) struct Finished {
    /// The final stack; `None` if AWS no longer lists it.
    pub(super) state: Option<StackState>,
    pub(super) progress: Progress,
    pub(super) evidence: Evidence,
    /// The user cancelled it.
    pub(super) cancelled: bool,
}

/// Result of following.
#[derive(Debug)]
pub(super) enum Observed {
    /// The operation finished.
    Finished(Box<Finished>),
    /// The user stopped following; the operation continues in AWS.
    Left,
}

/// An operation to follow.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    pub(super) cloud: &'a Cloud,
    /// ARN: also valid after deletion.
    pub(super) stack_id: &'a str,
    pub(super) name: &'a str,
    /// Event cursor at its start.
    pub(super) cursor: EventCursor,
    /// This run has just started it. Until an event after `cursor` arrives, the stack's status may be the previous one.
    /// Ctrl-C cancels only such an operation, not that of another run.
    pub(super) begun_here: bool,
    /// Resources that it will change, if known.
    pub(super) expected: Option<usize>,
    /// It rolls out the service, so ECS is queried too.
    pub(super) runs_service: bool,
}

/// Longest outage of AWS tolerated while following.
const PATIENCE: Duration = Duration::from_mins(10);

impl Context<'_> {
    /// Follows until the operation finishes or the user stops following.
    ///
    /// # Errors
    /// If AWS denies access or is out of reach for long.
    pub(super) async fn watch(&self, watch: Watch<'_>) -> Result<Observed> {
        let mut look = Poll {
            progress: Progress::new(watch.name, SystemTime::now(), watch.expected),
            evidence: Evidence::default(),
            cursor: watch.cursor.clone(),
            reported: HashMap::new(),
            certificate: CertificateWait::default(),
        };
        let mut interval = PollInterval::new();
        // A press since the start of the operation counts: after an earlier one, nothing is started.
        let mut presses = 0;
        let mut requested = RequestedEnd::None;
        let mut lost_since = None;
        loop {
            match self.look(&watch, &mut look).await {
                Ok(state) => {
                    lost_since = None;
                    interval.steady();
                    let heard = !watch.begun_here || look.progress.earliest().is_some();
                    if let Some(state) = state.filter(|state| heard && requested.has_ended(&state.status)) {
                        return Ok(Observed::Finished(Box::new(Finished {
                            state: Some(state),
                            progress: look.progress,
                            evidence: look.evidence,
                            cancelled: requested != RequestedEnd::None,
                        })));
                    }
                }
                // The stack may disappear between two calls; the next poll shows it.
                Err(error) if error.is_passing() || error.is_not_found() => {
                    interval.slow_down();
                    let since = *lost_since.get_or_insert_with(SystemTime::now);
                    if since.elapsed().unwrap_or_default() > PATIENCE {
                        return Err(lost(watch.name, error).into());
                    }
                    self.console.detail(format!("{}: {error}; retrying", watch.name));
                }
                Err(error) => return Err(lost(watch.name, error).into()),
            }
            if self.wait(interval.next(), presses).await {
                if presses > 0 || !watch.begun_here {
                    return Ok(Observed::Left);
                }
                presses += 1;
                match self.cancel(&watch, &look.progress.status, presses).await? {
                    Some(RequestedEnd::None) => {}
                    Some(now) => requested = now,
                    None => return Ok(Observed::Left),
                }
            }
        }
    }

    /// Waits and redraws the table's clocks. Returns whether there is a new Ctrl-C.
    async fn wait(&self, pause: Duration, seen: u32) -> bool {
        let end = tokio::time::Instant::now() + pause;
        loop {
            let tick = end.min(tokio::time::Instant::now() + Duration::from_secs(1));
            tokio::select! {
                () = tokio::time::sleep_until(tick) => self.reporter.tick(),
                _ = self.interrupts.beyond(seen) => return true,
            }
            if tick == end {
                return false;
            }
        }
    }

    /// Polls stack, events and service once.
    async fn look(&self, watch: &Watch<'_>, look: &mut Poll) -> Result<Option<StackState>, AwsError> {
        let state = watch.cloud.stack(watch.stack_id).await?;
        let mut news = Vec::new();
        look.progress.next_look();
        let (progress, certificate) = (&mut look.progress, &mut look.certificate);
        watch
            .cloud
            .new_events(watch.stack_id, &mut look.cursor, |event| {
                progress.absorb(&event);
                certificate.absorb(&event);
                if news.len() < NEWS_REPORTED && !event.of_stack {
                    news.push(event);
                }
            })
            .await?;
        if let Some(state) = &state {
            look.progress.status.clone_from(&state.status);
            look.progress.status_reason.clone_from(&state.reason);
        }
        for event in news.into_iter().rev() {
            self.report_resource(watch.name, event, &mut look.reported);
        }
        if let Some(message) = look.certificate.message(&look.progress, SystemTime::now()) {
            self.info(message);
        }
        if watch.runs_service {
            self.look_at_service(watch, look).await;
        }
        self.reporter.show(&look.progress, &look.evidence);
        Ok(state)
    }

    fn report_resource(&self, stack: &str, event: StackEvent, reported: &mut HashMap<String, String>) {
        // CloudFormation reports "in progress" twice: at the start and once the service has started.
        if reported.get(&event.resource) == Some(&event.status) {
            return;
        }
        reported.insert(event.resource.clone(), event.status.clone());
        self.reporter.report(&Event::Resource {
            stack: stack.to_owned(),
            resource: event.resource,
            kind: event.kind,
            status: event.status,
            reason: event.reason,
        });
    }

    /// Collects ECS evidence; errors are ignored.
    async fn look_at_service(&self, watch: &Watch<'_>, look: &mut Poll) {
        let Some(service) = look
            .progress
            .physical_of("AWS::ECS::Service")
            .map(ToOwned::to_owned)
        else {
            return;
        };
        let before = look.evidence.rollout.clone();
        // The start time of the events uses AWS's clock, as do the tasks.
        let Some(since) = look.progress.earliest() else {
            return;
        };
        let news = match watch
            .cloud
            .gather_evidence(&service, since, &mut look.evidence)
            .await
        {
            Ok(news) => news,
            Err(error) => {
                self.console
                    .detail(format!("{}: cannot read ECS: {error}", watch.name));
                return;
            }
        };
        if let Some(rollout) = look
            .evidence
            .rollout
            .as_ref()
            .filter(|now| Some(*now) != before.as_ref())
        {
            self.reporter.report(&Event::Rollout {
                stack: watch.name.to_owned(),
                service: rollout.service.clone(),
                state: rollout.state.clone(),
                desired: rollout.desired,
                running: rollout.running,
                pending: rollout.pending,
                failed: rollout.failed,
            });
        }
        for task in news {
            self.reporter.report(&Event::TaskStopped {
                stack: watch.name.to_owned(),
                task: task.id,
                reason: task.reason,
                exit_codes: task
                    .containers
                    .into_iter()
                    .map(|container| (container.name, container.exit_code))
                    .collect(),
            });
        }
    }

    /// Handles the first Ctrl-C. Returns the requested end, or `None` if the user pressed it again. Errors are only
    /// reported: the operation must be followed anyway.
    async fn cancel(&self, watch: &Watch<'_>, status: &str, seen: u32) -> Result<Option<RequestedEnd>> {
        let name = watch.name;
        match on_interrupt(status) {
            Cancel::Update => {
                self.info(format!(
                    "{name}: cancelling the update; press Ctrl-C again to stop waiting"
                ));
                match watch.cloud.cancel_update(watch.stack_id).await {
                    Ok(()) => return Ok(Some(RequestedEnd::Cancelled)),
                    // It has just finished: the next poll shows it.
                    Err(AwsError::Refused { message, .. }) => {
                        self.console
                            .detail(format!("{name}: CancelUpdateStack: {message}"));
                    }
                    Err(error) => self.not_cancelled(name, &error),
                }
                Ok(Some(RequestedEnd::None))
            }
            Cancel::OfferDeletion if self.console.is_interactive() => self.offer_deletion(watch, seen).await,
            Cancel::OfferDeletion => {
                self.info(format!(
                    "{name}: a creation cannot be cancelled; press Ctrl-C again to stop waiting"
                ));
                Ok(Some(RequestedEnd::None))
            }
            Cancel::Nothing => {
                self.info(format!(
                    "{name}: the operation cannot be cancelled now; press Ctrl-C again to stop waiting"
                ));
                Ok(Some(RequestedEnd::None))
            }
        }
    }

    /// Offers to delete a stack that is being created. `--yes` does not apply.
    async fn offer_deletion(&self, watch: &Watch<'_>, seen: u32) -> Result<Option<RequestedEnd>> {
        let name = watch.name;
        let Some(turn) = self.turn(seen).await else {
            return Ok(None);
        };
        // Other questions may have come first; a stack that was created meanwhile is kept.
        match watch.cloud.stack(watch.stack_id).await {
            Ok(Some(state)) if on_interrupt(&state.status) == Cancel::OfferDeletion => {}
            Ok(_) => return Ok(Some(RequestedEnd::None)),
            Err(error) => {
                self.console.detail(format!("{name}: {error}"));
                return Ok(Some(RequestedEnd::None));
            }
        }
        self.console.write_err(format!(
            "{name}: a creation cannot be cancelled, but the new stack can be deleted\n"
        ));
        match turn.ask(&format!("Delete {name}?")).await? {
            Answer::Interrupted => Ok(None),
            Answer::No => Ok(Some(RequestedEnd::None)),
            Answer::Yes => {
                drop(turn);
                match watch.cloud.delete_stack(watch.stack_id, &self.token()).await {
                    Ok(()) => Ok(Some(RequestedEnd::Deleted)),
                    Err(error) => {
                        self.not_cancelled(name, &error);
                        Ok(Some(RequestedEnd::None))
                    }
                }
            }
        }
    }

    fn not_cancelled(&self, name: &str, error: &AwsError) {
        self.info(format!("{name}: cannot cancel, the operation continues: {error}"));
    }
}

/// Returns the error for an operation that can no longer be followed.
fn lost(name: &str, error: AwsError) -> Failure {
    Failure::failed(format!("{name}: {error}"))
        .hint(format!(
            "the operation continues in AWS; see `infra status {name}`"
        ))
        .caused_by(error)
}

/// Requested end of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RequestedEnd {
    None,
    /// Cancel the update.
    Cancelled,
    /// Delete the new stack.
    Deleted,
}

impl RequestedEnd {
    /// Returns whether this status is the end. A creation may succeed just before its deletion starts.
    fn has_ended(self, status: &str) -> bool {
        match (self, ending(status)) {
            (_, None) => false,
            (Self::Deleted, Some(end)) => end == Ending::Gone || status == "DELETE_FAILED",
            _ => true,
        }
    }
}

/// Events printed per poll; older ones appear only in the table and the report.
const NEWS_REPORTED: usize = 200;

/// State between polls.
struct Poll {
    progress: Progress,
    evidence: Evidence,
    cursor: EventCursor,
    reported: HashMap<String, String>,
    certificate: CertificateWait,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletion_has_not_ended_when_the_creation_succeeds() {
        assert!(RequestedEnd::None.has_ended("CREATE_COMPLETE"));
        assert!(!RequestedEnd::Deleted.has_ended("CREATE_COMPLETE"));
        assert!(
            RequestedEnd::Deleted.has_ended("DELETE_COMPLETE")
                && RequestedEnd::Deleted.has_ended("DELETE_FAILED")
        );
        assert!(RequestedEnd::Cancelled.has_ended("UPDATE_COMPLETE"));
        assert!(!RequestedEnd::Cancelled.has_ended("UPDATE_ROLLBACK_IN_PROGRESS"));
    }
}
