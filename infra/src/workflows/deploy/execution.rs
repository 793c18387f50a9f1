//! Execution of agreed plans, each after those it needs, and the end of each stack's operation.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::super::Context;
use super::super::follow::{Finished, Observed, Watch};
use super::super::planning::{Plan, Planned, Planner};
use super::super::prompt::Answer;
use super::Request;
use super::conclusion::{Outcome, address, conclude};
use super::rollout::check_rollout;
use crate::aws::{AwsError, EventCursor, MadeChangeSet};
use crate::deployment::condition::{Ending, ending};
use crate::deployment::diagnosis::diagnose;
use crate::deployment::schedule::Schedule;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::{ExitStatus, Failure};
use crate::plan::changes::Action;
use crate::report::event::Event;

pub(super) async fn execute<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    request: &Request,
    plans: Vec<Planned<'w>>,
) -> Result<ExitStatus> {
    let mut schedule = Schedule::new(
        plans
            .iter()
            .map(|planned| (planned.spec.name.as_str(), planned.spec.depends_on.as_slice())),
    );
    let mut outcomes: BTreeMap<&str, Result<Outcome>> = BTreeMap::new();
    let mut running = FuturesUnordered::new();
    loop {
        let stop = context.interrupts.count() > 0;
        let ready = if stop { Vec::new() } else { schedule.take_ready() };
        for planned in plans.iter().filter(|planned| ready.contains(&planned.spec.name)) {
            let stale = planned
                .spec
                .uses()
                .any(|need| matches!(outcomes.get(need.as_str()), Some(Ok(Outcome::Changed(_)))));
            running.push(async move {
                let outcome = match request.may_begin(context, planned).await {
                    Ok(()) => run_one(context, planner, planned, stale).await,
                    Err(error) => Err(error),
                };
                (planned.spec, outcome)
            });
        }
        let Some((spec, outcome)) = running.next().await else {
            break;
        };
        match &outcome {
            Ok(Outcome::Changed(_) | Outcome::Unchanged) => schedule.succeeded(&spec.name),
            _ => schedule.failed(&spec.name),
        }
        outcomes.insert(&spec.name, outcome);
    }
    context.reporter.end_table();
    let not_started = schedule.never_started();
    // Change sets that were previewed but not executed.
    planner.clean_up_or_warn().await;
    conclude(context, outcomes, not_started)
}

/// Executes the plan of one stack. A `stale` plan was made before a dependency changed.
async fn run_one<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    stack: &Planned<'w>,
    stale: bool,
) -> Result<Outcome> {
    let spec = stack.spec;
    let plan = match &stack.plan {
        Plan::Later(_) => planner.make(spec, true).await?,
        plan if stale => {
            let creates = matches!(plan, Plan::Change(made) if made.creates);
            let fresh = planner.make_again(spec, creates, plan).await?;
            if !agrees(plan, &fresh)
                && let Some(refused) = ask_again(context, planner, spec, &fresh).await?
            {
                return Ok(refused);
            }
            fresh
        }
        plan => plan.clone(),
    };
    let Plan::Change(made) = plan else {
        return Ok(Outcome::Unchanged);
    };
    if matches!(stack.plan, Plan::Later(_))
        && !only_adds(&made)
        && let Some(refused) = ask_again(context, planner, spec, &Plan::Change(made.clone())).await?
    {
        return Ok(refused);
    }
    let Some(cursor) = begin(context, spec, &made).await? else {
        return Ok(Outcome::NotStarted);
    };
    planner.executes(spec);
    follow(context, spec, &made, cursor).await
}

/// Returns whether the new change set has the same changes as the previewed one.
fn agrees(shown: &Plan, fresh: &Plan) -> bool {
    match (shown, fresh) {
        (Plan::Change(shown), Plan::Change(fresh)) => shown.changes == fresh.changes,
        (_, Plan::Nothing) => true,
        _ => false,
    }
}

fn only_adds(made: &MadeChangeSet) -> bool {
    made.changes.iter().all(|change| change.action == Action::Add)
}

