//! A destruction: say what will be lost, ask, delete in the order that the dependencies allow.

mod disarming;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;

use self::disarming::disarm;
use super::Context;
use super::asking::Answer;
use super::follow::{Watch, Watched};
use super::settling::failure;
use super::together::Together;
use crate::aws::StackState;
use crate::deploy::condition::{Condition, DestroyStep, Ending, before_destroy, ending};
use crate::deploy::diagnosis::{Diagnosis, diagnose};
use crate::deploy::protection::without_protection;
use crate::deploy::report::Event;
use crate::deploy::schedule::Schedule;
use crate::deploy::wanted::Wanted;
use crate::exit::{ExitStatus, Failure};

/// What is to be destroyed.
#[derive(Clone, Debug)]
pub struct Request {
    /// The stacks, each after those it needs.
    pub stacks: Vec<Wanted>,
    /// All stacks there are: one that is used by another is not destroyed.
    pub all: Vec<Wanted>,
    /// Take the protection against deletion off stacks and load balancers.
    pub force: bool,
}

#[derive(Debug)]
enum Outcome {
    Gone,
    Failed(Diagnosis),
    /// Ctrl-C before its deletion began.
    Kept,
    /// Ctrl-C while it is being deleted.
    Left,
}

/// Destroys.
///
/// # Errors
/// A stack that others use, that is protected, or that cannot be deleted; AWS out of reach.
pub async fn destroy(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let present = tokio::select! {
        present = look(context, request) => present?,
        _ = context.interrupts.beyond(0) => return Ok(ExitStatus::Interrupted),
    };
    if present.is_empty() {
        context
            .narrator
            .say("Nothing to do: none of these stacks exists.");
        context.console.hint(context.elsewhere());
        return Ok(ExitStatus::Done);
    }
    refuse_if_used(context, request).await?;
    refuse_if_protected(&present, request.force)?;
    show(context, &present, request.force).await?;
    match agree(context, &present).await? {
        Answer::Yes => {}
        Answer::No => {
            context.narrator.say("Nothing was deleted.");
            return Ok(ExitStatus::Declined);
        }
        Answer::Interrupted => {
            context.narrator.say("Interrupted; nothing was deleted.");
            return Ok(ExitStatus::Interrupted);
        }
    }
    execute(context, &present, request.force).await
}

/// A stack that is there.
type Present<'w> = (&'w Wanted, StackState);

async fn look<'w>(context: &Context<'_>, request: &'w Request) -> Result<Vec<Present<'w>>> {
    let mut present = Vec::new();
    for wanted in &request.stacks {
        let cloud = context.cloud(wanted.region.as_deref())?;
        let Some(state) = cloud.stack(&wanted.name).await? else {
            continue;
        };
        match before_destroy(&Condition::of(&state.status)) {
            DestroyStep::Nothing => {}
            DestroyStep::Delete | DestroyStep::Attach(_) => present.push((wanted, state)),
            DestroyStep::Refuse(status) => {
                return Err(Failure::failed(format!(
                    "{} is in a status that this tool does not know: {status}",
                    wanted.name
                ))
                .hint(format!("see {}", cloud.stack_link(&state.id)))
                .into());
            }
        }
    }
    Ok(present)
}

/// Stacks that are not to be destroyed but need one that is.
async fn refuse_if_used(context: &Context<'_>, request: &Request) -> Result<()> {
    let doomed: BTreeSet<&str> = request.stacks.iter().map(|stack| stack.name.as_str()).collect();
    for user in request
        .all
        .iter()
        .filter(|stack| !doomed.contains(stack.name.as_str()))
    {
        let Some(need) = user.depends_on.iter().find(|need| doomed.contains(need.as_str())) else {
            continue;
        };
        let cloud = context.cloud(user.region.as_deref())?;
        let there = cloud.stack(&user.name).await?.is_some_and(|state| {
            !matches!(
                Condition::of(&state.status),
                Condition::Absent | Condition::Review
            )
        });
        if there {
            let user = &user.name;
            return Err(
                Failure::failed(format!("{need} cannot be destroyed: {user} uses it"))
                    .hint(format!(
                        "`infra destroy {user}` first, or both: `infra destroy {user} {need}`"
                    ))
                    .into(),
            );
        }
    }
    Ok(())
}

