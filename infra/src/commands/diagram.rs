//! `infra diagram`: pictures of the architecture and of the pipelines.

use anyhow::{Context as _, Result};

use super::settings;
use crate::cli::{Diagram, DiagramFormat, DiagramName, Global};
use crate::console::Console;
use crate::diagram::{self, Subject};
use crate::exit::ExitStatus;
use crate::facts;

/// Writes the picture to stdout, or to the file that is named.
pub(super) fn run(arguments: &Diagram, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (_, graph) = settings::graph(global)?;
    let facts = facts::of(&graph);
    let subject = match arguments.name {
        DiagramName::Architecture => Subject::Architecture,
        DiagramName::Pipelines => Subject::Pipelines,
    };
    let picture = match arguments.format {
        DiagramFormat::Mermaid => diagram::mermaid(subject, &facts),
        DiagramFormat::Svg => diagram::svg(subject, &facts),
    };
    match &arguments.out {
        Some(file) => {
            fs_err::write(file, picture)?;
            console.say(format_args!("{}", file.display()));
        }
        None => console.data(picture).context("cannot print the picture")?,
    }
    Ok(ExitStatus::Done)
}
