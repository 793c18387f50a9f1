//! What every verb begins with: the settings, the graph of stacks, the stacks that are meant.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cli::{Global, Targets};
use crate::exit::{ExitStatus, Failure};
use crate::settings::{self, Settings, SettingsError};
use crate::stacks::{self, Graph, Stack, UnknownTarget};

/// The settings file that is meant: the one named, else the one of the folder that we are in.
pub(crate) fn file(global: &Global) -> Result<PathBuf> {
    if let Some(file) = &global.config {
        return Ok(file.clone());
    }
    let here = std::env::current_dir().context("cannot tell which folder this is")?;
    let found = settings::find(&here);
    // Shorter to read, and the same from wherever the person is.
    Ok(found.strip_prefix(&here).map(Path::to_owned).unwrap_or(found))
}

/// The settings.
pub(crate) fn load(global: &Global) -> Result<Settings> {
    let mut settings = Settings::load(&file(global)?).map_err(failure)?;
    if settings.project.region.is_none() {
        settings.project.region.clone_from(&global.region);
    }
    Ok(settings)
}

/// Refuses settings that still hold what the repository came with: for verbs that talk to AWS.
#[cfg(feature = "aws")]
pub(crate) fn refuse_placeholders(global: &Global) -> Result<()> {
    let file = file(global)?;
    let Ok(settings) = Settings::load(&file) else {
        // Whoever loads it next says what is wrong with it.
        return Ok(());
    };
    let placeholders = settings.placeholders();
    if placeholders.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = placeholders
        .iter()
        .map(|placeholder| format!("`{placeholder}`"))
        .collect();
    Err(Failure::new(
        ExitStatus::SettingsInvalid,
        format!("{} still holds placeholders: {}", file.display(), list.join(", ")),
    )
    .hint("`infra init` asks for what belongs there")
    .into())
}

/// The settings and the stacks made from them.
pub(crate) fn graph(global: &Global) -> Result<(Settings, Graph)> {
    let settings = load(global)?;
    let graph = stacks::graph(&settings)?;
    Ok((settings, graph))
}

/// The stacks that the targets name.
pub(crate) fn select<'a>(graph: &'a Graph, targets: &Targets) -> Result<Vec<&'a Stack>> {
    graph
        .select(&targets.targets)
        .map_err(|unknown| unknown_target(&unknown))
}

/// What is said of a target that names nothing.
pub(crate) fn unknown_target(unknown: &UnknownTarget) -> anyhow::Error {
    Failure::new(ExitStatus::Usage, unknown.to_string())
        .hint(unknown.hint())
        .into()
}

fn failure(error: SettingsError) -> anyhow::Error {
    let failure = Failure::new(ExitStatus::SettingsInvalid, error.to_string());
    match error {
        SettingsError::Missing(_) => failure.hint("`infra init` writes one"),
        SettingsError::Unreadable(cause) => failure.caused_by(cause),
        SettingsError::Invalid { .. } => failure.hint("infra/infra.example.toml explains every setting"),
    }
    .into()
}
