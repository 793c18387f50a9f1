//! Brings a stack from any status to one that accepts a change set.
//!
//! Asks before it deletes or reverts anything. `--yes` confirms, except for leaving resources behind.

use std::cell::RefCell;
use std::collections::BTreeMap;

use anyhow::Result;

use super::Context;
use super::follow::{Finished, Observed, Watch};
use super::prompt::Answer;
use crate::aws::{Cloud, EventCursor, StackState};
use crate::deployment::condition::{Busy, Condition, DeployStep, Ending, before_deploy, ending};
use crate::deployment::diagnosis::{Diagnosis, diagnose};
use crate::deployment::ownership::{Owner, must_be_ours, owner};
use crate::deployment::progress::Progress;
use crate::deployment::rollout::Evidence;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::{ExitStatus, Failure};
use crate::report::event::Event;

/// Next step for a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reconciled {
    /// A change set of type CREATE.
    Create,
    /// A change set of type UPDATE.
    Update,
    /// The user declined.
    Declined,
    /// Ctrl-C.
    Interrupted,
}

/// Operations that planning has started, by stack.
#[derive(Debug)]
pub(super) struct Preparations {
    allowed: bool,
    started: RefCell<BTreeMap<String, Preparation>>,
}

#[derive(Clone, Copy, Debug)]
enum Preparation {
    Deleting,
    Deleted,
    RollingBack,
    RolledBack,
}

impl Preparations {
    /// With `allowed`, planning may delete failed stacks and continue rollbacks.
    pub(super) fn new(allowed: bool) -> Self {
        let started = RefCell::default();
        Self { allowed, started }
    }

    /// Records an operation before the call that starts it, since Ctrl-C may come before the answer.
    fn record(&self, name: &str, preparation: Preparation) {
        self.started.borrow_mut().insert(name.to_owned(), preparation);
    }

    /// Says that nothing is deployed, and what planning has done.
    pub(super) fn report(&self, context: &Context<'_>) {
        let started = self.started.borrow();
        let what = if started.is_empty() {
            "No changes made"
        } else {
            "Not deployed"
        };
        context.info(format!("{what}; temporary change sets were deleted."));
        for (name, preparation) in started.iter() {
            let operation = match preparation {
                Preparation::Deleting => "deletion",
                Preparation::RollingBack => "rollback",
                Preparation::Deleted => {
                    context.info(format!("{name}: failed stack deleted, not recreated"));
                    continue;
                }
                Preparation::RolledBack => continue,
            };
            context.info(format!("{name}: the {operation} continues in AWS"));
            context
                .console
                .hint(format!("follow it again with `infra deploy {name}`"));
        }
    }
}

