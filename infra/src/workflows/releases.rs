//! Releases, and the environments that run them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Context;
use super::app_resources::AppResources;
use crate::aws::{AwsError, Cloud, StackState, if_allowed};
use crate::deployment::condition::{Busy, Condition};
use crate::deployment::stack_spec::StackSpec;
use crate::exit::{ExitStatus, Failure};
use crate::releases::history::history;
use crate::releases::tag::{TagError, resolve, short};
use crate::releases::{Release, Tags, releases, target};
use crate::report::releases::table;

/// Sources of releases.
#[derive(Clone, Debug)]
pub struct Places {
    /// SSM parameter whose history lists the releases.
    pub parameter: String,
    /// Container names with their image repositories.
    pub repositories: Vec<(String, String)>,
    /// App stacks by environment.
    pub stacks: Vec<(String, StackSpec)>,
}

/// Data about releases from AWS.
pub(super) struct Known {
    pub(super) releases: Vec<Release>,
    pub(super) images: BTreeMap<String, Tags>,
    /// Environments with the tags that they run.
    pub(super) running: Vec<(String, String)>,
    /// Existing app stacks.
    pub(super) states: Vec<StackState>,
    /// Running operation of an app stack; its tag is then the new one.
    pub(super) under_way: Option<Busy>,
}

impl Places {
    fn region(&self) -> Option<&str> {
        let (_, stack) = self.stacks.first()?;
        stack.region.as_deref()
    }

    pub(super) async fn known(&self, context: &Context<'_>) -> Result<Known> {
        let cloud = context.cloud(self.region())?;
        let history = cloud.parameter_history(&self.parameter).await?;
        let mut images = BTreeMap::new();
        for (container, repository) in &self.repositories {
            images.insert(container.clone(), if_allowed(cloud.image_tags(repository).await)?);
        }
        let (mut running, mut states) = (Vec::new(), Vec::new());
        let mut under_way = None;
        for (environment, stack) in &self.stacks {
            let Some(state) = cloud.stack(&stack.name).await? else {
                continue;
            };
            if let Condition::Busy(busy) = Condition::of(&state.status) {
                under_way = Some(busy);
            }
            let key = stack.release_parameter.as_deref().unwrap_or_default();
            running.extend(
                state
                    .parameter(key)
                    .map(|tag| (environment.clone(), tag.to_owned())),
            );
            states.push(state);
        }
        Ok(Known {
            releases: releases(history, &images, &running),
            images,
            running,
            states,
            under_way,
        })
    }
}

impl Known {
    /// Releases that the app stack has run, newest first.
    pub(super) async fn of_environment(
        &self,
        cloud: &Cloud,
        places: &Places,
    ) -> Result<Vec<Release>, AwsError> {
        let (Some(state), Some((_, repository))) = (self.states.first(), places.repositories.first()) else {
            return Ok(Vec::new());
        };
        let found = AppResources::of(&cloud.resources(&state.id).await?);
        let definition = found.task_definition.unwrap_or_default();
        let service = found.service.unwrap_or_default();
        let revisions = cloud.revisions(&definition, &service).await?;
        Ok(releases(
            history(revisions, repository),
            &self.images,
            &self.running,
        ))
    }
}

/// Lists releases.
///
/// # Errors
/// If AWS cannot be read.
pub async fn list(context: &Context<'_>, places: &Places) -> Result<ExitStatus> {
    let known = places.known(context).await?;
    let cloud = context.cloud(places.region())?;
    let console = context.console;
    if console.json() {
        let list: Vec<_> = known.releases.iter().map(Release::json).collect();
        let document = json!({ "parameter": places.parameter, "releases": list });
        console
            .data(format!("{document:#}\n"))
            .context("cannot print the releases")?;
        return Ok(ExitStatus::Done);
    }
    if known.releases.is_empty() {
        console.info(format!(
            "No release yet: SSM parameter `{}` does not exist.",
            places.parameter
        ));
        console.hint("push to the dev branch to build one; see `infra pipeline status dev`");
        console.hint("without a pipeline, build and push images with `infra push`");
        console.hint(context.elsewhere());
        return Ok(ExitStatus::Done);
    }
    console
        .data(table(&known.releases))
        .context("cannot print the releases")?;
    for (environment, tag) in &known.running {
        if !known.releases.iter().any(|release| release.tag == *tag) {
            console.info(format!(
                "{environment} runs {}, which is not in the list.",
                short(tag)
            ));
        }
        let ran = match known.running.as_slice() {
            [_] => known.of_environment(cloud, places).await,
            _ => Ok(Vec::new()),
        };
        // Only used for a hint.
        let ran = if_allowed(ran)?.unwrap_or_default();
        if let Ok(back) = target(&ran, &known.images, tag, None) {
            console.hint(format!(
                "`infra rollback {environment}` rolls back to {}",
                short(&back.tag)
            ));
        }
    }
    Ok(ExitStatus::Done)
}

/// Returns the full tag for a unique prefix; `typed` itself if no image matches.
///
/// # Errors
/// If several tags match.
pub async fn whole_tag(cloud: &Cloud, repositories: &[(String, String)], typed: &str) -> Result<String> {
    for (_, repository) in repositories {
        let Some(tags) = if_allowed(cloud.image_tags(repository).await)? else {
            continue;
        };
        match resolve(typed, tags.iter().map(String::as_str)) {
            Ok(tag) => return Ok(tag.to_owned()),
            Err(TagError::Unknown { .. }) => {}
            Err(several) => return Err(tag_error(several).into()),
        }
    }
    Ok(typed.to_owned())
}

/// Returns the error for an unknown or ambiguous tag.
pub(super) fn tag_error(error: TagError) -> Failure {
    match error {
        TagError::Unknown { nearest } => {
            let failure = Failure::failed("no release or image has this tag");
            match nearest {
                Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
                None => failure,
            }
        }
        TagError::Several(tags) => {
            Failure::failed(format!("the prefix matches several tags: {}", tags.join(", ")))
        }
    }
}
