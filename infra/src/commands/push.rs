//! `infra push`: builds the images of this checkout and pushes them.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{git, session, settings};
use crate::cli::{Global, Push};
use crate::console::{Console, Verbosity};
use crate::docker::Docker;
use crate::exit::{ExitStatus, Failure};
use crate::local::workspace;
use crate::service::Runtime;
use crate::settings::{Architecture, Settings};
use crate::stacks::{Names, RELEASE_LATEST, RELEASE_TAG_PREFIX, StackKind};
use crate::workflows::push::{self, Image, Request};

/// Longest tag of an image.
const LONGEST: usize = 128;
/// Files with uncommitted changes that are named.
const NAMED: usize = 3;

/// Builds and pushes.
pub(super) fn run(arguments: &Push, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (settings, graph) = settings::graph(global)?;
    let here = std::env::current_dir().context("cannot read the current directory")?;
    let root = workspace::find(&here)
        .map_err(|error| Failure::failed(error.to_string()).hint("run it inside the checkout"))?;
    let commit = git::commit(root);
    let (tag, of_commit) = tag(arguments.tag.as_deref(), commit.as_deref(), root)?;
    let foundation = graph
        .stacks()
        .iter()
        .find(|stack| stack.kind == StackKind::Foundation)
        .context("no stack with image repositories")?;
    let request = Request {
        docker: Docker {
            program: "docker".into(),
            quiet: console.verbosity() == Verbosity::Quiet,
        },
        root: root.to_owned(),
        images: images(&settings),
        arguments: build_arguments(&settings, &tag, commit.as_deref()),
        tag,
        of_commit,
        platform: match settings.project.architecture {
            Architecture::Arm64 => "linux/arm64",
            Architecture::X86_64 => "linux/amd64",
        },
        parameter: settings.release.image_tag_parameter.clone(),
        region: settings.project.region.clone(),
        foundation: foundation.name.clone(),
    };
    let stacks = [session::stack_spec(foundation)];
    session::connect(global, &stacks, console, arguments.yes, async |context| {
        push::push(context, &request).await
    })
}

/// The tag, and whether it names the commit that the tree holds.
fn tag(typed: Option<&str>, commit: Option<&str>, root: &Path) -> Result<(String, bool), Failure> {
    let uncommitted = git::uncommitted(root);
    if let Some(typed) = typed {
        check_tag(typed)?;
        return Ok((typed.to_owned(), commit == Some(typed) && uncommitted.is_empty()));
    }
    let own = "`--tag TAG` pushes the files as they are under that tag";
    let Some(commit) = commit else {
        return Err(Failure::failed(format!(
            "cannot read the commit of {}: not a git checkout with a commit, or git is not installed",
            root.display()
        ))
        .hint(own));
    };
    if uncommitted.is_empty() {
        return Ok((commit.to_owned(), true));
    }
    let named = uncommitted.iter().take(NAMED).map(String::as_str);
    let mut list = named.collect::<Vec<_>>().join(", ");
    if uncommitted.len() > NAMED {
        list = format!("{list} and {} more", uncommitted.len() - NAMED);
    }
    Err(Failure::failed(format!(
        "uncommitted changes: {list}; the images would not be those of commit {commit}"
    ))
    .hint("commit the changes first")
    .hint(own))
}

/// Refuses tags that ECR or a later deployment would refuse.
fn check_tag(tag: &str) -> Result<(), Failure> {
    let longest = LONGEST - RELEASE_TAG_PREFIX.len();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let valid = tag.len() <= longest && tag.chars().all(allowed) && !tag.starts_with(['.', '-']);
    if valid && tag != RELEASE_LATEST {
        return Ok(());
    }
    let hint = if valid {
        "`infra pipeline start release` uses this word for the release that the SSM parameter names"
            .to_owned()
    } else {
        format!(
            "a tag has at most {longest} letters, digits, `.`, `_` and `-`, and does not begin with `.` or `-`"
        )
    };
    Err(Failure::new(ExitStatus::Usage, format!("`--tag {tag}` is not a valid tag")).hint(hint))
}

fn images(settings: &Settings) -> Vec<Image> {
    let names = Names::new(&settings.project);
    settings
        .local_service()
        .containers(Runtime::Task)
        .into_iter()
        .map(|container| Image {
            container: container.name.to_owned(),
            repository: names.repository(container.name),
            dockerfile: container.dockerfile,
        })
        .collect()
}

/// Labels of the images, as the dev pipeline sets them.
fn build_arguments(settings: &Settings, tag: &str, commit: Option<&str>) -> Vec<(String, String)> {
    let source = settings.source.url();
    [
        ("SOURCE", source.as_str()),
        ("REVISION", commit.unwrap_or(tag)),
        ("VERSION", tag),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_ecr_or_the_release_pipeline_would_refuse_are_usage_errors() {
        for tag in ["4f2a9c0", "v1.2.3", "_x", &"a".repeat(120)] {
            assert!(check_tag(tag).is_ok(), "{tag}");
        }
        for tag in ["latest", ".x", "-x", "a b", "ä", &"a".repeat(121)] {
            let error = check_tag(tag).unwrap_err();
            assert_eq!(ExitStatus::of(&error.into()), ExitStatus::Usage, "{tag}");
        }
    }
}
