//! Deletion: lists what will be lost, confirms, deletes in reverse dependency order.

mod preconditions;
mod remove_protection;

use std::fmt::Write as _;

use anyhow::Result;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use self::preconditions::{refuse_if_protected, refuse_if_used};
use self::remove_protection::remove_protection;
use super::Context;
use super::follow::{Observed, Watch};
use super::prompt::Answer;
use super::reconcile::failure;
use crate::aws::StackState;
use crate::deployment::condition::{Busy, Condition, DestroyStep, Ending, before_destroy, ending};
use crate::deployment::diagnosis::{Diagnosis, diagnose};
use crate::deployment::ownership::must_be_ours;
use crate::deployment::protection::without_protection;
use crate::deployment::schedule::Schedule;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::{ExitStatus, Failure};
use crate::report::event::Event;

/// Input of a deletion.
#[derive(Clone, Debug)]
pub struct Request {
    /// The stacks in dependency order.
    pub stacks: Vec<StackSpec>,
    /// All stacks of the settings, to find dependents.
    pub all: Vec<StackSpec>,
    /// Disable deletion protection of stacks and load balancers first.
    pub force: bool,
}

#[derive(Debug)]
enum Outcome {
    Gone,
    Failed(Diagnosis),
    /// Interrupted before the deletion started.
    Kept,
    /// Interrupted during the deletion.
    Left,
}

/// Deletes the stacks.
///
/// # Errors
/// A stack that others use, that is protected, or whose deletion fails; AWS out of reach.
pub async fn destroy(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let _handling = context.interrupts.handle();
    let present = tokio::select! {
        present = look(context, request) => present?,
        _ = context.interrupts.beyond(0) => return Ok(ExitStatus::Interrupted),
    };
    if present.is_empty() {
        context.info("No changes: none of these stacks exists.");
        context.console.hint(context.elsewhere());
        return Ok(ExitStatus::Done);
    }
    refuse_if_used(context, request, &present).await?;
    refuse_if_protected(&present, request.force)?;
    show(context, &present, request.force).await?;
    match agree(context, &present).await? {
        Answer::Yes => {}
        Answer::No => {
            context.info("No changes made.");
            return Ok(ExitStatus::Declined);
        }
        Answer::Interrupted => {
            context.info("Interrupted. No changes made.");
            return Ok(ExitStatus::Interrupted);
        }
    }
    execute(context, &present, request.force).await
}

/// An existing stack.
type Present<'w> = (&'w StackSpec, StackState);

async fn look<'w>(context: &Context<'_>, request: &'w Request) -> Result<Vec<Present<'w>>> {
    let mut present = Vec::new();
    for spec in &request.stacks {
        let cloud = context.cloud(spec.region.as_deref())?;
        let Some(state) = cloud.stack(&spec.name).await? else {
            continue;
        };
        let step = before_destroy(&Condition::of(&state.status));
        if step != DestroyStep::Nothing {
            must_be_ours(&spec.name, spec, &state.tags)?;
        }
        match step {
            DestroyStep::Nothing => {}
            DestroyStep::Delete | DestroyStep::Attach(_) => present.push((spec, state)),
            DestroyStep::Refuse(status) => {
                return Err(
                    Failure::failed(format!("{} has an unknown status: {status}", spec.name))
                        .hint(format!("see {}", cloud.stack_link(&state.id)))
                        .into(),
                );
            }
        }
    }
    Ok(present)
}

async fn show(context: &Context<'_>, present: &[Present<'_>], force: bool) -> Result<()> {
    for (spec, state) in present.iter().rev() {
        let cloud = context.cloud(spec.region.as_deref())?;
        let resources = cloud.resources(&state.id).await?;
        if context.console.json() {
            context.reporter.report(&Event::Plan {
                stack: spec.name.clone(),
                action: "delete",
                changes: Vec::new(),
                widening: None,
            });
            continue;
        }
        let template = if force {
            cloud.template(&state.id).await?
        } else {
            None
        };
        let open = template.as_deref().and_then(without_protection);
        let disarmed = open.map(|open| open.balancers).unwrap_or_default();
        let mut text = format!("{}: delete, {} resources\n", spec.name, resources.len());
        for (name, kind, physical) in &resources {
            let what = match kind.as_str() {
                _ if spec.keeps(name) => "retained (no longer managed by the stack)",
                "AWS::S3::Bucket" => "deleted if empty",
                "AWS::ECR::Repository" => "deleted if it contains no images",
                "AWS::Logs::LogGroup" => "deleted, including its logs",
                "AWS::ElasticLoadBalancingV2::LoadBalancer" => "deleted, including its DNS name",
                _ => continue,
            };
            let kind = kind.strip_prefix("AWS::").unwrap_or(kind);
            let _ = writeln!(text, "  {name} ({kind}) {what}\n    {physical}");
            if disarmed.contains(name) {
                text.push_str("    deletion protection is disabled first\n");
            }
        }
        context.console.write_err(text);
    }
    Ok(())
}

