//! Rollback of an environment to an earlier release. The template and all other parameters are unchanged.

use anyhow::{Context as _, Result};

use super::Context;
use super::deploy;
use super::releases::{Places, tag_error};
use super::run::quoted;
use crate::deployment::condition::Busy;
use crate::deployment::ownership::must_be_ours;
use crate::exit::{ExitStatus, Failure};
use crate::releases::tag::short;
use crate::releases::{Target, TargetError, target};

/// Input of a rollback.
#[derive(Clone, Debug)]
pub struct Request {
    /// Sources of releases.
    pub places: Places,
    /// Environment.
    pub environment: String,
    /// Target tag instead of the previous release.
    pub to: Option<String>,
}

/// Rolls back to an earlier release. The template and all other parameters are unchanged.
///
/// # Errors
/// No suitable release, or a failed deployment.
pub async fn rollback(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let environment = &request.environment;
    let places = &request.places;
    let (_, stack) = places
        .stacks
        .first()
        .with_context(|| format!("{environment} has no app stack"))?;
    let cloud = context.cloud(stack.region.as_deref())?;
    let known = places.known(context).await?;
    if let Some(state) = known.states.first() {
        must_be_ours(&stack.name, stack, &state.tags)?;
    }
    let Some((_, running)) = known.running.first() else {
        return Err(
            Failure::failed(format!("{environment} is not deployed: no stack {}", stack.name))
                .hint(format!(
                    "deploy it with `infra deploy {environment}`; `--image-tag TAG` selects the release"
                ))
                .hint(context.elsewhere())
                .into(),
        );
    };
    let requested = request.to.as_deref();
    let ran = match requested {
        Some(_) => Vec::new(),
        None => known.of_environment(cloud, places).await?,
    };
    if let (Some(busy), None) = (known.under_way, requested) {
        let before = target(&ran, &known.images, running, None).ok();
        return Err(ambiguous_start(busy, environment, running, before).into());
    }
    let candidates = if requested.is_some() {
        &known.releases
    } else {
        &ran
    };
    let back = match target(candidates, &known.images, running, requested) {
        Ok(back) => {
            announce(context, environment, running, &back);
            back.tag
        }
        // Do not stop here: the deployment waits for the running operation.
        Err(TargetError::RunsAlready(tag)) if known.under_way.is_some() => tag,
        Err(TargetError::RunsAlready(tag)) => {
            context.info(format!("No changes: {environment} already runs {}.", short(&tag)));
            return Ok(ExitStatus::Done);
        }
        Err(error) => return Err(no_target(error, environment, running).into()),
    };
    let mut spec = stack.clone();
    // Uses the deployed template, not the one of this checkout.
    spec.body = cloud
        .template(&stack.name)
        .await?
        .with_context(|| format!("cannot read the deployed template of {}", stack.name))?;
    spec.depends_on.clear();
    if let Some(before) = spec.before.take() {
        context.info(format!(
            "not run on a rollback, and not undone: {}",
            quoted(&before.command)
        ));
    }
    let deployment = deploy::Request {
        stacks: vec![spec],
        release: Some(back.clone()),
        keep_in: places
            .repositories
            .iter()
            .map(|(_, repository)| repository.clone())
            .collect(),
        ..deploy::Request::default()
    };
    let ended = deploy::deploy(context, &deployment).await?;
    if ended == ExitStatus::Done
        && let Some(latest) = known.releases.first().filter(|latest| latest.tag != back)
    {
        context.console.hint(format!(
            "the latest release is still {}: `infra deploy {environment}` deploys it again",
            short(&latest.tag)
        ));
    }
    Ok(ended)
}

/// Rejects a rollback without `--to` while another deployment is running, possibly an interrupted rollback: the previous
/// release would be one too old.
fn ambiguous_start(busy: Busy, environment: &str, running: &str, before: Option<Target>) -> Failure {
    let failure = Failure::failed(format!(
        "{environment} is {busy} to release {}: the previous release is ambiguous",
        short(running)
    ))
    .hint(format!("follow it with `infra status {environment} --watch`"));
    match before {
        Some(before) => failure.hint(format!(
            "`infra rollback {environment} --to {}` waits for it, then rolls back to the release before it",
            short(&before.tag)
        )),
        None => failure.hint("`--to TAG` waits for it, then rolls back to that release"),
    }
}

fn announce(context: &Context<'_>, environment: &str, running: &str, back: &Target) {
    for tag in &back.passed_over {
        context.info(format!("{} skipped: its images no longer exist", short(tag)));
    }
    context.info(format!(
        "rolling {environment} back from {} to {}",
        short(running),
        short(&back.tag)
    ));
}

fn no_target(error: TargetError, environment: &str, running: &str) -> Failure {
    let list = "list releases with `infra releases`";
    match error {
        TargetError::NothingBefore { gone } if gone.is_empty() => Failure::failed(format!(
            "no release before {} in the task definitions of {environment}",
            short(running)
        ))
        .hint(format!(
            "list releases with `infra releases`, then `infra rollback {environment} --to TAG`"
        )),
        TargetError::NothingBefore { gone } => {
            let tags: Vec<_> = gone.iter().map(|tag| short(tag)).collect();
            Failure::failed(format!(
                "all releases before {} lack images: {}",
                short(running),
                tags.join(", ")
            ))
            .hint("push the commit to the dev branch again to rebuild them")
        }
        TargetError::RunsAlready(tag) => {
            Failure::failed(format!("{environment} already runs {}", short(&tag)))
        }
        TargetError::UnknownTag(error) => tag_error(error).hint(list),
        TargetError::Gone { tag, containers } => Failure::failed(format!(
            "release {} has no image for {}",
            short(&tag),
            containers.join(" and ")
        ))
        .hint(list),
    }
}
