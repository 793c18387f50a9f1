//! Brings a stack from whatever situation it is in to one from which a change set can be made.
//!
//! Everything that loses something or undoes somebody's work is asked first; `--yes` answers, but never
//! consents to leaving resources behind.

use anyhow::Result;

use super::Context;
use super::asking::Answer;
use super::follow::{Rested, Watch, Watched};
use crate::aws::{Cloud, EventCursor, StackState};
use crate::deploy::condition::{Busy, Condition, DeployStep, Ending, before_deploy, ending};
use crate::deploy::diagnosis::{Diagnosis, diagnose};
use crate::deploy::progress::Progress;
use crate::deploy::report::Event;
use crate::deploy::rollout::Evidence;
use crate::deploy::wanted::Wanted;
use crate::exit::{ExitStatus, Failure};

/// What a stack needs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// A change set that creates it.
    Create,
    /// A change set that updates it.
    Update,
    /// The person does not want what would be needed.
    Declined,
    /// Ctrl-C.
    Interrupted,
}

impl Context<'_> {
    /// Settles a stack's situation.
    ///
    /// # Errors
    /// There is no way on, or it needs a person and there is none.
    pub(super) async fn settle(&self, wanted: &Wanted) -> Result<Settled> {
        let cloud = self.cloud(wanted.region.as_deref())?;
        let name = wanted.name.as_str();
        let mut rollback_continued = false;
        loop {
            let state = cloud.stack(name).await?;
            let condition = state
                .as_ref()
                .map_or(Condition::Absent, |state| Condition::of(&state.status));
            let step = before_deploy(&condition);
            let Some(state) = state else {
                return Ok(Settled::Create);
            };
            match step {
                DeployStep::Create => return Ok(Settled::Create),
                DeployStep::CleanThenCreate => {
                    self.narrator.say(format!(
                        "{name}: an earlier run left an empty stack; it is used again"
                    ));
                    self.remove_leftovers(cloud, name).await?;
                    return Ok(Settled::Create);
                }
                DeployStep::Update => {
                    self.remove_leftovers(cloud, name).await?;
                    return Ok(Settled::Update);
                }
                DeployStep::Attach(busy) => self.attach(cloud, wanted, &state, busy).await?,
                DeployStep::Recreate => match self.recreate(cloud, wanted, &state).await? {
                    Answer::Yes => {}
                    Answer::No => return Ok(Settled::Declined),
                    Answer::Interrupted => return Ok(Settled::Interrupted),
                },
                DeployStep::ContinueRollback => {
                    let answer = self.unstick(cloud, wanted, &state, rollback_continued).await?;
                    rollback_continued = true;
                    match answer {
                        Answer::Yes => {}
                        Answer::No => return Ok(Settled::Declined),
                        Answer::Interrupted => return Ok(Settled::Interrupted),
                    }
                }
                DeployStep::ExplainDeleteFailed => {
                    let diagnosis = self.explain(cloud, name, &state).await?;
                    return Err(failure(diagnosis).into());
                }
                DeployStep::Refuse(status) => {
                    return Err(Failure::failed(format!(
                        "{name} is in a status that this tool does not know: {status}"
                    ))
                    .hint(format!("see {}", cloud.stack_link(&state.id)))
                    .into());
                }
            }
        }
    }

    async fn remove_leftovers(&self, cloud: &Cloud, name: &str) -> Result<()> {
        let (ours, _) = cloud.leftovers(name).await?;
        for id in ours {
            self.console.detail(format!(
                "{name}: removing the change set of an earlier run ({id})"
            ));
            cloud.remove_change_set(&id).await?;
        }
        Ok(())
    }

    /// Watches an operation that somebody else, or an earlier run, has begun.
    async fn attach(&self, cloud: &Cloud, wanted: &Wanted, state: &StackState, busy: Busy) -> Result<()> {
        let name = &wanted.name;
        self.narrator
            .say(format!("{name}: it is {busy} already; waiting for that"));
        self.narrator.tell(&Event::Started {
            stack: name.clone(),
            operation: "attach",
        });
        let rested = self.watch_to_end(cloud, wanted, &state.id).await?;
        let status = rested.progress.status.clone();
        self.narrator
            .say(format!("{name}: that has ended ({status}); looking again"));
        if ending(&status) != Some(Ending::Succeeded) && ending(&status) != Some(Ending::Gone) {
            let diagnosis = diagnose(&rested.progress, &rested.evidence, &cloud.stack_link(&state.id));
            self.narrator.say(diagnosis.text());
        }
        Ok(())
    }

    /// A creation that failed: the stack can only be deleted.
    async fn recreate(&self, cloud: &Cloud, wanted: &Wanted, state: &StackState) -> Result<Answer> {
        let name = &wanted.name;
        let diagnosis = self.explain(cloud, name, state).await?;
        self.narrator.say(diagnosis.text());
        self.narrator.say(format!(
            "{name} never came into being ({}); it can only be deleted and created anew",
            state.status
        ));
        let answer = self
            .consent(&format!("Delete what is left of {name}, then create it?"))
            .await?;
        if answer == Answer::Yes {
            cloud.delete_stack(&state.id, &self.run).await?;
            self.narrator.tell(&Event::Started {
                stack: name.clone(),
                operation: "delete",
            });
            let rested = self.watch_to_end(cloud, wanted, &state.id).await?;
            if ending(&rested.progress.status) != Some(Ending::Gone) {
                let link = cloud.stack_link(&state.id);
                return Err(failure(diagnose(&rested.progress, &rested.evidence, &link)).into());
            }
            self.narrator.say(format!("{name}: the remains are deleted"));
        }
        Ok(answer)
    }

    /// A rollback that failed. The first time it is simply continued; if that did not help, the resources that hold
    /// it up are named and may be skipped.
    async fn unstick(
        &self,
        cloud: &Cloud,
        wanted: &Wanted,
        state: &StackState,
        continued_before: bool,
    ) -> Result<Answer> {
        let name = &wanted.name;
        let progress = self.last_operation(cloud, name, state).await?;
        let link = cloud.stack_link(&state.id);
        let stuck = stuck_resources(&progress);
        if !continued_before {
            let diagnosis = diagnose(&progress, &Evidence::default(), &link);
            self.narrator.say(diagnosis.text());
        }
        let (question, skip) = if continued_before && !stuck.is_empty() {
            let names = stuck.join(", ");
            if self.yes {
                return Err(Failure::new(
                    ExitStatus::StackFailed,
                    format!("{name}: the rollback stays stuck at {names}"),
                )
                .hint(format!(
                    "`infra deploy {name}` without `--yes` offers to skip them, which leaves them as they are"
                ))
                .into());
            }
            self.narrator.say(format!(
                "{name}: still stuck at {names}. Skipped resources stay as they are; the stack takes them for rolled back"
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
        let answer = self.consent(&question).await?;
        if answer == Answer::Yes {
            cloud.continue_rollback(&state.id, &skip).await?;
            self.narrator.tell(&Event::Started {
                stack: name.clone(),
                operation: "rollback",
            });
            self.watch_to_end(cloud, wanted, &state.id).await?;
        }
        Ok(answer)
    }

    /// Watches from the beginning of the present operation. Ctrl-C is the caller's to notice.
    async fn watch_to_end(&self, cloud: &Cloud, wanted: &Wanted, id: &str) -> Result<Rested> {
        let watch = Watch {
            cloud,
            stack_id: id,
            name: &wanted.name,
            cursor: EventCursor::default(),
            expected: None,
            runs_service: wanted.runs_service(),
        };
        match self.watch(watch).await? {
            Watched::Rested(rested) => {
                self.narrator.settle();
                Ok(*rested)
            }
            Watched::Left => Err(Failure::new(ExitStatus::Interrupted, "interrupted").into()),
        }
    }

    /// Why a stack is as it is, from the events of its last operation.
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

/// The resources at which a rollback is stuck: those whose latest word is that they failed.
fn stuck_resources(progress: &Progress) -> Vec<String> {
    progress
        .resources()
        .filter(|(_, resource)| resource.status == "UPDATE_FAILED")
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// A diagnosis as the end of the command.
pub(super) fn failure(diagnosis: Diagnosis) -> Failure {
    let failure = Failure::new(ExitStatus::StackFailed, diagnosis.text());
    diagnosis.hints.into_iter().fold(failure, Failure::hint)
}
