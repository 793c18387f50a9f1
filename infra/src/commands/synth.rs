//! `infra synth`: writes the CloudFormation templates.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::settings;
use crate::cli::{Global, Synth};
use crate::console::Console;
use crate::exit::ExitStatus;

/// Default output directory.
const DEFAULT_FOLDER: &str = "infra.out";

/// Prints a single stack to stdout, writes several to files.
pub(super) fn run(arguments: &Synth, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (settings, graph) = settings::graph(global)?;
    let placeholders = settings.placeholders();
    if !placeholders.is_empty() {
        console.warn(format_args!(
            "templates contain placeholders ({}); `infra init` replaces them",
            placeholders.join(", ")
        ));
    }
    let stacks = settings::select(&graph, &arguments.targets)?;
    if let ([stack], None) = (stacks.as_slice(), &arguments.out) {
        console
            .data(stack.template.text())
            .context("cannot print the template")?;
        return Ok(ExitStatus::Done);
    }
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(DEFAULT_FOLDER));
    fs_err::create_dir_all(&folder)?;
    for stack in stacks {
        let file = folder.join(format!("{}.template.json", stack.name));
        let text = stack.template.text();
        fs_err::write(&file, text)?;
        console.info(format_args!("{} ({} bytes)", file.display(), text.len()));
        // Pipelines read stack tags from a configuration file beside the template.
        if stack.takes_image_tag {
            let file = folder.join(format!("{}.configuration.json", stack.name));
            fs_err::write(file, stack.configuration())?;
        }
    }
    Ok(ExitStatus::Done)
}
