//! The releases there were, where they run, and the way back to one of them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Context;
use super::deploy;
use crate::aws::Fault;
use crate::daily::releases::{Refusal, Release, Tags, Target, releases, table, target};
use crate::daily::tag::{Unclear, short};
use crate::deploy::condition::{Busy, Condition};
use crate::deploy::wanted::Wanted;
use crate::exit::{ExitStatus, Failure};

/// Where releases are found.
#[derive(Clone, Debug)]
pub struct Places {
    /// SSM parameter whose history is the list of releases.
    pub parameter: String,
    /// Names of the containers, each with its image repository.
    pub repositories: Vec<(String, String)>,
    /// App stacks by environment.
    pub stacks: Vec<(String, Wanted)>,
}

/// What is to be gone back to.
#[derive(Clone, Debug)]
pub struct Rollback {
    /// Where releases are found.
    pub places: Places,
    /// The environment.
    pub environment: String,
    /// To this tag instead of the previous one.
    pub to: Option<String>,
}

/// All that is known of releases.
struct Known {
    releases: Vec<Release>,
    images: BTreeMap<String, Tags>,
    running: Vec<(String, String)>,
    /// What is being done to one of the stacks, whose tag is then that of what is under way.
    under_way: Option<Busy>,
}

impl Places {
    async fn known(&self, context: &Context<'_>) -> Result<Known> {
        let cloud = context.cloud(self.stacks.first().and_then(|(_, stack)| stack.region.as_deref()))?;
        let history = cloud.parameter_history(&self.parameter).await?;
        let mut images = BTreeMap::new();
        for (container, repository) in &self.repositories {
            let tags = match cloud.image_tags(repository).await {
                Err(Fault::Denied { .. }) => None,
                tags => Some(tags?),
            };
            images.insert(container.clone(), tags);
        }
        let mut running = Vec::new();
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
        }
        Ok(Known {
            releases: releases(history, &images, &running),
            images,
            running,
            under_way,
        })
    }
}

/// Lists the releases.
///
/// # Errors
/// AWS does not tell.
pub async fn list(context: &Context<'_>, places: &Places) -> Result<ExitStatus> {
    let known = places.known(context).await?;
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
        console.say(format!(
            "There is no release yet: the SSM parameter `{}` does not exist.",
            places.parameter
        ));
        console.hint("a push to the dev branch makes one; `infra pipeline status dev` shows how far it is");
        console.hint(context.elsewhere());
        return Ok(ExitStatus::Done);
    }
    console
        .data(table(&known.releases))
        .context("cannot print the releases")?;
    for (environment, tag) in &known.running {
        if !known.releases.iter().any(|release| release.tag == *tag) {
            console.say(format!(
                "{environment} runs {}, which was never the latest.",
                short(tag)
            ));
        }
        if let [_] = known.running.as_slice()
            && let Ok(back) = target(&known.releases, &known.images, tag, None)
        {
            console.hint(format!(
                "`infra rollback {environment}` goes back to {}",
                short(&back.tag)
            ));
        }
    }
    Ok(ExitStatus::Done)
}