/// Shows a plan that differs from the one agreed to. Returns the outcome if it is not to be executed.
async fn ask_again<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    spec: &'w StackSpec,
    fresh: &Plan,
) -> Result<Option<Outcome>> {
    let anew = planner.planned(spec, fresh.clone()).await?;
    // Other stacks are in progress: keep plan and question together.
    let Some(turn) = context.turn(context.interrupts.count()).await else {
        return Ok(Some(Outcome::NotStarted));
    };
    context.console.info(format!(
        "{}: a dependency changed, which changed the plan:",
        spec.name
    ));
    anew.show(context);
    if context.yes {
        return Ok(None);
    }
    Ok(match turn.ask(&format!("Deploy {}?", spec.name)).await? {
        Answer::Yes => None,
        Answer::No => Some(Outcome::Declined),
        Answer::Interrupted => Some(Outcome::NotStarted),
    })
}

/// Executes a change set and follows it to the end.
pub(in crate::workflows) async fn run_change_set(
    context: &Context<'_>,
    spec: &StackSpec,
    made: &MadeChangeSet,
) -> Result<Outcome> {
    match begin(context, spec, made).await? {
        Some(cursor) => follow(context, spec, made, cursor).await,
        None => Ok(Outcome::NotStarted),
    }
}

/// Starts the execution. Returns the event cursor before it, or `None` after Ctrl-C.
async fn begin(context: &Context<'_>, spec: &StackSpec, made: &MadeChangeSet) -> Result<Option<EventCursor>> {
    let cloud = context.cloud(spec.region.as_deref())?;
    let cursor = cloud.cursor_at_end(&made.stack_id).await?;
    if context.interrupts.count() > 0 {
        return Ok(None);
    }
    match cloud.execute_change_set(&made.id, &context.token()).await {
        Ok(()) => {}
        Err(error) if error.is_obsolete_change_set() => return Err(obsolete(spec, error).into()),
        Err(error) => return Err(error.into()),
    }
    context.reporter.report(&Event::Started {
        stack: spec.name.clone(),
        operation: if made.creates { "create" } else { "update" },
    });
    Ok(Some(cursor))
}

/// Returns the error for a confirmed change set that no longer exists.
fn obsolete(spec: &StackSpec, error: AwsError) -> Failure {
    let name = &spec.name;
    Failure::failed(format!(
        "{name}: the previewed change set is no longer valid: the stack or the change set was changed by another user or run"
    ))
    .hint(format!(
        "run `infra deploy {name}` again"
    ))
    .caused_by(error)
}

/// Follows an executing change set to its end.
async fn follow(
    context: &Context<'_>,
    spec: &StackSpec,
    made: &MadeChangeSet,
    cursor: EventCursor,
) -> Result<Outcome> {
    let cloud = context.cloud(spec.region.as_deref())?;
    let watch = Watch {
        cloud,
        stack_id: &made.stack_id,
        name: &spec.name,
        cursor,
        begun_here: true,
        expected: Some(made.changes.len()),
        runs_service: spec.runs_service(),
    };
    let finished = match context.watch(watch).await? {
        Observed::Left => return Ok(Outcome::Left),
        Observed::Finished(finished) => *finished,
    };
    let status = finished.progress.status.clone();
    let ok = ending(&status) == Some(Ending::Succeeded);
    report_finished(context, spec, &finished, ok);
    if !ok && finished.cancelled {
        return Ok(Outcome::Cancelled(status));
    }
    if !ok {
        return Ok(Outcome::Failed(diagnose(
            &finished.progress,
            &finished.evidence,
            &cloud.stack_link(&made.stack_id),
        )));
    }
    if spec.termination_protection && finished.state.as_ref().is_some_and(|state| !state.protected) {
        cloud.protect(&made.stack_id, true).await?;
    }
    let failed = check_rollout(context, spec, &made.stack_id, &finished).await;
    Ok(failed.map_or_else(
        || Outcome::Changed(finished.state.as_ref().and_then(address)),
        Outcome::Failed,
    ))
}

fn report_finished(context: &Context<'_>, spec: &StackSpec, finished: &Finished, ok: bool) {
    let seconds = finished.progress.began.elapsed().unwrap_or_default().as_secs();
    let outputs = finished
        .state
        .as_ref()
        .filter(|_| ok)
        .map(|state| state.outputs.clone());
    let outputs = outputs.unwrap_or_default();
    context.reporter.report(&Event::Finished {
        stack: spec.name.clone(),
        status: finished.progress.status.clone(),
        ok,
        seconds,
        outputs,
    });
}
