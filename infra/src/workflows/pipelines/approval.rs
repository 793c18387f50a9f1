//! Approval of a release: shows the pending release, confirms, decides exactly that one.

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::super::Context;
use super::super::prompt::Answer;
use super::{Places, Verdict, look, no_pipeline};
use crate::aws::{Cloud, Decision, if_allowed};
use crate::exit::{ExitStatus, Failure};
use crate::logs::clean;
use crate::pipelines::{PipelineState, Subject, Waiting};
use crate::releases::tag::short;
use crate::report::pipelines::words;
use crate::timestamps::ago;

/// Approves or rejects the pending release.
///
/// # Errors
/// No pending approval, several, or one that was decided meanwhile.
pub async fn decide(context: &Context<'_>, places: &Places, verdict: &Verdict) -> Result<ExitStatus> {
    let cloud = context.cloud(places.region.as_deref())?;
    let (found, missing) = look(cloud, places).await?;
    if found.is_empty() {
        return Err(no_pipeline(context, &missing).into());
    }
    let mut waiting: Vec<_> = found.iter().flat_map(PipelineState::waiting).collect();
    let Some(one) = waiting.pop() else {
        return Err(nothing_waits(&found).into());
    };
    if !waiting.is_empty() {
        waiting.push(one);
        return Err(several_wait(cloud, &waiting).into());
    }
    let subject = if_allowed(cloud.subject(&one, &places.variable).await)?.unwrap_or_default();
    describe(context, &one, &subject);
    let (verb, done) = if verdict.approve {
        ("Approve", "approved")
    } else {
        ("Reject", "rejected")
    };
    let release = subject
        .release
        .as_deref()
        .map(|tag| format!(" {}", short(tag)))
        .unwrap_or_default();
    let question = format!("{verb} release{release}?");
    match context.consent(&question).await? {
        Answer::Yes => {}
        Answer::No => {
            context.info("No decision made; the approval is still pending.");
            return Ok(ExitStatus::Declined);
        }
        Answer::Interrupted => return Ok(ExitStatus::Interrupted),
    }
    let comment = verdict
        .comment
        .clone()
        .unwrap_or_else(|| format!("{done} by infra, {}", context.identity.arn));
    match cloud.decide_approval(&one, verdict.approve, &comment).await? {
        Decision::Recorded => {
            if context.console.json() {
                let document = json!({
                    "pipeline": one.pipeline, "stage": one.stage, "approved": verdict.approve,
                    "release": subject.release, "comment": comment,
                });
                context
                    .console
                    .data_line(document)
                    .context("cannot print the decision")?;
            }
            context.console.info(format!("{}: {done}.", one.pipeline));
            context
                .console
                .hint("show its progress with `infra pipeline status release`");
            Ok(ExitStatus::Done)
        }
        Decision::TooLate => Err(Failure::failed(format!(
            "{}: the approval is no longer pending: another user decided, or the run ended",
            one.pipeline
        ))
        .hint("see `infra pipeline status release`")
        .into()),
    }
}

/// Prints the pending release; also with `--quiet`, unless `--yes` is set.
fn describe(context: &Context<'_>, waiting: &Waiting, subject: &Subject) {
    let mut lines = Vec::new();
    let since = waiting
        .since
        .map(|at| format!(" for {}", ago(at, SystemTime::now()).trim_end_matches(" ago")));
    lines.push(format!(
        "{}: {} is waiting for approval{}",
        waiting.pipeline,
        waiting.action,
        since.unwrap_or_default()
    ));
    for (name, value) in [
        ("release", &subject.release),
        ("message", &subject.message),
        ("staging", &subject.url),
    ] {
        lines.extend(value.as_deref().map(|text| format!("  {name}   {}", clean(text))));
    }
    let text = lines.join("\n");
    if context.yes {
        context.console.info(text);
    } else {
        context.console.write_err(text + "\n");
    }
}

fn nothing_waits(found: &[PipelineState]) -> Failure {
    let states: Vec<_> = found
        .iter()
        .map(|pipeline| match &pipeline.run {
            None => format!("{} has no runs", pipeline.name),
            Some(run) => format!("the last run of {}: {}", pipeline.name, words(&run.status)),
        })
        .collect();
    Failure::failed(format!("no pending approval: {}", states.join(", ")))
        .hint("start a release with `infra pipeline start release`")
}

fn several_wait(cloud: &Cloud, waiting: &[Waiting]) -> Failure {
    let names: Vec<_> = waiting
        .iter()
        .map(|one| format!("{} in {}/{}", one.action, one.pipeline, one.stage))
        .collect();
    let failure = Failure::failed(format!("several approvals are pending: {}", names.join(", ")));
    waiting.iter().fold(failure, |failure, one| {
        failure.hint(format!("decide at {}", cloud.pipeline_link(&one.pipeline)))
    })
}
