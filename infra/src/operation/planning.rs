//! From wanted stacks to change sets that can be shown, and back to nothing if nobody wants them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::Context;
use super::settling::Settled;
use super::together::Together;
use crate::aws::{ChangeSetOutcome, Fault, MadeChangeSet, change_set_name};
use crate::console::Style;
use crate::deploy::condition::Condition;
use crate::deploy::opening;
use crate::deploy::reason::Reason;
use crate::deploy::report::{Event, PlannedChange};
use crate::deploy::wanted::{Manner, Wanted};
use crate::exit::{ExitStatus, Failure};
use crate::plan::changes::{Action, Changes, ResourceChange};
use crate::plan::{Broadening, broadening};

/// What will be done to a stack.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Execute this change set.
    Change(MadeChangeSet),
    /// Create it once these stacks are there; all of its template is new.
    Later(Vec<String>),
    /// It is as wanted.
    Nothing,
}

/// A stack and its plan.
#[derive(Clone, Debug)]
pub(super) struct Planned<'w> {
    pub(super) wanted: &'w Wanted,
    pub(super) plan: Plan,
    /// What it opens up; `None` if that cannot be told.
    opened: Option<Vec<Broadening>>,
}

/// What the planning came to.
#[derive(Debug)]
pub(super) enum Plans<'w> {
    Ready(Vec<Planned<'w>>),
    Declined,
    Interrupted,
}

/// Makes change sets, and knows which ones, so that they can be removed.
#[derive(Debug)]
pub(super) struct Planner<'c, 'w> {
    context: &'c Context<'c>,
    stacks: &'w [Wanted],
    release: Option<&'w str>,
    manner: Manner,
    name: String,
    attempted: RefCell<BTreeSet<&'w str>>,
}

impl<'c, 'w> Planner<'c, 'w> {
    /// A planner. With `keep` its change sets are for a person to look at and later runs leave them alone.
    pub(super) fn new(
        context: &'c Context<'c>,
        stacks: &'w [Wanted],
        release: Option<&'w str>,
        manner: Manner,
        keep: bool,
    ) -> Self {
        Self {
            context,
            stacks,
            release,
            manner,
            name: change_set_name(&context.run, keep),
            attempted: RefCell::default(),
        }
    }

