//! Push of both images from this machine, for use without pipelines: build, log in to ECR, push, record the release.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Context;
use super::prompt::Answer;
use crate::aws::{AwsError, Cloud, ImageState, RegistryLogin};
use crate::docker::{Build, Docker, DockerError};
use crate::exit::{ExitStatus, Failure};
use crate::releases::tag::short;

/// What to push.
#[derive(Clone, Debug)]
pub struct Request {
    /// The client to build and push with.
    pub docker: Docker,
    /// Folder to build in.
    pub root: PathBuf,
    /// The images.
    pub images: Vec<Image>,
    /// Tag of both.
    pub tag: String,
    /// The tag is the commit and the tree is that of the commit: an image with this tag is the same image.
    pub of_commit: bool,
    /// Platform to build for, such as `linux/arm64`.
    pub platform: &'static str,
    /// Build arguments of both.
    pub arguments: Vec<(String, String)>,
    /// SSM parameter that names the latest release.
    pub parameter: String,
    /// Region of the repositories.
    pub region: Option<String>,
    /// Name of the stack that creates the repositories.
    pub foundation: String,
}

/// An image to push.
#[derive(Clone, Debug)]
pub struct Image {
    /// Name of its container.
    pub container: String,
    /// Its repository.
    pub repository: String,
    /// Its Dockerfile.
    pub dockerfile: String,
}

/// Builds and pushes the images that are not there yet, then makes the tag the latest release.
///
/// # Errors
/// Docker is missing, there is no repository, the tag is taken, a build or a push fails, or AWS refuses a call.
pub async fn push(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let cloud = context.cloud(request.region.as_deref())?;
    let missing = missing(context, cloud, request).await?;
    let latest = cloud.parameter(&request.parameter).await?;
    let tag = short(&request.tag);
    if missing.is_empty() && latest.as_deref() == Some(request.tag.as_str()) {
        context.info(format!(
            "No changes: release {tag} is already pushed and is the latest."
        ));
        return report(context, request, &missing);
    }
    if !missing.is_empty() {
        request
            .docker
            .check()
            .await
            .map_err(|error| failure(error, request))?;
    }
    let question = match missing.len() {
        0 => format!("Both images of {tag} are already pushed. Make it the latest release"),
        1 => format!(
            "Build and push the image of {} for {} as {tag}, the latest release",
            missing[0].container, request.platform
        ),
        several => format!(
            "Build and push {several} images for {} as {tag}, the latest release",
            request.platform
        ),
    };
    match context
        .consent(&format!("{question}, in {}?", context.place()))
        .await?
    {
        Answer::Yes => {}
        Answer::No => {
            context.info("No changes made.");
            return Ok(ExitStatus::Declined);
        }
        Answer::Interrupted => return Ok(ExitStatus::Interrupted),
    }
    let handling = context.interrupts.handle();
    let pressed = context.interrupts.count();
    tokio::select! {
        done = build_and_push(context, cloud, request, &missing) => done?,
        _ = context.interrupts.beyond(pressed) => {
            context.info(
                "Interrupted: the latest release is unchanged; images that were pushed stay in their repositories.",
            );
            return Ok(ExitStatus::Interrupted);
        }
    }
    drop(handling);
    cloud.put_parameter(&request.parameter, &request.tag).await?;
    context.info(format!("Done: {tag} is the latest release."));
    context.console.hint("`infra deploy dev` deploys it");
    report(context, request, &missing)
}

