//! `infra deploy`: creates or updates stacks.

use anyhow::Result;

use super::{cloud, settings};
use crate::aws::{Access, Cloud, Fault};
use crate::cli::{Deploy, Global};
use crate::console::Console;
use crate::deploy::wanted::{Manner, Wanted};
use crate::exit::{ExitStatus, Failure};
use crate::operation::{self, Context, Display, Interrupts};
use crate::service::{self, Runtime};
use crate::settings::Settings;
use crate::stacks::Names;

/// Deploys the targets, after making sure that there is a release to run.
pub(super) fn run(arguments: &Deploy, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (its, graph) = settings::graph(global)?;
    let chosen = graph
        .select(&arguments.targets.targets)
        .map_err(|unknown| settings::unknown_target(&unknown))?;
    let stacks: Vec<Wanted> = chosen.into_iter().map(cloud::wanted).collect();
    cloud::block_on(async {
        let access = Access::open(cloud::login(global)).await?;
        let interrupts = Interrupts::of_process();
        let display = Display::of(console);
        let context = Context::open(&access, &stacks, console, display, interrupts, arguments.yes).await?;
        let release = if stacks.iter().any(Wanted::runs_service) {
            let cloud = context.cloud(its.project.region.as_deref())?;
            Some(release(cloud, &its, arguments.image_tag.clone()).await?)
        } else {
            None
        };
        let request = operation::deploy::Request {
            stacks,
            release,
            no_execute: arguments.no_execute,
            manner: Manner {
                fast: arguments.manner.fast,
                revert_drift: arguments.manner.revert_drift,
            },
        };
        operation::deploy::deploy(&context, &request).await
    })
}

/// The release to run: the one named, else the one that the SSM parameter names; and its images must be there.
async fn release(cloud: &Cloud, settings: &Settings, wish: Option<String>) -> Result<String> {
    let parameter = &settings.release.image_tag_parameter;
    let tag = match wish {
        Some(tag) => tag,
        None => cloud
            .parameter(parameter)
            .await?
            .ok_or_else(|| no_release(parameter))?,
    };
    let names = Names::new(&settings.project);
    for container in service::containers(Runtime::Task) {
        let repository = names.repository(container.name);
        let pushed = match cloud.image_pushed(&repository, &tag).await {
            // Somebody who may deploy need not be allowed to look at images; ECS will tell.
            Err(Fault::Denied { .. }) => continue,
            answer => answer?,
        };
        if pushed.is_none() {
            return Err(Failure::failed(format!(
                "release {tag} has no image in the repository {repository}"
            ))
            .hint(format!(
                "`aws ecr describe-images --repository-name {repository}` lists those there are"
            ))
            .hint("a push to the dev branch builds images; `--image-tag TAG` names another release")
            .into());
        }
    }
    Ok(tag)
}

fn no_release(parameter: &str) -> Failure {
    Failure::failed(format!(
        "there is no release yet: the SSM parameter `{parameter}` does not exist"
    ))
    .hint("a push to the dev branch builds one and writes the parameter; `infra deploy pipelines` makes the pipelines")
    .hint("`--image-tag TAG` runs images that were pushed by hand")
}
