//! Pipelines: progress, start, approval and rejection.

mod approval;

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use serde_json::json;

pub use self::approval::decide;
use super::Context;
use super::certificate;
pub use super::connection::Connection;
use super::releases::tag_error;
use crate::aws::{AwsError, Cloud, if_allowed};
use crate::deployment::condition::Condition;
use crate::exit::{ExitStatus, Failure};
use crate::pipelines::{ConnectionState, PipelineState};
use crate::releases::tag::{resolve, short};
use crate::report::pipelines::lines;

/// A pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Short name: `dev` or `release`.
    pub which: &'static str,
    /// Name in AWS.
    pub name: String,
}

/// The selected pipelines and related resources.
#[derive(Clone, Debug)]
pub struct Places {
    /// Their region.
    pub region: Option<String>,
    /// The pipelines.
    pub pipelines: Vec<Pipeline>,
    /// Source access.
    pub connection: Connection,
    /// Release pipeline variable with the tag.
    pub variable: String,
    /// Value of the variable that means the latest release.
    pub latest: String,
    /// SSM parameter with the latest release.
    pub tag_parameter: String,
    /// Container names with their image repositories.
    pub repositories: Vec<(String, String)>,
    /// App stacks that the pipelines deploy.
    pub stacks: Vec<String>,
}

/// Decision on an approval.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Approve or reject.
    pub approve: bool,
    /// Comment stored with the decision.
    pub comment: Option<String>,
}

/// Prints pipeline progress.
///
/// # Errors
/// No pipeline, or AWS cannot be read.
pub async fn status(context: &Context<'_>, places: &Places) -> Result<ExitStatus> {
    let cloud = context.cloud(places.region.as_deref())?;
    let (found, missing) = look(cloud, places).await?;
    if found.is_empty() {
        return Err(no_pipeline(context, &missing).into());
    }
    let connection = places.connection.state(cloud).await?;
    let (wedged, waits) = stacks(cloud, places).await?;
    let console = context.console;
    if console.json() {
        let word = connection.map(|state| match state {
            ConnectionState::Available => "available",
            ConnectionState::Pending => "pending",
            ConnectionState::Broken => "broken",
        });
        let list: Vec<_> = found.iter().map(PipelineState::json).collect();
        let stuck: Vec<_> = wedged
            .iter()
            .map(|(name, status)| json!({ "stack": name, "status": status }))
            .collect();
        let document = json!({
            "pipelines": list, "missing": missing, "connection": word, "stuckStacks": stuck,
        });
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
        console.info(format!("{name} is not deployed."));
    }
    warn_connection(context, cloud, connection);
    for wait in waits {
        console.warn(wait);
    }
    for (name, status) in wedged {
        console.warn(format!(
            "{name}: creation failed ({status}); pipelines cannot deploy it"
        ));
        console.hint(format!(
            "correct the cause, then run `infra deploy {name}`: it shows the reason and offers to recreate the stack"
        ));
    }
    if found.iter().any(|pipeline| !pipeline.waiting().is_empty()) {
        console.hint("decide with `infra pipeline approve` or `infra pipeline reject`");
    }
    Ok(ExitStatus::Done)
}

/// Stacks with their status, and messages.
type Troubled = (Vec<(String, String)>, Vec<String>);

/// Returns stacks whose creation failed and that a pipeline cannot delete, with their status; and why others wait.
async fn stacks(cloud: &Cloud, places: &Places) -> Result<Troubled, AwsError> {
    let (mut wedged, mut waits) = (Vec::new(), Vec::new());
    for name in &places.stacks {
        let Some(state) = if_allowed(cloud.stack(name).await)?.flatten() else {
            continue;
        };
        waits.extend(certificate::wait(cloud, name, &state).await?);
        if matches!(
            Condition::of(&state.status),
            Condition::NeverCreated | Condition::NeverCreatedKept
        ) {
            wedged.push((name.clone(), state.status));
        }
    }
    Ok((wedged, waits))
}

