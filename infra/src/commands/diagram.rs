//! `infra diagram`: draws the architecture or the pipelines.

use anyhow::{Context as _, Result};

use super::settings;
use crate::cli::{Diagram, DiagramFormat, DiagramName, Global};
use crate::console::Console;
use crate::diagram::{self, Subject};
use crate::exit::ExitStatus;
use crate::inventory;

/// Writes the diagram to stdout or a file.
pub(super) fn run(arguments: &Diagram, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (_, graph) = settings::graph(global)?;
    let inventory = inventory::of(&graph);
    let subject = match arguments.name {
        DiagramName::Architecture => Subject::Architecture,
        DiagramName::Pipelines => Subject::Pipelines,
    };
    let picture = match arguments.format {
        DiagramFormat::Mermaid => diagram::mermaid(subject, &inventory),
        DiagramFormat::Svg => diagram::svg(subject, &inventory),
    };
    match &arguments.out {
        Some(file) => {
            fs_err::write(file, picture)?;
            console.info(format_args!("{}", file.display()));
        }
        None => console.data(picture).context("cannot print the diagram")?,
    }
    Ok(ExitStatus::Done)
}