    /// Settles every stack's situation, one after the other since that may ask; then makes all change sets at once.
    pub(super) async fn plan(&self) -> Result<Plans<'w>> {
        let mut settled = Vec::new();
        for wanted in self.stacks {
            let needs = self.missing_needs(wanted, &settled).await?;
            match self.context.settle(wanted).await? {
                Settled::Declined => return Ok(Plans::Declined),
                Settled::Interrupted => return Ok(Plans::Interrupted),
                Settled::Create => settled.push((wanted, true, needs)),
                Settled::Update => settled.push((wanted, false, needs)),
            }
        }
        let mut making = Together::new();
        for (index, (wanted, creates, needs)) in settled.into_iter().enumerate() {
            making.push(async move {
                let plan = if creates && !needs.is_empty() {
                    Plan::Later(needs)
                } else {
                    self.make(wanted, creates).await?
                };
                anyhow::Ok((index, self.planned(wanted, plan).await?))
            });
        }
        let mut plans = Vec::new();
        while let Some(planned) = making.next().await {
            plans.push(planned?);
        }
        // Shown in the order of deployment, whichever was ready first.
        plans.sort_by_key(|(index, _)| *index);
        Ok(Plans::Ready(
            plans.into_iter().map(|(_, planned)| planned).collect(),
        ))
    }

    /// What `wanted` needs and is not there yet. What this run will create is waited for; anything else is missing.
    async fn missing_needs(
        &self,
        wanted: &'w Wanted,
        settled: &[(&'w Wanted, bool, Vec<String>)],
    ) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for need in &wanted.depends_on {
            if let Some((_, creates, _)) = settled.iter().find(|(known, ..)| known.name == *need) {
                if *creates {
                    missing.push(need.clone());
                }
                continue;
            }
            let cloud = self.context.cloud(wanted.region.as_deref())?;
            let state = cloud.stack(need).await?;
            let there = state.is_some_and(|state| {
                !matches!(
                    Condition::of(&state.status),
                    Condition::Absent | Condition::Review | Condition::NeverCreated
                )
            });
            if !there {
                let name = &wanted.name;
                return Err(
                    Failure::failed(format!("{name} needs {need}, which does not exist"))
                        .hint(format!(
                            "`infra deploy {need}` first, or both: `infra deploy {need} {name}`"
                        ))
                        .into(),
                );
            }
        }
        Ok(missing)
    }

    /// Makes the change set of one stack.
    pub(super) async fn make(&self, wanted: &'w Wanted, creates: bool) -> Result<Plan> {
        let cloud = self.context.cloud(wanted.region.as_deref())?;
        self.attempted.borrow_mut().insert(&wanted.name);
        let outcome = cloud
            .make_change_set(wanted, creates, self.release, self.manner, &self.name)
            .await
            .map_err(|fault| refused(wanted, fault))?;
        match outcome {
            ChangeSetOutcome::Made(made) => Ok(Plan::Change(made)),
            ChangeSetOutcome::NothingToDo { .. } => Ok(Plan::Nothing),
            ChangeSetOutcome::Rejected(reason) => {
                let name = &wanted.name;
                let failure = Failure::new(
                    ExitStatus::StackFailed,
                    format!("{name}: CloudFormation refuses the change set: {reason}"),
                );
                Err(Reason::of(&reason)
                    .hint()
                    .into_iter()
                    .fold(failure, Failure::hint)
                    .into())
            }
        }
    }

    /// The plan of a stack, with what it opens up.
    pub(super) async fn planned(&self, wanted: &'w Wanted, plan: Plan) -> Result<Planned<'w>> {
        let old = match &plan {
            Plan::Nothing => Some(wanted.body.clone()),
            Plan::Later(_) => Some("null".to_owned()),
            Plan::Change(made) if made.creates => Some("null".to_owned()),
            Plan::Change(made) => {
                let cloud = self.context.cloud(wanted.region.as_deref())?;
                match cloud.template(&made.stack_id).await {
                    // The change set is there all the same, and the person decides.
                    Err(Fault::Denied { .. } | Fault::Refused { .. }) => None,
                    template => template?,
                }
            }
        };
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let templates = old.as_deref().and_then(json).zip(json(&wanted.body));
        Ok(Planned {
            wanted,
            plan,
            opened: templates.map(|(old, new)| broadening(&old, &new)),
        })
    }

    /// Makes the change set of one stack anew, since what it reads from other stacks may have changed.
    pub(super) async fn make_again(&self, wanted: &'w Wanted, creates: bool, old: &Plan) -> Result<Plan> {
        if let Plan::Change(made) = old {
            let cloud = self.context.cloud(wanted.region.as_deref())?;
            cloud.remove_change_set(&made.id).await?;
        }
        self.make(wanted, creates).await
    }

    /// Leaves nothing behind: neither change sets nor the empty stacks that hold them.
    pub(super) async fn clean_up(&self) -> Result<()> {
        let attempted: Vec<_> = self.attempted.borrow().iter().copied().collect();
        for wanted in self
            .stacks
            .iter()
            .filter(|wanted| attempted.contains(&wanted.name.as_str()))
        {
            let cloud = self.context.cloud(wanted.region.as_deref())?;
            let Some(state) = cloud.stack(&wanted.name).await? else {
                continue;
            };
            // A change set that is being made cannot be removed yet.
            let mut tries = 0;
            while let Err(fault) = cloud.remove_named_change_set(&wanted.name, &self.name).await {
                tries += 1;
                if tries > 20 {
                    return Err(fault.into());
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            if Condition::of(&state.status) == Condition::Review {
                let (ours, others) = cloud.leftovers(&wanted.name).await?;
                if ours.is_empty() && !others {
                    cloud.delete_stack(&state.id, &self.context.run).await?;
                }
            }
        }
        Ok(())
    }
}

/// A change set that CloudFormation would not even begin to make.
fn refused(wanted: &Wanted, fault: Fault) -> anyhow::Error {
    match &fault {
        Fault::Refused { message, .. } => {
            let failure = Failure::new(
                ExitStatus::StackFailed,
                format!(
                    "{}: CloudFormation refuses the change set: {message}",
                    wanted.name
                ),
            );
            let hint = if message.contains("parameter store") {
                let needs = wanted.depends_on.join(" ");
                Some(format!(
                    "what it reads is written by other stacks: `infra deploy {needs}` first"
                ))
            } else {
                Reason::of(message).hint()
            };
            hint.into_iter().fold(failure, Failure::hint).into()
        }
        _ => fault.into(),
    }
}

impl Planned<'_> {
    /// Shows the plan.
    pub(super) fn show(&self, context: &Context<'_>) {
        let name = &self.wanted.name;
        let (action, headline, changes) = match &self.plan {
            Plan::Nothing => ("none", "no changes".to_owned(), Changes::default()),
            Plan::Change(made) if made.creates => (
                "create",
                format!("create, {}", made.changes.summary()),
                made.changes.clone(),
            ),
            Plan::Change(made) => ("update", made.changes.summary(), made.changes.clone()),
            Plan::Later(needs) => {
                let changes = all_new(self.wanted);
                let headline = format!(
                    "create once {} is there, {}",
                    needs.join(" and "),
                    changes.summary()
                );
                ("later", headline, changes)
            }
        };
        if context.console.json() {
            context.narrator.tell(&Event::Plan {
                stack: name.clone(),
                action,
                changes: changes.iter().map(planned_change).collect(),
                broadening: self.opened.clone(),
            });
            return;
        }
        let paint = context.console.paint_err();
        let mut text = format!("{}: {headline}\n", paint.apply(Style::Bold, name));
        for line in changes.lines(paint) {
            text.push_str(&line);
            text.push('\n');
        }
        let creates = action != "update";
        for line in opening::lines(self.opened.as_deref(), creates, name, paint) {
            text.push_str(&line);
            text.push('\n');
        }
        if let Plan::Change(made) = &self.plan {
            for warning in &made.warnings {
                // Writing to a string does not fail.
                let _ = writeln!(text, "  {} {warning}", paint.apply(Style::Yellow, "warning:"));
            }
        }
        if context.yes {
            context.console.say(text.trim_end());
        } else {
            // A question follows: what it is about is shown even with --quiet.
            context.console.write_err(text);
        }
    }

    /// Something will be done.
    pub(super) fn is_change(&self) -> bool {
        !matches!(self.plan, Plan::Nothing)
    }
}

/// What a stack that does not exist will hold.
fn all_new(wanted: &Wanted) -> Changes {
    let add = |(resource, kind)| ResourceChange {
        action: Action::Add,
        resource,
        kind,
        properties: Vec::new(),
    };
    Changes::new(wanted.resource_types().into_iter().map(add).collect())
}

fn planned_change(change: &ResourceChange) -> PlannedChange {
    PlannedChange {
        action: change.action.word().to_lowercase(),
        resource: change.resource.clone(),
        kind: change.kind.clone(),
    }
}