fn refuse_if_protected(present: &[Present<'_>], force: bool) -> Result<()> {
    let names: Vec<_> = present
        .iter()
        .filter(|(_, state)| state.protected)
        .map(|(wanted, _)| wanted.name.as_str())
        .collect();
    if names.is_empty() || force {
        return Ok(());
    }
    let names = names.join(" ");
    Err(Failure::failed(format!("{names}: protected against deletion"))
        .hint(format!(
            "`infra destroy {names} --force` takes the protection off, after asking"
        ))
        .into())
}

async fn show(context: &Context<'_>, present: &[Present<'_>], force: bool) -> Result<()> {
    for (wanted, state) in present.iter().rev() {
        let cloud = context.cloud(wanted.region.as_deref())?;
        let resources = cloud.resources(&state.id).await?;
        if context.console.json() {
            context.narrator.tell(&Event::Plan {
                stack: wanted.name.clone(),
                action: "delete",
                changes: Vec::new(),
                broadening: None,
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
        let mut text = format!("{}: delete, {} resources\n", wanted.name, resources.len());
        for (name, kind, physical) in &resources {
            let what = match kind.as_str() {
                _ if wanted.keeps(name) => "stays, and the stack forgets it",
                "AWS::S3::Bucket" => "goes if it is empty",
                "AWS::ECR::Repository" => "goes if it holds no images",
                "AWS::Logs::LogGroup" => "goes with its log lines",
                "AWS::ElasticLoadBalancingV2::LoadBalancer" => "goes with its address",
                _ => continue,
            };
            // Writing to a string does not fail.
            let kind = kind.strip_prefix("AWS::").unwrap_or(kind);
            let _ = writeln!(text, "  {name} ({kind}) {what}\n    {physical}");
            if disarmed.contains(name) {
                text.push_str("    its protection against deletion is taken off first\n");
            }
        }
        context.console.write_err(text);
    }
    Ok(())
}

/// In prod the environment's name has to be typed; `--yes` is for the others.
async fn agree(context: &Context<'_>, present: &[Present<'_>]) -> Result<Answer> {
    // In the order in which they go.
    let names: Vec<_> = present
        .iter()
        .rev()
        .map(|(wanted, _)| wanted.name.as_str())
        .collect();
    let prod = present
        .iter()
        .any(|(wanted, _)| wanted.environment.as_deref() == Some("prod"));
    let account = &context.identity.account;
    if prod && !context.yes {
        let question = format!(
            "This destroys {} in account {account}. Type `prod` to go on:",
            names.join(", ")
        );
        return context.typed(&question, "prod").await;
    }
    context
        .consent(&format!("Destroy {} in account {account}?", names.join(", ")))
        .await
}

async fn execute(context: &Context<'_>, present: &[Present<'_>], force: bool) -> Result<ExitStatus> {
    let mut schedule = Schedule::new(
        present
            .iter()
            .map(|(wanted, _)| (wanted.name.as_str(), wanted.depends_on.as_slice())),
    )
    .reversed();
    let mut running = Together::new();
    let (mut errors, mut left, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let mut gone = 0;
    loop {
        let stop = context.interrupts.count() > 0;
        let ready = if stop { Vec::new() } else { schedule.take_ready() };
        for (wanted, state) in present.iter().filter(|(wanted, _)| ready.contains(&wanted.name)) {
            running.push(async move { (*wanted, delete(context, wanted, state, force).await) });
        }
        let Some((wanted, outcome)) = running.next().await else {
            break;
        };
        match outcome {
            Ok(Outcome::Gone) => {
                gone += 1;
                schedule.succeeded(&wanted.name);
            }
            Ok(Outcome::Left) => left.push(wanted.name.as_str()),
            Ok(Outcome::Kept) => kept.push(wanted.name.clone()),
            Ok(Outcome::Failed(diagnosis)) => errors.push(failure(diagnosis).into()),
            Err(error) => errors.push(error),
        }
    }
    context.narrator.settle();
    let interrupted = !left.is_empty() || !kept.is_empty();
    for name in kept.into_iter().chain(schedule.never_started()) {
        context.narrator.say(format!("{name}: not deleted"));
    }
    let last: Option<anyhow::Error> = errors.pop();
    for error in &errors {
        context.console.error(error);
    }
    if let Some(error) = last {
        return Err(error);
    }
    if !left.is_empty() {
        context
            .narrator
            .say(format!("{}: the deletion goes on in AWS", left.join(" ")));
    }
    if interrupted {
        return Ok(ExitStatus::Interrupted);
    }
    let stacks = if gone == 1 {
        "1 stack".to_owned()
    } else {
        format!("{gone} stacks")
    };
    context.narrator.say(format!("Done: {stacks} deleted."));
    Ok(ExitStatus::Done)
}

async fn delete(context: &Context<'_>, wanted: &Wanted, state: &StackState, force: bool) -> Result<Outcome> {
    let cloud = context.cloud(wanted.region.as_deref())?;
    let name = &wanted.name;
    // What is under way has to end first; a deletion that is under way is the one we want.
    if let DestroyStep::Attach(busy) = before_destroy(&Condition::of(&state.status)) {
        context
            .narrator
            .say(format!("{name}: it is {busy} already; waiting for that"));
        let watch = watch_of(context, wanted, &state.id)?;
        match context.watch(watch).await? {
            Watched::Left => return Ok(Outcome::Left),
            Watched::Rested(rested) if ending(&rested.progress.status) == Some(Ending::Gone) => {
                return Ok(Outcome::Gone);
            }
            Watched::Rested(_) => {}
        }
    }
    if force && let Some(ended) = disarm(context, wanted, &state.id).await? {
        return Ok(ended);
    }
    if force && state.protected {
        cloud.protect(&state.id, false).await?;
    }
    let cursor = cloud.cursor_at_end(&state.id).await?;
    cloud.delete_stack(&state.id, &context.run).await?;
    context.narrator.tell(&Event::Started {
        stack: name.clone(),
        operation: "delete",
    });
    let watch = Watch {
        cursor,
        ..watch_of(context, wanted, &state.id)?
    };
    let rested = match context.watch(watch).await? {
        Watched::Left => return Ok(Outcome::Left),
        Watched::Rested(rested) => rested,
    };
    let status = rested.progress.status.clone();
    let ok = ending(&status) == Some(Ending::Gone);
    context.narrator.tell(&Event::Finished {
        stack: name.clone(),
        status,
        ok,
        seconds: rested.progress.began.elapsed().unwrap_or_default().as_secs(),
        outputs: Vec::new(),
    });
    if ok {
        return Ok(Outcome::Gone);
    }
    let link = cloud.stack_link(&state.id);
    Ok(Outcome::Failed(diagnose(
        &rested.progress,
        &rested.evidence,
        &link,
    )))
}

fn watch_of<'a>(context: &'a Context<'_>, wanted: &'a Wanted, id: &'a str) -> Result<Watch<'a>> {
    Ok(Watch {
        cloud: context.cloud(wanted.region.as_deref())?,
        stack_id: id,
        name: &wanted.name,
        cursor: crate::aws::EventCursor::default(),
        expected: None,
        runs_service: false,
    })
}