/// In prod, the environment name must be typed; `--yes` does not apply.
async fn agree(context: &Context<'_>, present: &[Present<'_>]) -> Result<Answer> {
    // Deletion order.
    let names: Vec<_> = present.iter().rev().map(|(spec, _)| spec.name.as_str()).collect();
    let prod = present
        .iter()
        .any(|(spec, _)| spec.environment.as_deref() == Some("prod"));
    let place = context.place();
    if prod && !context.yes {
        let question = format!(
            "This deletes {} in {place}. Type `prod` to confirm:",
            names.join(", ")
        );
        return context.typed(&question, "prod").await;
    }
    context
        .consent(&format!("Delete {} in {place}?", names.join(", ")))
        .await
}

async fn execute(context: &Context<'_>, present: &[Present<'_>], force: bool) -> Result<ExitStatus> {
    let mut schedule = Schedule::new(
        present
            .iter()
            .map(|(spec, _)| (spec.name.as_str(), spec.depends_on.as_slice())),
    )
    .reversed();
    let mut running = FuturesUnordered::new();
    let (mut errors, mut left, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let mut gone = 0;
    loop {
        let stop = context.interrupts.count() > 0;
        let ready = if stop { Vec::new() } else { schedule.take_ready() };
        for (spec, state) in present.iter().filter(|(spec, _)| ready.contains(&spec.name)) {
            running.push(async move { (*spec, delete(context, spec, state, force).await) });
        }
        let Some((spec, outcome)) = running.next().await else {
            break;
        };
        match outcome {
            Ok(Outcome::Gone) => {
                gone += 1;
                schedule.succeeded(&spec.name);
            }
            Ok(Outcome::Left) => left.push(spec.name.as_str()),
            Ok(Outcome::Kept) => kept.push(spec.name.clone()),
            Ok(Outcome::Failed(diagnosis)) => errors.push(failure(diagnosis).into()),
            Err(error) => errors.push(error),
        }
    }
    context.reporter.end_table();
    kept.extend(schedule.never_started());
    for name in &kept {
        context.info(format!("{name}: not deleted"));
    }
    let last: Option<anyhow::Error> = errors.pop();
    for error in &errors {
        context.console.error(error);
    }
    if let Some(error) = last {
        return Err(error);
    }
    if !left.is_empty() {
        context.info(format!("{}: the deletion continues in AWS", left.join(" ")));
    }
    // Without errors, only Ctrl-C keeps a stack from being deleted.
    if !left.is_empty() || !kept.is_empty() {
        return Ok(ExitStatus::Interrupted);
    }
    let stacks = if gone == 1 {
        "1 stack".to_owned()
    } else {
        format!("{gone} stacks")
    };
    context.info(format!("Done: {stacks} deleted."));
    Ok(ExitStatus::Done)
}

async fn delete(context: &Context<'_>, spec: &StackSpec, state: &StackState, force: bool) -> Result<Outcome> {
    let cloud = context.cloud(spec.region.as_deref())?;
    let name = &spec.name;
    // Wait for a running operation; a running deletion is the one wanted.
    if let DestroyStep::Attach(busy) = before_destroy(&Condition::of(&state.status)) {
        context.info(format!("{name}: already {busy}; waiting for it to finish"));
        let watch = watch_of(context, spec, &state.id)?;
        match context.watch(watch).await? {
            Observed::Left if busy == Busy::Deleting => return Ok(Outcome::Left),
            Observed::Left => return Ok(Outcome::Kept),
            Observed::Finished(finished) if ending(&finished.progress.status) == Some(Ending::Gone) => {
                return Ok(Outcome::Gone);
            }
            Observed::Finished(_) => {}
        }
    }
    if force && let Some(ended) = remove_protection(context, spec, &state.id).await? {
        return Ok(ended);
    }
    let cursor = cloud.cursor_at_end(&state.id).await?;
    if context.interrupts.count() > 0 {
        return Ok(Outcome::Kept);
    }
    if force && state.protected {
        cloud.protect(&state.id, false).await?;
    }
    cloud.delete_stack(&state.id, &context.token()).await?;
    context.reporter.report(&Event::Started {
        stack: name.clone(),
        operation: "delete",
    });
    let watch = Watch {
        cursor,
        begun_here: true,
        ..watch_of(context, spec, &state.id)?
    };
    let finished = match context.watch(watch).await? {
        Observed::Left => return Ok(Outcome::Left),
        Observed::Finished(finished) => finished,
    };
    let status = finished.progress.status.clone();
    let ok = ending(&status) == Some(Ending::Gone);
    context.reporter.report(&Event::Finished {
        stack: name.clone(),
        status,
        ok,
        seconds: finished.progress.began.elapsed().unwrap_or_default().as_secs(),
        outputs: Vec::new(),
    });
    if ok {
        return Ok(Outcome::Gone);
    }
    let link = cloud.stack_link(&state.id);
    Ok(Outcome::Failed(diagnose(
        &finished.progress,
        &finished.evidence,
        &link,
    )))
}

fn watch_of<'a>(context: &'a Context<'_>, spec: &'a StackSpec, id: &'a str) -> Result<Watch<'a>> {
    Ok(Watch {
        cloud: context.cloud(spec.region.as_deref())?,
        stack_id: id,
        name: &spec.name,
        cursor: crate::aws::EventCursor::default(),
        begun_here: false,
        expected: None,
        runs_service: false,
    })
}
