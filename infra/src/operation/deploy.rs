//! A deployment: plan, show, ask once, execute exactly what was shown, follow, tell how it ended.

mod conclusion;

use std::collections::BTreeMap;

use anyhow::Result;

pub(super) use self::conclusion::Outcome;
use self::conclusion::{address, conclude};
use super::Context;
use super::asking::Answer;
use super::follow::{Rested, Watch, Watched};
use super::planning::{Plan, Planned, Planner, Plans};
use super::together::Together;
use crate::aws::MadeChangeSet;
use crate::deploy::condition::{Ending, ending};
use crate::deploy::diagnosis::{Diagnosis, diagnose};
use crate::deploy::report::Event;
use crate::deploy::schedule::Schedule;
use crate::deploy::wanted::{Manner, Wanted};
use crate::exit::ExitStatus;
use crate::plan::changes::Action;

/// What is to be deployed.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The stacks, each after those it needs.
    pub stacks: Vec<Wanted>,
    /// The release that app stacks are to run.
    pub release: Option<String>,
    /// Make and show the change sets, and leave them for a person.
    pub no_execute: bool,
    /// How change sets are executed.
    pub manner: Manner,
}

/// Deploys.
///
/// # Errors
/// A stack that does not get there, a question that nobody can answer, or AWS out of reach.
pub async fn deploy(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let planner = Planner::new(
        context,
        &request.stacks,
        request.release.as_deref(),
        request.manner,
        request.no_execute,
    );
    tell_slow(context, request);
    // Until something executes, Ctrl-C means "no": all that was made is removed.
    let agreed = tokio::select! {
        agreed = agree(context, &planner, request) => agreed,
        _ = context.interrupts.beyond(0) => Ok(Agreed::Interrupted),
    };
    match agreed {
        Ok(Agreed::Go(plans)) => execute(context, &planner, plans).await,
        Ok(Agreed::Nothing) => {
            context.narrator.say("Nothing to do.");
            Ok(ExitStatus::Done)
        }
        Ok(Agreed::Kept) => Ok(ExitStatus::Done),
        Ok(Agreed::Declined) => {
            planner.clean_up().await?;
            context
                .narrator
                .say("Nothing was changed, and nothing is left behind.");
            Ok(ExitStatus::Declined)
        }
        Ok(Agreed::Interrupted) => {
            context.narrator.settle();
            planner.clean_up().await?;
            context
                .narrator
                .say("Interrupted before anything was changed; nothing is left behind.");
            Ok(ExitStatus::Interrupted)
        }
        Err(error) => {
            // The first error is the one that counts.
            if let Err(second) = planner.clean_up().await {
                context.console.warn(format!("could not clean up: {second:#}"));
            }
            Err(error)
        }
    }
}

/// With `--fast`, says what goes the ordinary way all the same.
fn tell_slow(context: &Context<'_>, request: &Request) {
    let slow = request.stacks.iter().filter(|stack| !stack.may_be_fast());
    let names: Vec<_> = slow.map(|stack| stack.name.as_str()).collect();
    if request.manner.fast && !names.is_empty() {
        context.narrator.say(format!(
            "{}: not in the fast way, since people or a rollout rely on it",
            names.join(", ")
        ));
    }
}

/// What the planning and the question came to.
enum Agreed<'w> {
    Go(Vec<Planned<'w>>),
    Nothing,
    Kept,
    Declined,
    Interrupted,
}

async fn agree<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    request: &Request,
) -> Result<Agreed<'w>> {
    let plans = match planner.plan().await? {
        Plans::Ready(plans) => plans,
        Plans::Declined => return Ok(Agreed::Declined),
        Plans::Interrupted => return Ok(Agreed::Interrupted),
    };
    for planned in &plans {
        planned.show(context);
    }
    let changing = plans.iter().filter(|planned| planned.is_change()).count();
    if changing == 0 {
        return Ok(Agreed::Nothing);
    }
    if request.no_execute {
        for planned in &plans {
            if let Plan::Change(made) = &planned.plan {
                context.narrator.say(format!(
                    "{}: the change set waits: {}",
                    planned.wanted.name, made.id
                ));
            }
        }
        return Ok(Agreed::Kept);
    }
    let what = match changing {
        1 => "this stack".to_owned(),
        several => format!("these {several} stacks"),
    };
    let question = format!("Deploy {what} to account {}?", context.identity.account);
    Ok(match context.consent(&question).await? {
        Answer::Yes => Agreed::Go(plans),
        Answer::No => Agreed::Declined,
        Answer::Interrupted => Agreed::Interrupted,
    })
}

