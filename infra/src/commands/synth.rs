//! `infra synth`: writes the templates.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::settings;
use crate::cli::{Global, Synth};
use crate::console::Console;
use crate::exit::ExitStatus;

/// Where templates go when nobody says where.
const DEFAULT_FOLDER: &str = "infra.out";

/// One stack goes to stdout, several to files.
pub(super) fn run(arguments: &Synth, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (its, graph) = settings::graph(global)?;
    let placeholders = its.placeholders();
    if !placeholders.is_empty() {
        console.warn(format_args!(
            "the templates hold placeholders ({}); `infra init` asks for what belongs there",
            placeholders.join(", ")
        ));
    }
    let stacks = settings::select(&graph, &arguments.targets)?;
    if let ([stack], None) = (stacks.as_slice(), &arguments.out) {
        console.data(stack.body()).context("cannot print the template")?;
        return Ok(ExitStatus::Done);
    }
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER));
    fs_err::create_dir_all(&folder)?;
    for stack in stacks {
        let file = folder.join(format!("{}.template.json", stack.name));
        fs_err::write(&file, stack.body())?;
        console.say(format_args!("{} ({} bytes)", file.display(), stack.body().len()));
    }
    Ok(ExitStatus::Done)
}