/// Returns existing pipelines with reasons of failed builds, and the names of missing ones.
async fn look(cloud: &Cloud, places: &Places) -> Result<(Vec<PipelineState>, Vec<String>), AwsError> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for pipeline in &places.pipelines {
        let Some(mut state) = cloud.pipeline(&pipeline.name).await? else {
            missing.push(pipeline.name.clone());
            continue;
        };
        for action in state.failed_mut() {
            // Build ids are `PROJECT:UUID`; stacks are identified by ARN.
            let build = action
                .external_id
                .as_ref()
                .filter(|id| id.contains(':') && !id.starts_with("arn:"));
            if let Some(id) = build {
                action.build = if_allowed(cloud.failed_build(id).await)?.flatten();
            }
        }
        found.push(state);
    }
    Ok((found, missing))
}

fn no_pipeline(context: &Context<'_>, names: &[String]) -> Failure {
    let names = names.join(" or ");
    Failure::failed(format!("no such pipeline: {names}"))
        .hint("create pipelines with `infra deploy pipelines`")
        .hint(context.elsewhere())
}

fn warn_connection(context: &Context<'_>, cloud: &Cloud, connection: Option<ConnectionState>) {
    let trouble = match connection {
        Some(ConnectionState::Pending) => "is PENDING",
        Some(ConnectionState::Broken) => "is broken",
        _ => return,
    };
    context.console.warn(format!(
        "the connection to GitHub {trouble}: pipelines cannot read the source"
    ));
    context.console.hint(format!(
        "choose `Update pending connection` at {}",
        cloud.connection_link()
    ));
}

/// Starts a pipeline; the release pipeline with this tag, if given.
///
/// # Errors
/// No such pipeline, or no such release.
pub async fn start(context: &Context<'_>, places: &Places, tag: Option<&str>) -> Result<ExitStatus> {
    let cloud = context.cloud(places.region.as_deref())?;
    let pipeline = places.pipelines.first().context("no pipeline selected")?;
    let tag = match tag {
        Some(typed) => Some(known_tag(cloud, places, typed).await?),
        None if pipeline.which == "release" => {
            must_have_release(context, cloud, places).await?;
            None
        }
        None => None,
    };
    // The release pipeline requires a tag.
    let latest = (pipeline.which == "release").then_some(places.latest.as_str());
    let variables: Vec<_> = tag
        .as_deref()
        .or(latest)
        .map(|tag| (places.variable.as_str(), tag))
        .into_iter()
        .collect();
    let Some(run) = cloud
        .start_pipeline(&pipeline.name, &variables, &context.token())
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
    console.info(format!("{}: started{with} (run {run}).", pipeline.name));
    // The pipeline has started; the connection is only a warning.
    match places.connection.state(cloud).await {
        Ok(connection) => warn_connection(context, cloud, connection),
        Err(error) => console.detail(format!("the connection to GitHub: {error}")),
    }
    console.hint(format!(
        "show its progress with `infra pipeline status {}`",
        pipeline.which
    ));
    Ok(ExitStatus::Done)
}

/// Returns the full tag after checking that all images exist.
async fn known_tag(cloud: &Cloud, places: &Places, typed: &str) -> Result<String> {
    let mut tag = typed.to_owned();
    for (container, repository) in &places.repositories {
        // Without permission to list images, the deployment reports missing ones.
        let Some(tags) = if_allowed(cloud.image_tags(repository).await)? else {
            continue;
        };
        tag = resolve(&tag, tags.iter().map(String::as_str))
            .map_err(|error| {
                tag_error(error).caused_by(format!("searched for `{typed}` in the images of {container}"))
            })?
            .to_owned();
    }
    Ok(tag)
}

async fn must_have_release(context: &Context<'_>, cloud: &Cloud, places: &Places) -> Result<()> {
    let parameter = &places.tag_parameter;
    match cloud.parameter(parameter).await {
        Err(AwsError::Denied { .. }) | Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Failure::failed(format!(
            "no release yet: SSM parameter `{parameter}` does not exist"
        ))
        .hint("push to the dev branch to build one, or build and push images with `infra push`")
        .hint(context.elsewhere())
        .into()),
        Err(error) => Err(error.into()),
    }
}
