//! `infra deploy`: creates or updates stacks.

use anyhow::Result;

use super::{pipeline, session, settings};
use crate::aws::{Cloud, if_allowed};
use crate::cli::{Deploy, Global};
use crate::console::Console;
use crate::deployment::stack_spec::{DeployOptions, StackSpec};
use crate::exit::{ExitStatus, Failure};
use crate::settings::{EnvironmentName, Settings};
use crate::stacks::{Graph, Stack, StackKind};
use crate::workflows::deploy::Pipelines;
use crate::workflows::run::Tempo;
use crate::workflows::{self, hosted_zones, releases};

/// Deploys the targets. Requires an existing release if a target runs the service.
pub(super) fn run(arguments: &Deploy, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (settings, graph) = settings::graph(global)?;
    let chosen = graph
        .select(&arguments.targets.targets)
        .map_err(|unknown| settings::unknown_target(&unknown))?;
    let chosen = with_command(&graph, &chosen);
    let pipelines = Pipelines {
        first_runs: chosen
            .iter()
            .filter_map(|stack| Some((stack.name.clone(), first_run(stack.kind, &settings)?)))
            .collect(),
        connection: pipeline::connection(&settings),
    };
    let keep_in = if arguments.image_tag.is_some() || chosen.iter().any(|stack| runs_releases(stack)) {
        let repositories = session::repositories(&settings).into_iter();
        repositories.map(|(_, repository)| repository).collect()
    } else {
        Vec::new()
    };
    if arguments.options.revert_drift {
        reject_revert_of_weights(&chosen)?;
    }
    let stacks: Vec<StackSpec> = chosen.into_iter().map(session::stack_spec).collect();
    session::connect(global, &stacks, console, arguments.yes, async |context| {
        let mut stacks = stacks.clone();
        hosted_zones::look_up(context, &mut stacks).await?;
        let release = if stacks.iter().any(|stack| stack.release_parameter.is_some()) {
            let cloud = context.cloud(settings.project.region.as_deref())?;
            Some(release(cloud, &settings, arguments.image_tag.clone()).await?)
        } else {
            None
        };
        let request = workflows::deploy::Request {
            stacks,
            release,
            no_execute: arguments.no_execute,
            pipelines: Some(pipelines),
            keep_in,
            tempo: Tempo::default(),
            options: DeployOptions {
                fast: arguments.options.fast,
                revert_drift: arguments.options.revert_drift,
            },
        };
        workflows::deploy::deploy(context, &request).await
    })
}

/// Adds the stacks of the commands that run before a deployment of the chosen ones.
fn with_command<'g>(graph: &'g Graph, chosen: &[&'g Stack]) -> Vec<&'g Stack> {
    let runs = |stack: &Stack| {
        chosen.iter().any(|one| {
            one.name == stack.name || one.before.as_ref().is_some_and(|(name, _)| *name == stack.name)
        })
    };
    graph.stacks().iter().filter(|stack| runs(stack)).collect()
}

/// What a new pipeline does unasked: AWS starts it once when it creates it.
fn first_run(kind: StackKind, settings: &Settings) -> Option<String> {
    let branch = &settings.source.dev_branch;
    match kind {
        StackKind::DevPipeline => Some(format!(
            "AWS starts a new pipeline once; if the branch `{branch}` exists, that run builds it and deploys it to dev"
        )),
        StackKind::ReleasePipeline => Some(
            "AWS starts a new pipeline once; that run names no release, fails at the condition `TagIsGiven` and deploys nothing"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The stack runs releases for long: their images must outlive newer ones of dev.
fn runs_releases(stack: &Stack) -> bool {
    stack.takes_image_tag && stack.environment != Some(EnvironmentName::Dev)
}

/// Returns the release to deploy, from `--image-tag` or the SSM parameter, after checking that its images exist.
async fn release(cloud: &Cloud, settings: &Settings, requested: Option<String>) -> Result<String> {
    let parameter = &settings.release.image_tag_parameter;
    let repositories = session::repositories(settings);
    let tag = match requested {
        Some(typed) => releases::whole_tag(cloud, &repositories, &typed).await?,
        None => cloud
            .parameter(parameter)
            .await?
            .ok_or_else(|| no_release(parameter))?,
    };
    for (_, repository) in repositories {
        // Deployers may lack permission to list images; ECS reports missing ones.
        let Some(pushed) = if_allowed(cloud.image_pushed(&repository, &tag).await)? else {
            continue;
        };
        if pushed.is_none() {
            return Err(Failure::failed(format!(
                "release {tag} has no image in the repository {repository}"
            ))
            .hint(format!(
                "`aws ecr describe-images --repository-name {repository}` lists the existing images"
            ))
            .hint("push to the dev branch to build images, or pass `--image-tag TAG`")
            .into());
        }
    }
    Ok(tag)
}

/// Rejects `--revert-drift` for blue/green and canary services: CloudFormation treats target group weights as drift, and
/// reverting them could route all traffic to the group without tasks.
fn reject_revert_of_weights(stacks: &[&Stack]) -> Result<(), Failure> {
    let Some(stack) = stacks.iter().find(|stack| stack.shifts_traffic()) else {
        return Ok(());
    };
    let name = &stack.name;
    Err(Failure::failed(format!(
        "`--revert-drift` is not supported for {name}: ECS shifts traffic between two target groups, and reverting the weights \
         could route all traffic to the group without tasks"
    ))
    .hint(format!(
        "`infra diff {name} --drift` shows manual changes; revert them manually"
    )))
}

fn no_release(parameter: &str) -> Failure {
    Failure::failed(format!(
        "no release yet: SSM parameter `{parameter}` does not exist"
    ))
    .hint("push to the dev branch to build a release; `infra deploy pipelines` creates the pipelines")
    .hint("without a pipeline, build and push images with `infra push`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::EXAMPLE;
    use crate::stacks;

    #[test]
    fn images_are_kept_for_staging_and_prod() {
        let graph = stacks::graph(&Settings::parse(EXAMPLE).unwrap()).unwrap();
        let stacks = graph.stacks().iter();
        let keeping: Vec<_> = stacks
            .filter(|stack| runs_releases(stack))
            .map(|stack| &stack.name)
            .collect();
        assert_eq!(keeping, ["StagingAppStack", "ProdAppStack"]);
    }

    #[test]
    fn revert_drift_is_rejected_for_blue_green_and_canary() {
        for (strategy, refused) in [("rolling", false), ("blue-green", true), ("canary", true)] {
            let text = EXAMPLE.replace("deployment = \"rolling\"", &format!("deployment = {strategy:?}"));
            let graph = stacks::graph(&Settings::parse(&text).unwrap()).unwrap();
            let all: Vec<_> = graph.stacks().iter().collect();
            assert_eq!(reject_revert_of_weights(&all).is_err(), refused, "{strategy}");
        }
    }
}