async fn execute<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    plans: Vec<Planned<'w>>,
) -> Result<ExitStatus> {
    let mut schedule = Schedule::new(
        plans
            .iter()
            .map(|planned| (planned.wanted.name.as_str(), planned.wanted.depends_on.as_slice())),
    );
    let mut outcomes: BTreeMap<&str, Result<Outcome>> = BTreeMap::new();
    let mut running = Together::new();
    loop {
        let stop = context.interrupts.count() > 0;
        let ready = if stop { Vec::new() } else { schedule.take_ready() };
        for planned in plans
            .iter()
            .filter(|planned| ready.contains(&planned.wanted.name))
        {
            let needs = &planned.wanted.depends_on;
            let stale = needs
                .iter()
                .any(|need| matches!(outcomes.get(need.as_str()), Some(Ok(Outcome::Changed(_)))));
            running.push(async move { (planned.wanted, run_one(context, planner, planned, stale).await) });
        }
        let Some((wanted, outcome)) = running.next().await else {
            break;
        };
        match &outcome {
            Ok(Outcome::Changed(_) | Outcome::Unchanged) => schedule.succeeded(&wanted.name),
            _ => schedule.failed(&wanted.name),
        }
        outcomes.insert(&wanted.name, outcome);
    }
    context.narrator.settle();
    let not_started = schedule.never_started();
    if !not_started.is_empty() {
        // Their change sets were shown but will not be executed.
        planner.clean_up().await?;
    }
    conclude(context, outcomes, &not_started)
}

/// Executes the plan of one stack. A `stale` plan was made before a stack that this one needs was changed.
async fn run_one<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    stack: &Planned<'w>,
    stale: bool,
) -> Result<Outcome> {
    let wanted = stack.wanted;
    let plan = match &stack.plan {
        Plan::Later(_) => planner.make(wanted, true).await?,
        plan if stale => {
            let creates = matches!(plan, Plan::Change(made) if made.creates);
            let fresh = planner.make_again(wanted, creates, plan).await?;
            if !agrees(plan, &fresh) && !ask_again(context, planner, wanted, &fresh).await? {
                return Ok(Outcome::Declined);
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
        && !ask_again(context, planner, wanted, &Plan::Change(made.clone())).await?
    {
        return Ok(Outcome::Declined);
    }
    run_change_set(context, wanted, &made).await
}

/// The change set made anew does what was shown.
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

async fn ask_again<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    wanted: &'w Wanted,
    fresh: &Plan,
) -> Result<bool> {
    context.narrator.settle();
    context.narrator.say(format!(
        "{}: what it needs has changed meanwhile, and with it the change set:",
        wanted.name
    ));
    planner.planned(wanted, fresh.clone()).await?.show(context);
    Ok(context.consent(&format!("Deploy {}?", wanted.name)).await? == Answer::Yes)
}

/// Executes a change set and watches it to its end.
pub(super) async fn run_change_set(
    context: &Context<'_>,
    wanted: &Wanted,
    made: &MadeChangeSet,
) -> Result<Outcome> {
    let cloud = context.cloud(wanted.region.as_deref())?;
    let cursor = cloud.cursor_at_end(&made.stack_id).await?;
    cloud.execute_change_set(&made.id, &context.run).await?;
    context.narrator.tell(&Event::Started {
        stack: wanted.name.clone(),
        operation: if made.creates { "create" } else { "update" },
    });
    let watch = Watch {
        cloud,
        stack_id: &made.stack_id,
        name: &wanted.name,
        cursor,
        expected: Some(made.changes.len()),
        runs_service: wanted.runs_service(),
    };
    let rested = match context.watch(watch).await? {
        Watched::Left => return Ok(Outcome::Left),
        Watched::Rested(rested) => *rested,
    };
    let status = rested.progress.status.clone();
    let ok = ending(&status) == Some(Ending::Succeeded);
    tell_finished(context, wanted, &rested, ok);
    if !ok && rested.cancelled {
        return Ok(Outcome::Cancelled(status));
    }
    if !ok {
        return Ok(Outcome::Failed(diagnose(
            &rested.progress,
            &rested.evidence,
            &cloud.stack_link(&made.stack_id),
        )));
    }
    if wanted.termination_protection && rested.state.as_ref().is_some_and(|state| !state.protected) {
        cloud.protect(&made.stack_id, true).await?;
    }
    Ok(check_rollout(wanted, &rested).map_or_else(
        || Outcome::Changed(rested.state.as_ref().and_then(address)),
        Outcome::Failed,
    ))
}

/// CloudFormation has been satisfied with services whose deployment had failed.
fn check_rollout(wanted: &Wanted, rested: &Rested) -> Option<Diagnosis> {
    let rollout = rested
        .evidence
        .rollout
        .as_ref()
        .filter(|rollout| rollout.state == "FAILED")?;
    let mut lines: Vec<_> = rollout.reason.iter().cloned().collect();
    lines.extend(rested.evidence.cause_of_death());
    Some(Diagnosis {
        headline: format!(
            "{}: the stack is updated, but ECS gave up the rollout",
            wanted.name
        ),
        lines,
        hints: rested.evidence.hint().into_iter().collect(),
    })
}

fn tell_finished(context: &Context<'_>, wanted: &Wanted, rested: &Rested, ok: bool) {
    let seconds = rested.progress.began.elapsed().unwrap_or_default().as_secs();
    let outputs = rested
        .state
        .as_ref()
        .filter(|_| ok)
        .map(|state| state.outputs.clone());
    let outputs = outputs.unwrap_or_default();
    context.narrator.tell(&Event::Finished {
        stack: wanted.name.clone(),
        status: rested.progress.status.clone(),
        ok,
        seconds,
        outputs,
    });
}
