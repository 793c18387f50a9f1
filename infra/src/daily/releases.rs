//! What is a release, what can be gone back to, and what cannot.
//!
//! The history of the SSM parameter is the list of releases. It is not the history of an environment: prod need not
//! have run all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::{Value, json};

use super::age::{minute, rfc3339};
use super::tag::{Unclear, meant, short};

/// A value that the SSM parameter had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The tag.
    pub tag: String,
    /// When it was written.
    pub at: SystemTime,
    /// Version of the parameter, which grows.
    pub version: i64,
}

/// Tags of a repository; `None` where we may not look.
pub type Tags = Option<BTreeSet<String>>;

/// A tag that was the latest once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The tag of both images.
    pub tag: String,
    /// When it last became the latest.
    pub written: SystemTime,
    /// Containers whose image is no longer there; `None` where nobody may look.
    pub gone: Option<Vec<String>>,
    /// Environments that run it.
    pub runs_on: Vec<String>,
}

/// The releases, newest first, each once.
///
/// `images` holds the tags by container, `running` the tag by environment.
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
    /// It can be deployed, as far as anybody may know.
    pub fn has_images(&self) -> bool {
        self.gone.as_ref().is_none_or(Vec::is_empty)
    }

    fn images(&self) -> String {
        match &self.gone {
            None => "?".to_owned(),
            Some(gone) if gone.is_empty() => "both".to_owned(),
            Some(gone) => format!("no {}", gone.join(", ")),
        }
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "tag": self.tag,
            "written": rfc3339(self.written),
            "imagesGone": self.gone,
            "runsOn": self.runs_on,
        })
    }
}

/// The releases as a table.
pub fn table(releases: &[Release]) -> String {
    let head = ["RELEASE", "WRITTEN (UTC)", "IMAGES", "RUNS ON"].map(str::to_owned);
    let rows = releases.iter().map(|release| {
        [
            short(&release.tag),
            minute(release.written),
            release.images(),
            release.runs_on.join(", "),
        ]
    });
    let rows: Vec<_> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let (first, second, third) = (width(0), width(1), width(2));
    rows.iter()
        .map(|[tag, written, images, runs]| {
            let line = format!("{tag:first$}  {written:second$}  {images:third$}  {runs}");
            line.trim_end().to_owned() + "\n"
        })
        .collect()
}

/// What to go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The tag.
    pub tag: String,
    /// Nearer ones whose images are gone.
    pub passed_over: Vec<String>,
    /// What runs is no release of the list, so that "previous" had to be the latest.
    pub from_unknown: bool,
}

/// Why there is nothing to go back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The SSM parameter has no history: there was never a release.
    NoHistory,
    /// What runs is the oldest that is known.
    NothingBefore {
        /// Releases before it whose images are gone.
        gone: Vec<String>,
    },
    /// It runs already.
    RunsAlready(String),
    /// No release and no image has that tag, or more than one begins with it.
    Unclear(Unclear),
    /// Images of it are gone.
    Gone {
        /// The tag.
        tag: String,
        /// Whose images.
        containers: Vec<String>,
    },
}

/// The release to go back to from `running`: the one before it, or the one that was wished for.
///
/// A wish may name any tag of which there are images, in full or by its beginning, whether it was ever the latest or not.
pub fn target(
    releases: &[Release],
    images: &BTreeMap<String, Tags>,
    running: &str,
    wish: Option<&str>,
) -> Result<Target, Refusal> {
    match wish {
        Some(wish) => named(releases, images, running, wish),
        None => previous(releases, running),
    }
}

fn previous(releases: &[Release], running: &str) -> Result<Target, Refusal> {
    if releases.is_empty() {
        return Err(Refusal::NoHistory);
    }
    let at = releases.iter().position(|release| release.tag == running);
    let older = &releases[at.map_or(0, |at| at + 1)..];
    let gone = |releases: &[Release]| releases.iter().map(|release| release.tag.clone()).collect();
    match older.iter().position(Release::has_images) {
        Some(found) => Ok(Target {
            tag: older[found].tag.clone(),
            passed_over: gone(&older[..found]),
            from_unknown: at.is_none(),
        }),
        None => Err(Refusal::NothingBefore { gone: gone(older) }),
    }
}

fn named(
    releases: &[Release],
    images: &BTreeMap<String, Tags>,
    running: &str,
    wish: &str,
) -> Result<Target, Refusal> {
    let latest_once = releases.iter().map(|release| release.tag.as_str());
    let pushed = images.values().flatten().flatten().map(String::as_str);
    let tag = match meant(wish, latest_once.chain(pushed)) {
        Ok(tag) => tag.to_owned(),
        // Where nobody may look at images, a tag that was never the latest is taken at its word.
        Err(Unclear::Unknown { nearest: None }) if images.values().any(Option::is_none) => wish.to_owned(),
        Err(unclear) => return Err(Refusal::Unclear(unclear)),
    };
    if tag == running {
        return Err(Refusal::RunsAlready(tag));
    }
    match gone(&tag, images) {
        Some(containers) if !containers.is_empty() => Err(Refusal::Gone { tag, containers }),
        _ => Ok(Target {
            tag,
            passed_over: Vec::new(),
            from_unknown: false,
        }),
    }
}

#[cfg(test)]
mod tests;
