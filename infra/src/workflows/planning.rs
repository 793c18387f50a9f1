//! Change sets: created from stack specs, previewed, and deleted if not executed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use futures_util::future::try_join_all;

use super::Context;
use super::reconcile::{Preparations, Reconciled};
use crate::aws::{AwsError, ChangeSetOutcome, Cloud, MadeChangeSet};
use crate::console::Style;
use crate::deployment::change_set_name::change_set_name;
use crate::deployment::condition::Condition;
use crate::deployment::ownership::must_be_ours;
use crate::deployment::reason::Reason;
use crate::deployment::stack_spec::{DeployOptions, StackSpec};
use crate::exit::{ExitStatus, Failure};
use crate::plan::changes::{Action, Changes, ResourceChange};
use crate::plan::{Widening, widening};
use crate::report::event::{Event, PlannedChange};
use crate::report::wider_access;

/// Planned action for a stack.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// Execute this change set.
    Change(MadeChangeSet),
    /// Create the stack after these; everything in its template is new.
    Later(Vec<String>),
    /// No changes.
    Nothing,
}

/// A stack and its plan.
#[derive(Clone, Debug)]
pub(super) struct Planned<'w> {
    pub(super) spec: &'w StackSpec,
    pub(super) plan: Plan,
    /// Wider access; `None` if it cannot be determined.
    opened: Option<Vec<Widening>>,
}

/// Result of planning.
#[derive(Debug)]
pub(super) enum Plans<'w> {
    Ready(Vec<Planned<'w>>),
    Declined,
    Interrupted,
}

/// Creates change sets and records them for deletion.
#[derive(Debug)]
pub(super) struct Planner<'c, 'w> {
    context: &'c Context<'c>,
    stacks: &'w [StackSpec],
    release: Option<&'w str>,
    options: DeployOptions,
    name: String,
    attempted: RefCell<BTreeSet<&'w str>>,
    preparations: Preparations,
}

impl<'c, 'w> Planner<'c, 'w> {
    /// Creates a planner. With `keep`, its change sets are for manual execution and later runs ignore them.
    pub(super) fn new(
        context: &'c Context<'c>,
        stacks: &'w [StackSpec],
        release: Option<&'w str>,
        options: DeployOptions,
        keep: bool,
    ) -> Self {
        Self {
            context,
            stacks,
            release,
            options,
            name: change_set_name(&context.run, keep),
            attempted: RefCell::default(),
            preparations: Preparations::new(!keep),
        }
    }