impl Context<'_> {
    /// Reconciles the status of a stack.
    ///
    /// # Errors
    /// If no change set is possible, or a required question has no terminal.
    pub(super) async fn reconcile(
        &self,
        spec: &StackSpec,
        preparations: &Preparations,
    ) -> Result<Reconciled> {
        let cloud = self.cloud(spec.region.as_deref())?;
        let name = spec.name.as_str();
        let mut rollback_continued = false;
        loop {
            let state = cloud.stack(name).await?;
            let condition = state
                .as_ref()
                .map_or(Condition::Absent, |state| Condition::of(&state.status));
            let step = before_deploy(&condition);
            let Some(state) = state else {
                return Ok(Reconciled::Create);
            };
            // A REVIEW_IN_PROGRESS stack gets its tags from the executed change set.
            let may_be_claimed = condition == Condition::Review && owner(spec, &state.tags) == Owner::Unknown;
            if condition != Condition::Absent && !may_be_claimed {
                must_be_ours(name, spec, &state.tags)?;
            }
            match step {
                DeployStep::Create => return Ok(Reconciled::Create),
                DeployStep::CleanThenCreate => {
                    self.info(format!(
                        "{name}: reusing the empty stack left by an interrupted run"
                    ));
                    self.remove_leftovers(cloud, name).await?;
                    return Ok(Reconciled::Create);
                }
                DeployStep::Update => {
                    self.remove_leftovers(cloud, name).await?;
                    return Ok(Reconciled::Update);
                }
                DeployStep::Attach(busy) => self.attach(cloud, spec, &state, busy).await?,
                DeployStep::Recreate | DeployStep::RecreateKept | DeployStep::ContinueRollback
                    if !preparations.allowed =>
                {
                    let diagnosis = self.explain(cloud, name, &state).await?;
                    return Err(unprepared(&diagnosis, name, &state.status, &step).into());
                }
                DeployStep::RecreateKept if self.yes => {
                    let diagnosis = self.explain(cloud, name, &state).await?;
                    return Err(kept(&diagnosis, name, &state.status).into());
                }
                DeployStep::Recreate | DeployStep::RecreateKept => {
                    match self.recreate(cloud, spec, &state, preparations).await? {
                        Answer::Yes => {}
                        Answer::No => return Ok(Reconciled::Declined),
                        Answer::Interrupted => return Ok(Reconciled::Interrupted),
                    }
                }
                DeployStep::ContinueRollback => {
                    let response = self
                        .continue_rollback(cloud, spec, &state, rollback_continued, preparations)
                        .await?;
                    rollback_continued = true;
                    match response {
                        Answer::Yes => {}
                        Answer::No => return Ok(Reconciled::Declined),
                        Answer::Interrupted => return Ok(Reconciled::Interrupted),
                    }
                }
                DeployStep::ExplainDeleteFailed => {
                    let diagnosis = self.explain(cloud, name, &state).await?;
                    return Err(failure(diagnosis).into());
                }
                DeployStep::Refuse(status) => {
                    return Err(Failure::failed(format!("{name} has an unknown status: {status}"))
                        .hint(format!("see {}", cloud.stack_link(&state.id)))
                        .into());
                }
            }
        }
    }

    async fn remove_leftovers(&self, cloud: &Cloud, name: &str) -> Result<()> {
        let (abandoned, _) = cloud.leftovers(name).await?;
        for id in abandoned {
            self.console.detail(format!(
                "{name}: deleting the change set of an interrupted run ({id})"
            ));
            cloud.remove_change_set(&id).await?;
        }
        Ok(())
    }

    /// Follows a running operation of another user or an earlier run.
    async fn attach(&self, cloud: &Cloud, spec: &StackSpec, state: &StackState, busy: Busy) -> Result<()> {
        let name = &spec.name;
        self.info(format!("{name}: already {busy}; waiting for it to finish"));
        self.reporter.report(&Event::Started {
            stack: name.clone(),
            operation: "attach",
        });
        let finished = self.watch_to_end(cloud, spec, &state.id, None).await?;
        let status = finished.progress.status.clone();
        self.info(format!(
            "{name}: the other update finished ({status}); planning again"
        ));
        if ending(&status) != Some(Ending::Succeeded) && ending(&status) != Some(Ending::Gone) {
            let diagnosis = diagnose(
                &finished.progress,
                &finished.evidence,
                &cloud.stack_link(&state.id),
            );
            self.info(diagnosis.text());
        }
        Ok(())
    }

    /// Handles a failed creation: the stack can only be deleted.
    async fn recreate(
        &self,
        cloud: &Cloud,
        spec: &StackSpec,
        state: &StackState,
        preparations: &Preparations,
    ) -> Result<Answer> {
        let name = &spec.name;
        let diagnosis = self.explain(cloud, name, state).await?;
        self.info(diagnosis.text());
        self.info(format!(
            "{name}: creation failed ({}); the stack must be deleted and recreated",
            state.status
        ));
        let response = self.consent(&format!("Delete {name} and recreate it?")).await?;
        if response == Answer::Yes {
            let cursor = cloud.cursor_at_end(&state.id).await?;
            preparations.record(name, Preparation::Deleting);
            cloud.delete_stack(&state.id, &self.token()).await?;
            self.reporter.report(&Event::Started {
                stack: name.clone(),
                operation: "delete",
            });
            let finished = self.watch_to_end(cloud, spec, &state.id, Some(cursor)).await?;
            if ending(&finished.progress.status) != Some(Ending::Gone) {
                let link = cloud.stack_link(&state.id);
                return Err(failure(diagnose(&finished.progress, &finished.evidence, &link)).into());
            }
            preparations.record(name, Preparation::Deleted);
            self.info(format!("{name}: failed stack deleted"));
        }
        Ok(response)
    }

    /// Handles a failed rollback: continues it; if it fails again, offers to skip the failed resources.
    async fn continue_rollback(
        &self,
        cloud: &Cloud,
        spec: &StackSpec,
        state: &StackState,
        continued_before: bool,
        preparations: &Preparations,
    ) -> Result<Answer> {
        let name = &spec.name;
        let progress = self.last_operation(cloud, name, state).await?;
        let link = cloud.stack_link(&state.id);
        let stuck = stuck_resources(&progress);
        if !continued_before {
            let diagnosis = diagnose(&progress, &Evidence::default(), &link);
            self.info(diagnosis.text());
        }
        let (question, skip) = if continued_before && !stuck.is_empty() {
            let names = stuck.join(", ");
            if self.yes {
                return Err(Failure::new(
                    ExitStatus::StackFailed,
                    format!("{name}: the rollback failed again at {names}"),
                )
                .hint(format!(
                    "run `infra deploy {name}` without `--yes` to skip these resources"
                ))
                .into());
            }
            self.info(format!(
                "{name}: the rollback failed again at {names}. Skipped resources keep their state; the stack records them as rolled back"
            ));
            (
                format!("Continue the rollback of {name} and skip {names}?"),
                stuck,
            )
        } else if continued_before {
            return Err(failure(diagnose(&progress, &Evidence::default(), &link)).into());
        } else {
            (format!("Continue the rollback of {name}?"), Vec::new())
        };
        let response = self.consent(&question).await?;
        if response == Answer::Yes {
            let cursor = cloud.cursor_at_end(&state.id).await?;
            preparations.record(name, Preparation::RollingBack);
            cloud.continue_rollback(&state.id, &skip, &self.token()).await?;
            self.reporter.report(&Event::Started {
                stack: name.clone(),
                operation: "rollback",
            });
            self.watch_to_end(cloud, spec, &state.id, Some(cursor)).await?;
            preparations.record(name, Preparation::RolledBack);
        }
        Ok(response)
    }

    /// Follows the operation that started at `begun`. The caller handles Ctrl-C.
    async fn watch_to_end(
        &self,
        cloud: &Cloud,
        spec: &StackSpec,
        id: &str,
        begun: Option<EventCursor>,
    ) -> Result<Finished> {
        let watch = Watch {
            cloud,
            stack_id: id,
            name: &spec.name,
            begun_here: begun.is_some(),
            cursor: begun.unwrap_or_default(),
            expected: None,
            runs_service: spec.runs_service(),
        };
        match self.watch(watch).await? {
            Observed::Finished(finished) => {
                self.reporter.end_table();
                Ok(*finished)
            }
            Observed::Left => Err(Failure::new(ExitStatus::Interrupted, "interrupted").into()),
        }
    }

    /// Diagnoses the stack from the events of its last operation.
    pub(super) async fn explain(&self, cloud: &Cloud, name: &str, state: &StackState) -> Result<Diagnosis> {
        let progress = self.last_operation(cloud, name, state).await?;
        Ok(diagnose(
            &progress,
            &Evidence::default(),
            &cloud.stack_link(&state.id),
        ))
    }

    async fn last_operation(&self, cloud: &Cloud, name: &str, state: &StackState) -> Result<Progress> {
        let mut progress = Progress::new(name, state.changed, None);
        cloud
            .new_events(&state.id, &mut EventCursor::default(), |event| {
                progress.absorb(&event);
            })
            .await?;
        progress.status.clone_from(&state.status);
        progress.status_reason.clone_from(&state.reason);
        Ok(progress)
    }
}

