//! Pipelines from the terminal: where a release is, starting one, answering the approval that waits.

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Context;
use super::asking::Answer;
use super::releases::unclear_tag;
use crate::aws::{Answered, Cloud, Fault};
use crate::check::account;
use crate::daily::age::ago;
use crate::daily::logs::clean;
use crate::daily::pipelines::{ConnectionState, PipelineState, Subject, Waiting, lines, words};
use crate::daily::tag::{meant, short};
use crate::exit::{ExitStatus, Failure};

/// A pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// As it is typed: `dev` or `release`.
    pub which: &'static str,
    /// Its name in AWS.
    pub name: String,
}

/// The pipelines that a verb is about, and what belongs to them.
#[derive(Clone, Debug)]
pub struct Places {
    /// Where they are.
    pub region: Option<String>,
    /// They themselves.
    pub pipelines: Vec<Pipeline>,
    /// How the source is reached.
    pub connection: Connection,
    /// Variable of the release pipeline that holds the tag.
    pub variable: String,
    /// SSM parameter with the latest release.
    pub tag_parameter: String,
    /// Names of the containers, each with its image repository.
    pub repositories: Vec<(String, String)>,
}

/// How pipelines get at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// By the connection of this ARN.
    Arn(String),
    /// By the one whose ARN this SSM parameter holds.
    Parameter(String),
    /// Not by a connection.
    None,
}

/// An answer to an approval.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Yes, or no.
    pub approve: bool,
    /// Why, for those who look later.
    pub comment: Option<String>,
}

impl Connection {
    /// What is known of it.
    pub(super) async fn find(&self, cloud: &Cloud) -> Result<account::Connection, Fault> {
        let arn = match self {
            Self::None => return Ok(account::Connection::NotUsed),
            Self::Arn(arn) => Some(arn.clone()),
            Self::Parameter(name) => cloud.parameter(name).await?,
        };
        match arn {
            None => Ok(account::Connection::NotMade),
            Some(arn) => Ok(account::Connection::Is(cloud.connection(&arn).await?)),
        }
    }