/// The images that are to be built.
async fn missing<'r>(context: &Context<'_>, cloud: &Cloud, request: &'r Request) -> Result<Vec<&'r Image>> {
    let mut missing = Vec::new();
    for image in &request.images {
        let repository = &image.repository;
        match cloud.image_state(repository, &request.tag).await {
            // Whoever may push need not be allowed to list; the registry refuses a tag that is taken.
            Err(AwsError::Denied { .. }) | Ok(ImageState::Absent) => missing.push(image),
            Ok(ImageState::Pushed(_)) if request.of_commit => {
                context.info(format!("{repository}:{} is already pushed", short(&request.tag)));
            }
            Ok(ImageState::Pushed(_)) => return Err(taken(repository, &request.tag).into()),
            Ok(ImageState::NoRepository) => {
                return Err(Failure::failed(format!("no such image repository: {repository}"))
                    .hint(format!("`infra deploy {}` creates it", request.foundation))
                    .hint(context.elsewhere())
                    .into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(missing)
}

fn taken(repository: &str, tag: &str) -> Failure {
    Failure::failed(format!(
        "{repository}:{tag} already exists, and tags are immutable"
    ))
    .hint("`--tag OTHER` pushes under another tag")
    .hint(format!(
        "`infra deploy dev --image-tag {tag}` deploys the images that are there"
    ))
}

/// Builds all images before it pushes the first, so that a build that fails leaves nothing behind.
async fn build_and_push(
    context: &Context<'_>,
    cloud: &Cloud,
    request: &Request,
    missing: &[&Image],
) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let docker = &request.docker;
    let RegistryLogin { host, user, password } = cloud.registry_login().await?;
    let name = |image: &Image| format!("{host}/{}:{}", image.repository, request.tag);
    docker
        .log_in(&host, &user, &password)
        .await
        .map_err(|error| failure(error, request))?;
    for image in missing {
        context.info(format!("Building {} for {}", image.container, request.platform));
        let build = Build {
            image: &name(image),
            dockerfile: &image.dockerfile,
            context: &request.root,
            platform: request.platform,
            arguments: &request.arguments,
        };
        docker.build(&build).await.map_err(|error| {
            let failure = failure(error, request).hint("nothing was pushed");
            match emulated(request.platform) {
                Some(architecture) => failure.hint(format!(
                    "{} images are built by emulation on this machine: `docker run --privileged --rm tonistiigi/binfmt --install {architecture}` installs it",
                    request.platform
                )),
                None => failure,
            }
        })?;
    }
    for image in missing {
        let name = name(image);
        context.info(format!("Pushing {name}"));
        docker.push(&name).await.map_err(|error| {
            let failure = failure(error, request).hint("the latest release is unchanged");
            if request.of_commit {
                failure.hint("the same command again pushes what is missing")
            } else {
                failure.hint("`--tag OTHER` pushes both images under another tag")
            }
        })?;
    }
    Ok(())
}

/// The architecture of the platform, if it is not that of this machine.
fn emulated(platform: &str) -> Option<&str> {
    let architecture = platform.rsplit('/').next()?;
    let ours = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    (architecture != ours).then_some(architecture)
}

fn failure(error: DockerError, request: &Request) -> Failure {
    let hint = match &error {
        DockerError::Missing { .. } => {
            "install Docker (https://docs.docker.com/engine/install), or push to the dev branch: its pipeline builds the images"
        }
        DockerError::NoEngine(_) => "start Docker; `docker info` shows whether the engine responds",
        DockerError::Login { .. } => "`infra check` shows whose credentials these are",
        DockerError::Failed { .. } | DockerError::NotRun(_) => "the lines above give the reason",
    };
    Failure::failed(format!("cannot push release {}", short(&request.tag)))
        .caused_by(error)
        .hint(hint)
}

/// Prints the result for programs.
fn report(context: &Context<'_>, request: &Request, pushed: &[&Image]) -> Result<ExitStatus> {
    if context.console.json() {
        let images: Vec<_> = request
            .images
            .iter()
            .map(|image| {
                json!({
                    "container": image.container,
                    "repository": image.repository,
                    "pushed": pushed.iter().any(|pushed| pushed.container == image.container),
                })
            })
            .collect();
        let document = json!({ "release": request.tag, "parameter": request.parameter, "images": images });
        context
            .console
            .data_line(document)
            .context("cannot print the images")?;
    }
    Ok(ExitStatus::Done)
}