    /// Reconciles all stacks one after the other, since that may ask; then creates all change sets concurrently.
    pub(super) async fn plan(&self) -> Result<Plans<'w>> {
        let mut settled = Vec::new();
        for spec in self.stacks {
            let needs = self.missing_needs(spec, &settled).await?;
            match self.context.reconcile(spec, &self.preparations).await? {
                Reconciled::Declined => return Ok(Plans::Declined),
                Reconciled::Interrupted => return Ok(Plans::Interrupted),
                Reconciled::Create => settled.push((spec, true, needs)),
                Reconciled::Update => settled.push((spec, false, needs)),
            }
        }
        let making = settled.into_iter().map(|(spec, creates, needs)| async move {
            let plan = if creates && !needs.is_empty() {
                Plan::Later(needs)
            } else {
                self.make(spec, creates).await?
            };
            self.planned(spec, plan).await
        });
        try_join_all(making).await.map(Plans::Ready)
    }

    /// Returns missing dependencies of `spec` that this run will create. Other missing ones are an error.
    async fn missing_needs(
        &self,
        spec: &'w StackSpec,
        settled: &[(&'w StackSpec, bool, Vec<String>)],
    ) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for need in &spec.depends_on {
            if let Some((_, creates, _)) = settled.iter().find(|(known, ..)| known.name == *need) {
                if *creates {
                    missing.push(need.clone());
                }
                continue;
            }
            let cloud = self.context.cloud(spec.region.as_deref())?;
            let state = cloud.stack(need).await?.filter(|state| {
                !matches!(
                    Condition::of(&state.status),
                    Condition::Absent
                        | Condition::Review
                        | Condition::NeverCreated
                        | Condition::NeverCreatedKept
                )
            });
            if let Some(state) = &state {
                must_be_ours(need, spec, &state.tags)?;
            } else {
                let name = &spec.name;
                return Err(
                    Failure::failed(format!("{name} depends on {need}, which does not exist"))
                        .hint(format!("deploy both: `infra deploy {need} {name}`"))
                        .into(),
                );
            }
        }
        Ok(missing)
    }

    /// Creates the change set of one stack.
    pub(super) async fn make(&self, spec: &'w StackSpec, creates: bool) -> Result<Plan> {
        let cloud = self.context.cloud(spec.region.as_deref())?;
        self.attempted.borrow_mut().insert(&spec.name);
        let outcome = cloud
            .make_change_set(spec, creates, self.release, self.options, &self.name)
            .await
            .map_err(|error| refused(spec, error))?;
        match outcome {
            ChangeSetOutcome::Made(made) => Ok(Plan::Change(made)),
            ChangeSetOutcome::NothingToDo { .. } => Ok(Plan::Nothing),
            ChangeSetOutcome::Rejected(reason) => {
                let name = &spec.name;
                let failure = Failure::new(
                    ExitStatus::StackFailed,
                    format!("{name}: cannot create the change set: {reason}"),
                );
                Err(Reason::of(&reason)
                    .hint()
                    .into_iter()
                    .fold(failure, Failure::hint)
                    .into())
            }
        }
    }

    /// Returns the plan of a stack with its wider access.
    pub(super) async fn planned(&self, spec: &'w StackSpec, plan: Plan) -> Result<Planned<'w>> {
        let old = match &plan {
            Plan::Nothing => Some(spec.body.clone()),
            Plan::Later(_) => Some("null".to_owned()),
            Plan::Change(made) if made.creates => Some("null".to_owned()),
            Plan::Change(made) => {
                let cloud = self.context.cloud(spec.region.as_deref())?;
                match cloud.template(&made.stack_id).await {
                    // The change set exists anyway, and the user decides.
                    Err(AwsError::Denied { .. } | AwsError::Refused { .. }) => None,
                    template => template?,
                }
            }
        };
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let templates = old.as_deref().and_then(json).zip(json(&spec.body));
        Ok(Planned {
            spec,
            plan,
            opened: templates.map(|(old, new)| widening(&old, &new)),
        })
    }

    /// Recreates the change set of one stack, since values from other stacks may have changed.
    pub(super) async fn make_again(&self, spec: &'w StackSpec, creates: bool, old: &Plan) -> Result<Plan> {
        if let Plan::Change(made) = old {
            let cloud = self.context.cloud(spec.region.as_deref())?;
            cloud.remove_change_set(&made.id).await?;
        }
        self.make(spec, creates).await
    }

    /// Marks a change set as executing: it is no longer deleted.
    pub(super) fn executes(&self, spec: &StackSpec) {
        self.attempted.borrow_mut().remove(spec.name.as_str());
    }

    /// Deletes what planning has created. Says so, and what else it has done.
    pub(super) async fn withdraw(&self) -> Result<()> {
        self.clean_up().await?;
        self.preparations.report(self.context);
        Ok(())
    }

    /// Deletes change sets that were not executed, and the empty stacks that hold them.
    async fn clean_up(&self) -> Result<()> {
        let attempted = std::mem::take(&mut *self.attempted.borrow_mut());
        let mut first = None;
        for spec in self
            .stacks
            .iter()
            .filter(|spec| attempted.contains(spec.name.as_str()))
        {
            let cloud = self.context.cloud(spec.region.as_deref())?;
            if let Err(error) = self.clean_up_one(cloud, &spec.name).await {
                first = first.or(Some(error));
            }
        }
        first.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Like [`Self::clean_up`], after an outcome or error that takes precedence.
    pub(super) async fn clean_up_or_warn(&self) {
        if let Err(error) = self.clean_up().await {
            self.context
                .console
                .warn(format!("cannot delete temporary change sets: {error:#}"));
        }
    }

    async fn clean_up_one(&self, cloud: &Cloud, name: &str) -> Result<(), AwsError> {
        let Some(state) = cloud.stack(name).await? else {
            return Ok(());
        };
        // A change set in creation cannot be deleted yet.
        let mut tries = 0;
        while let Err(error) = cloud.remove_named_change_set(name, &self.name).await {
            tries += 1;
            if tries > 20 || !error.is_change_set_in_progress() {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        if Condition::of(&state.status) == Condition::Review {
            let (abandoned, others) = cloud.leftovers(name).await?;
            if others {
                self.context.info(format!(
                    "{name}: empty stack kept: it has a change set of another user"
                ));
            } else if abandoned.is_empty() {
                cloud.delete_stack(&state.id, &self.context.token()).await?;
            }
        }
        Ok(())
    }
}

/// Returns the error for a rejected change set request.
fn refused(spec: &StackSpec, error: AwsError) -> anyhow::Error {
    match &error {
        AwsError::Refused { message, .. } => {
            let failure = Failure::new(
                ExitStatus::StackFailed,
                format!("{}: cannot create the change set: {message}", spec.name),
            );
            let hint = if message.contains("parameter store") {
                let needs = spec.depends_on.join(" ");
                Some(format!("deploy its dependencies first: `infra deploy {needs}`"))
            } else {
                Reason::of(message).hint()
            };
            hint.into_iter().fold(failure, Failure::hint).into()
        }
        _ => error.into(),
    }
}

impl Planned<'_> {
    /// Prints the plan.
    pub(super) fn show(&self, context: &Context<'_>) {
        let name = &self.spec.name;
        let (action, headline, changes) = match &self.plan {
            Plan::Nothing => ("none", "no changes".to_owned(), Changes::default()),
            Plan::Change(made) if made.creates => (
                "create",
                format!("create, {}", made.changes.summary()),
                made.changes.clone(),
            ),
            Plan::Change(made) => ("update", made.changes.summary(), made.changes.clone()),
            Plan::Later(needs) => {
                let changes = all_new(self.spec);
                let headline = format!("create after {}, {}", needs.join(" and "), changes.summary());
                ("later", headline, changes)
            }
        };
        if context.console.json() {
            context.reporter.report(&Event::Plan {
                stack: name.clone(),
                action,
                changes: changes.iter().map(planned_change).collect(),
                widening: self.opened.clone(),
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
        for line in wider_access::lines(self.opened.as_deref(), creates, name, paint) {
            text.push_str(&line);
            text.push('\n');
        }
        if let Plan::Change(made) = &self.plan {
            for warning in &made.warnings {
                let _ = writeln!(text, "  {} {warning}", paint.apply(Style::Yellow, "warning:"));
            }
        }
        if context.yes {
            context.console.info(text.trim_end());
        } else {
            // Shown even with `--quiet`, since a question follows.
            context.console.write_err(text);
        }
    }

    /// Returns whether the stack does not exist yet.
    pub(super) fn creates(&self) -> bool {
        match &self.plan {
            Plan::Change(made) => made.creates,
            Plan::Later(_) => true,
            Plan::Nothing => false,
        }
    }

    /// Returns whether there are changes.
    pub(super) fn is_change(&self) -> bool {
        !matches!(self.plan, Plan::Nothing)
    }
}

/// Returns the changes of a new stack.
fn all_new(spec: &StackSpec) -> Changes {
    let add = |(resource, kind)| ResourceChange {
        action: Action::Add,
        resource,
        kind,
        properties: Vec::new(),
    };
    Changes::new(spec.resource_types().into_iter().map(add).collect())
}

fn planned_change(change: &ResourceChange) -> PlannedChange {
    PlannedChange {
        action: change.action.word().to_lowercase(),
        resource: change.resource.clone(),
        kind: change.kind.clone(),
    }
}
