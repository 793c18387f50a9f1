//! Releases, and the selection of a rollback target.
//!
//! The history of the SSM parameter lists all releases. The releases of one environment are in [`history`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::{Value, json};

pub mod history;
pub mod tag;

use self::tag::{TagError, resolve};
use crate::timestamps::rfc3339;

/// A value of the SSM parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Image tag.
    pub tag: String,
    /// Time of the change.
    pub at: SystemTime,
    /// Version of the parameter.
    pub version: i64,
}

/// Tags of a repository; `None` without permission.
pub type Tags = Option<BTreeSet<String>>;

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Tag of both images.
    pub tag: String,
    /// Time when it last became the latest.
    pub written: SystemTime,
    /// Containers without an image; `None` without permission.
    pub gone: Option<Vec<String>>,
    /// Environments that run it.
    pub runs_on: Vec<String>,
}

/// Returns the releases, newest first, without duplicates.
///
/// `images` maps containers to tags, `running` maps environments to tags.
pub fn releases(
    mut history: Vec<Written>,
    images: &BTreeMap<String, Tags>,
    running: &[(String, String)],
) -> Vec<Release> {
    history.sort_by_key(|written| std::cmp::Reverse(written.version));
    let mut seen = BTreeSet::new();
    history
        .into_iter()
        .filter(|written| seen.insert(written.tag.clone()))
        .map(|written| Release {
            gone: gone(&written.tag, images),
            runs_on: running
                .iter()
                .filter(|(_, tag)| *tag == written.tag)
                .map(|(environment, _)| environment.clone())
                .collect(),
            tag: written.tag,
            written: written.at,
        })
        .collect()
}

fn gone(tag: &str, images: &BTreeMap<String, Tags>) -> Option<Vec<String>> {
    let mut gone = Vec::new();
    for (container, tags) in images {
        if !tags.as_ref()?.contains(tag) {
            gone.push(container.clone());
        }
    }
    Some(gone)
}

impl Release {
    /// Returns whether it can be deployed, as far as known.
    pub fn has_images(&self) -> bool {
        self.gone.as_ref().is_none_or(Vec::is_empty)
    }

    /// Returns the column for existing images.
    pub fn images(&self) -> String {
        match &self.gone {
            None => "?".to_owned(),
            Some(gone) if gone.is_empty() => "both".to_owned(),
            Some(gone) => format!("no {}", gone.join(", ")),
        }
    }

    /// Returns the JSON document.
    pub fn json(&self) -> Value {
        json!({
            "tag": self.tag,
            "written": rfc3339(self.written),
            "imagesGone": self.gone,
            "runsOn": self.runs_on,
        })
    }
}

/// A rollback target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Image tag.
    pub tag: String,
    /// Newer releases that were skipped for missing images.
    pub passed_over: Vec<String>,
}

/// Reason why a rollback is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetError {
    /// No earlier release is known.
    NothingBefore {
        /// Earlier releases with missing images.
        gone: Vec<String>,
    },
    /// The release is already running.
    RunsAlready(String),
    /// The tag is unknown or ambiguous.
    UnknownTag(TagError),
    /// Images are missing.
    Gone {
        /// Image tag.
        tag: String,
        /// Containers without an image.
        containers: Vec<String>,
    },
}

/// Returns the rollback target from `running`: the previous release, or the requested one.
///
/// `releases` are those of the environment, or all of them for a requested tag.
/// A requested tag may be any existing image tag or its unique prefix.
pub fn target(
    releases: &[Release],
    images: &BTreeMap<String, Tags>,
    running: &str,
    requested: Option<&str>,
) -> Result<Target, TargetError> {
    match requested {
        Some(requested) => named(releases, images, running, requested),
        None => previous(releases, running),
    }
}

fn previous(releases: &[Release], running: &str) -> Result<Target, TargetError> {
    let at = releases.iter().position(|release| release.tag == running);
    let older = &releases[at.map_or(releases.len(), |at| at + 1)..];
    let gone = |releases: &[Release]| releases.iter().map(|release| release.tag.clone()).collect();
    match older.iter().position(Release::has_images) {
        Some(found) => Ok(Target {
            tag: older[found].tag.clone(),
            passed_over: gone(&older[..found]),
        }),
        None => Err(TargetError::NothingBefore { gone: gone(older) }),
    }
}

fn named(
    releases: &[Release],
    images: &BTreeMap<String, Tags>,
    running: &str,
    requested: &str,
) -> Result<Target, TargetError> {
    let latest_once = releases.iter().map(|release| release.tag.as_str());
    let pushed = images.values().flatten().flatten().map(String::as_str);
    let tag = match resolve(requested, latest_once.chain(pushed)) {
        Ok(tag) => tag.to_owned(),
        // Without permission to list images, an unknown tag is accepted.
        Err(TagError::Unknown { nearest: None }) if images.values().any(Option::is_none) => {
            requested.to_owned()
        }
        Err(error) => return Err(TargetError::UnknownTag(error)),
    };
    if tag == running {
        return Err(TargetError::RunsAlready(tag));
    }
    match gone(&tag, images) {
        Some(containers) if !containers.is_empty() => Err(TargetError::Gone { tag, containers }),
        _ => Ok(Target {
            tag,
            passed_over: Vec::new(),
        }),
    }
}

#[cfg(test)]
mod tests;
