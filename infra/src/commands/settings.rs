//! Shared setup of all verbs: load settings, build the stack graph, resolve targets.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cli::{Global, Targets};
use crate::exit::{ExitStatus, Failure};
use crate::service::Service;
use crate::settings::{self, Settings, SettingsError};
use crate::stacks::{self, Graph, Stack, UnknownTarget};

/// Returns the path of the settings file: `--config`, or the one found from the current directory.
pub(crate) fn file(global: &Global) -> Result<PathBuf> {
    if let Some(file) = &global.config {
        return Ok(file.clone());
    }
    let here = std::env::current_dir().context("cannot read the current directory")?;
    let found = settings::find(&here);
    // Relative paths are shorter in messages.
    Ok(found.strip_prefix(&here).map(Path::to_owned).unwrap_or(found))
}

/// Loads the settings.
pub(crate) fn load(global: &Global) -> Result<Settings> {
    let mut settings = Settings::load(&file(global)?).map_err(failure)?;
    refuse_other_region(&settings, global)?;
    if settings.project.region.is_none() {
        settings.project.region.clone_from(&global.region);
    }
    Ok(settings)
}

/// Loads the containers as they run outside AWS. Without a settings file, those of the site in this repository.
pub(crate) fn local_service(global: &Global) -> Result<Service> {
    match Settings::load(&file(global)?) {
        Ok(settings) => Ok(settings.local_service().clone()),
        Err(SettingsError::Missing(_)) if global.config.is_none() => Ok(Service::default()),
        Err(error) => Err(failure(error)),
    }
}

/// Rejects a `--region` that contradicts the settings.
pub(crate) fn refuse_other_region(settings: &Settings, global: &Global) -> Result<()> {
    let (Some(set), Some(typed)) = (&settings.project.region, &global.region) else {
        return Ok(());
    };
    if set == typed {
        return Ok(());
    }
    Err(Failure::new(
        ExitStatus::Usage,
        format!("`--region {typed}` contradicts the settings: `project.region` is `{set}`"),
    )
    .hint("omit `--region`, or remove `region` from the settings file")
    .into())
}

/// Rejects settings with placeholders, for verbs that call AWS.
#[cfg(feature = "aws")]
pub(crate) fn refuse_placeholders(global: &Global) -> Result<()> {
    let file = file(global)?;
    let Ok(settings) = Settings::load(&file) else {
        // Reported by the caller that loads the settings.
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
        format!("{} contains placeholders: {}", file.display(), list.join(", ")),
    )
    .hint("`infra init` replaces them")
    .into())
}

/// Loads the settings and builds the stack graph.
pub(crate) fn graph(global: &Global) -> Result<(Settings, Graph)> {
    let settings = load(global)?;
    let graph = stacks::graph(&settings)?;
    Ok((settings, graph))
}

/// Returns the selected stacks.
pub(crate) fn select<'a>(graph: &'a Graph, targets: &Targets) -> Result<Vec<&'a Stack>> {
    graph
        .select(&targets.targets)
        .map_err(|unknown| unknown_target(&unknown))
}

/// Returns the error for an unknown target.
pub(crate) fn unknown_target(unknown: &UnknownTarget) -> anyhow::Error {
    Failure::new(ExitStatus::Usage, unknown.to_string())
        .hint(unknown.hint())
        .into()
}

fn failure(error: SettingsError) -> anyhow::Error {
    let failure = Failure::new(ExitStatus::SettingsInvalid, error.to_string());
    match error {
        SettingsError::Missing(_) => failure.hint("create one with `infra init`"),
        SettingsError::Unreadable(cause) => failure.caused_by(cause),
        SettingsError::Invalid { .. } => failure.hint("infra/infra.example.toml documents every setting"),
    }
    .into()
}