    /// How it is; `None` where there is none, or nobody may look.
    async fn state(&self, cloud: &Cloud) -> Result<Option<ConnectionState>, Fault> {
        match self.find(cloud).await {
            Ok(account::Connection::Is(state)) => Ok(state),
            Ok(_) | Err(Fault::Denied { .. }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// Shows how far the pipelines are.
///
/// # Errors
/// There is none, or AWS does not tell.
pub async fn status(context: &Context<'_>, places: &Places) -> Result<ExitStatus> {
    let cloud = context.cloud(places.region.as_deref())?;
    let (found, missing) = look(cloud, places).await?;
    if found.is_empty() {
        return Err(no_pipeline(context, &missing).into());
    }
    let connection = places.connection.state(cloud).await?;
    let console = context.console;
    if console.json() {
        let word = connection.map(|state| match state {
            ConnectionState::Available => "available",
            ConnectionState::Pending => "pending",
            ConnectionState::Broken => "broken",
        });
        let list: Vec<_> = found.iter().map(PipelineState::json).collect();
        let document = json!({ "pipelines": list, "missing": missing, "connection": word });
        console
            .data(format!("{document:#}\n"))
            .context("cannot print the pipelines")?;
        return Ok(ExitStatus::Done);
    }
    let now = SystemTime::now();
    let texts: Vec<_> = found
        .iter()
        .map(|pipeline| lines(pipeline, now, console.paint_out()).join("\n"))
        .collect();
    console
        .data_line(texts.join("\n\n"))
        .context("cannot print the pipelines")?;
    for name in missing {
        console.say(format!("{name} is not deployed."));
    }
    tell_connection(context, cloud, connection);
    if found.iter().any(|pipeline| !pipeline.waiting().is_empty()) {
        console.hint("`infra pipeline approve` lets it through, `infra pipeline reject` does not");
    }
    Ok(ExitStatus::Done)
}

/// The pipelines that exist, each with why its builds failed; and the names of those that do not.
async fn look(cloud: &Cloud, places: &Places) -> Result<(Vec<PipelineState>, Vec<String>), Fault> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for pipeline in &places.pipelines {
        let Some(mut state) = cloud.pipeline(&pipeline.name).await? else {
            missing.push(pipeline.name.clone());
            continue;
        };
        for action in state.failed_mut() {
            // A build's id is `PROJECT:UUID`; a stack is named by its ARN.
            let build = action
                .external_id
                .as_ref()
                .filter(|id| id.contains(':') && !id.starts_with("arn:"));
            if let Some(id) = build {
                action.build = match cloud.failed_build(id).await {
                    Err(Fault::Denied { .. }) => None,
                    answer => answer?,
                };
            }
        }
        found.push(state);
    }
    Ok((found, missing))
}

fn no_pipeline(context: &Context<'_>, names: &[String]) -> Failure {
    let names = names.join(" or ");
    Failure::failed(format!("there is no pipeline {names}"))
        .hint("`infra deploy pipelines` makes them")
        .hint(context.elsewhere())
}

fn tell_connection(context: &Context<'_>, cloud: &Cloud, connection: Option<ConnectionState>) {
    let trouble = match connection {
        Some(ConnectionState::Pending) => "waits for somebody to agree to it, once",
        Some(ConnectionState::Broken) => "does not work any more",
        _ => return,
    };
    context.console.warn(format!(
        "the connection to GitHub {trouble}: no pipeline gets at the source"
    ));
    context.console.hint(format!(
        "press `Update pending connection` at {}",
        cloud.connection_link()
    ));
}

/// Starts a pipeline; the release pipeline with this tag, if one is given.
///
/// # Errors
/// There is no such pipeline, or no such release.
pub async fn start(context: &Context<'_>, places: &Places, tag: Option<&str>) -> Result<ExitStatus> {
    let cloud = context.cloud(places.region.as_deref())?;
    let pipeline = places.pipelines.first().context("no pipeline is named")?;
    let tag = match tag {
        Some(typed) => Some(known_tag(cloud, places, typed).await?),
        None if pipeline.which == "release" => {
            must_have_release(context, cloud, places).await?;
            None
        }
        None => None,
    };
    let variables: Vec<_> = tag
        .iter()
        .map(|tag| (places.variable.as_str(), tag.as_str()))
        .collect();
    let Some(run) = cloud
        .start_pipeline(&pipeline.name, &variables, &context.run)
        .await?
    else {
        return Err(no_pipeline(context, std::slice::from_ref(&pipeline.name)).into());
    };
    let console = context.console;
    if console.json() {
        let document = json!({ "pipeline": pipeline.name, "run": run, "release": tag });
        console.data_line(document).context("cannot print the run")?;
    }
    let with = tag
        .map(|tag| format!(" with release {}", short(&tag)))
        .unwrap_or_default();
    console.say(format!("{}: started{with} (run {run}).", pipeline.name));
    tell_connection(context, cloud, places.connection.state(cloud).await?);
    console.hint(format!(
        "`infra pipeline status {}` shows how far it is",
        pipeline.which
    ));
    Ok(ExitStatus::Done)
}

/// The tag that was meant, of which all images must be there.
async fn known_tag(cloud: &Cloud, places: &Places, typed: &str) -> Result<String> {
    let mut tag = typed.to_owned();
    for (container, repository) in &places.repositories {
        let tags = match cloud.image_tags(repository).await {
            // Somebody who may start a pipeline need not be allowed to look at images; the deployment will tell.
            Err(Fault::Denied { .. }) => continue,
            answer => answer?,
        };
        tag = meant(&tag, tags.iter().map(String::as_str))
            .map_err(|unclear| {
                unclear_tag(unclear)
                    .caused_by(format!("looked for `{typed}` among the images of {container}"))
            })?
            .to_owned();
    }
    Ok(tag)
}

async fn must_have_release(context: &Context<'_>, cloud: &Cloud, places: &Places) -> Result<()> {
    let parameter = &places.tag_parameter;
    match cloud.parameter(parameter).await {
        Err(Fault::Denied { .. }) | Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Failure::failed(format!(
            "there is no release yet: the SSM parameter `{parameter}` does not exist"
        ))
        .hint(
            "a push to the dev branch builds one; `--image-tag TAG` releases images that were pushed by hand",
        )
        .hint(context.elsewhere())
        .into()),
        Err(fault) => Err(fault.into()),
    }
}

/// Answers the approval that waits.
///
/// # Errors
/// None waits, several wait, or somebody else was quicker.
pub async fn answer(context: &Context<'_>, places: &Places, verdict: &Verdict) -> Result<ExitStatus> {
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
    let subject = match cloud.subject(&one, &places.variable).await {
        Err(Fault::Denied { .. }) => Subject::default(),
        answer => answer?,
    };
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
    let question = format!("{verb} the release{release}?");
    match context.consent(&question).await? {
        Answer::Yes => {}
        Answer::No => {
            context.narrator.say("Nothing was answered; it goes on waiting.");
            return Ok(ExitStatus::Declined);
        }
        Answer::Interrupted => return Ok(ExitStatus::Interrupted),
    }
    let comment = verdict
        .comment
        .clone()
        .unwrap_or_else(|| format!("{done} by infra, {}", context.identity.arn));
    match cloud.answer_approval(&one, verdict.approve, &comment).await? {
        Answered::Now => {
            if context.console.json() {
                let document = json!({
                    "pipeline": one.pipeline, "stage": one.stage, "approved": verdict.approve,
                    "release": subject.release, "comment": comment,
                });
                context
                    .console
                    .data_line(document)
                    .context("cannot print the answer")?;
            }
            context.console.say(format!("{}: {done}.", one.pipeline));
            context
                .console
                .hint("`infra pipeline status release` shows how it goes on");
            Ok(ExitStatus::Done)
        }
        Answered::TooLate => Err(Failure::failed(format!(
            "{}: this approval no longer waits: somebody else has answered, or the run is over",
            one.pipeline
        ))
        .hint("`infra pipeline status release` shows how it went on")
        .into()),
    }
}

/// What the question is about; shown even with `--quiet`, unless it was answered beforehand.
fn describe(context: &Context<'_>, waiting: &Waiting, subject: &Subject) {
    let mut lines = Vec::new();
    let since = waiting
        .since
        .map(|at| format!(", since {}", ago(at, SystemTime::now()).trim_end_matches(" ago")));
    lines.push(format!(
        "{}: {} waits{}",
        waiting.pipeline,
        waiting.action,
        since.unwrap_or_default()
    ));
    let release = subject
        .release
        .as_deref()
        .map(|tag| format!("  release   {}", clean(tag)));
    let message = subject
        .message
        .as_deref()
        .map(|text| format!("  message   {}", clean(text)));
    let url = subject
        .url
        .as_deref()
        .map(|url| format!("  staging   {}", clean(url)));
    lines.extend(release.into_iter().chain(message).chain(url));
    let text = lines.join("\n");
    if context.yes {
        context.console.say(text);
    } else {
        context.console.write_err(text + "\n");
    }
}

fn nothing_waits(found: &[PipelineState]) -> Failure {
    let states: Vec<_> = found
        .iter()
        .map(|pipeline| match &pipeline.run {
            None => format!("{} never ran", pipeline.name),
            Some(run) => format!("the last run of {}: {}", pipeline.name, words(&run.status)),
        })
        .collect();
    Failure::failed(format!("no approval waits: {}", states.join(", ")))
        .hint("`infra pipeline start release` begins a release")
}

fn several_wait(cloud: &Cloud, waiting: &[Waiting]) -> Failure {
    let names: Vec<_> = waiting
        .iter()
        .map(|one| format!("{} in {}/{}", one.action, one.pipeline, one.stage))
        .collect();
    let failure = Failure::failed(format!(
        "several approvals wait, and none is the obvious one: {}",
        names.join(", ")
    ));
    waiting.iter().fold(failure, |failure, one| {
        failure.hint(format!("answer it at {}", cloud.pipeline_link(&one.pipeline)))
    })
}