/// Returns the resources that block a rollback: those whose last status is a failure.
fn stuck_resources(progress: &Progress) -> Vec<String> {
    progress
        .resources()
        .filter(|(_, resource)| resource.status == "UPDATE_FAILED")
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Returns the error for a failed creation with remaining resources, which may be kept on purpose.
fn kept(diagnosis: &Diagnosis, name: &str, status: &str) -> Failure {
    Failure::new(
        ExitStatus::StackFailed,
        format!(
            "{}\n{name}: the failed creation left resources ({status}); `--yes` does not delete them",
            diagnosis.text()
        ),
    )
    .hint(format!(
        "run `infra deploy {name}` without `--yes` to confirm, or delete them with `infra destroy {name}`"
    ))
}

/// Returns the error of `--no-execute` for a stack that takes no change set.
fn unprepared(diagnosis: &Diagnosis, name: &str, status: &str, step: &DeployStep) -> Failure {
    let offer = match step {
        DeployStep::ContinueRollback => "continue its rollback",
        _ => "delete and recreate it",
    };
    Failure::new(
        ExitStatus::StackFailed,
        format!(
            "{}\n{name}: no change set is possible ({status})",
            diagnosis.text()
        ),
    )
    .hint(format!(
        "run `infra deploy {name}` without `--no-execute`: it offers to {offer}"
    ))
}

/// Converts a diagnosis to the command's error.
pub(super) fn failure(diagnosis: Diagnosis) -> Failure {
    let failure = Failure::new(ExitStatus::StackFailed, diagnosis.text());
    diagnosis.hints.into_iter().fold(failure, Failure::hint)
}