/// Goes back to a release: the template stays as it is deployed, and so does all but the images.
///
/// # Errors
/// There is nothing to go back to, or the deployment fails.
pub async fn rollback(context: &Context<'_>, request: &Rollback) -> Result<ExitStatus> {
    let environment = &request.environment;
    let places = &request.places;
    let (_, stack) = places
        .stacks
        .first()
        .with_context(|| format!("{environment} has no app stack"))?;
    let cloud = context.cloud(stack.region.as_deref())?;
    let known = places.known(context).await?;
    let Some((_, running)) = known.running.first() else {
        return Err(Failure::failed(format!(
            "{environment} runs nothing: there is no stack {}",
            stack.name
        ))
        .hint(format!(
            "`infra deploy {environment}` deploys it; `--image-tag TAG` names the release"
        ))
        .hint(context.elsewhere())
        .into());
    };
    let wish = request.to.as_deref();
    if let (Some(busy), None) = (known.under_way, wish) {
        return Err(unclear_start(busy, environment, running, &known).into());
    }
    let back = match target(&known.releases, &known.images, running, wish) {
        Ok(back) => {
            announce(context, environment, running, &back);
            back.tag
        }
        // Not yet: the deployment joins what is under way.
        Err(Refusal::RunsAlready(tag)) if known.under_way.is_some() => tag,
        Err(Refusal::RunsAlready(tag)) => {
            context.narrator.say(format!(
                "{environment} runs {} already; nothing to do.",
                short(&tag)
            ));
            return Ok(ExitStatus::Done);
        }
        Err(refusal) => return Err(refused(refusal, environment, running).into()),
    };
    let mut wanted = stack.clone();
    // The images go back, not the settings of whoever sits here.
    wanted.body = cloud
        .template(&stack.name)
        .await?
        .with_context(|| format!("the template of {} is gone", stack.name))?;
    wanted.depends_on.clear();
    let deployment = deploy::Request {
        stacks: vec![wanted],
        release: Some(back.clone()),
        ..deploy::Request::default()
    };
    let ended = deploy::deploy(context, &deployment).await?;
    if ended == ExitStatus::Done
        && let Some(latest) = known.releases.first().filter(|latest| latest.tag != back)
    {
        context.console.hint(format!(
            "the latest release is still {}: `infra deploy {environment}` would run that again",
            short(&latest.tag)
        ));
    }
    Ok(ended)
}

/// What is the release before, while another is on its way? An earlier run of this very command may have been killed;
/// to go back from what it began would be one release too far.
fn unclear_start(busy: Busy, environment: &str, running: &str, known: &Known) -> Failure {
    let failure = Failure::failed(format!(
        "{environment} is {busy}, with release {}: from which to go back is not clear",
        short(running)
    ))
    .hint(format!(
        "`infra status {environment} --watch` shows how that ends"
    ));
    match target(&known.releases, &known.images, running, None) {
        Ok(before) => failure.hint(format!(
            "`infra rollback {environment} --to {}` waits for that, then goes back to the release before it",
            short(&before.tag)
        )),
        Err(_) => failure.hint("`--to TAG` waits for that, then goes back to that release"),
    }
}

fn announce(context: &Context<'_>, environment: &str, running: &str, back: &Target) {
    for tag in &back.passed_over {
        context
            .narrator
            .say(format!("{} is passed over: its images are gone", short(tag)));
    }
    if back.from_unknown {
        context.narrator.say(format!(
            "{} was never the latest release; the previous one is the latest there is",
            short(running)
        ));
    }
    context.narrator.say(format!(
        "{environment} goes back from {} to {}",
        short(running),
        short(&back.tag)
    ));
}

fn refused(refusal: Refusal, environment: &str, running: &str) -> Failure {
    let list = "`infra releases` lists what can be gone back to";
    match refusal {
        Refusal::NoHistory => {
            Failure::failed("there is no release to go back to: the list of releases is empty")
                .hint("`--to TAG` names an image that was pushed by hand")
        }
        Refusal::NothingBefore { gone } if gone.is_empty() => Failure::failed(format!(
            "there is no release before {}, which {environment} runs",
            short(running)
        ))
        .hint(list),
        Refusal::NothingBefore { gone } => {
            let tags: Vec<_> = gone.iter().map(|tag| short(tag)).collect();
            Failure::failed(format!(
                "of every release before {} images are gone: {}",
                short(running),
                tags.join(", ")
            ))
            .hint("the pipeline of dev builds them again when their commit is pushed again")
        }
        Refusal::RunsAlready(tag) => Failure::failed(format!("{environment} runs {} already", short(&tag))),
        Refusal::Unclear(unclear) => unclear_tag(unclear).hint(list),
        Refusal::Gone { tag, containers } => Failure::failed(format!(
            "release {} has no image of {}",
            short(&tag),
            containers.join(" and ")
        ))
        .hint(list),
    }
}

/// What is said of a tag that was typed and is none.
pub(super) fn unclear_tag(unclear: Unclear) -> Failure {
    match unclear {
        Unclear::Unknown { nearest } => {
            let failure = Failure::failed("no release and no image has that tag");
            match nearest {
                Some(nearest) => failure.hint(format!("did you mean `{nearest}`?")),
                None => failure,
            }
        }
        Unclear::Several(tags) => {
            Failure::failed(format!("several tags begin like that: {}", tags.join(", ")))
        }
    }
}
