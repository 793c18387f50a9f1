//! `infra status`: shows stack and service status.

use std::time::Duration;

use anyhow::Result;

use super::{session, settings};
use crate::cli::{Global, Status};
use crate::console::Console;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::ExitStatus;
use crate::workflows::status;

/// Prints the status once, or repeatedly until Ctrl-C.
pub(super) fn run(arguments: &Status, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (settings, graph) = settings::graph(global)?;
    let stacks: Vec<StackSpec> = settings::select(&graph, &arguments.targets)?
        .into_iter()
        .map(session::stack_spec)
        .collect();
    let request = status::Request {
        stacks,
        tag_parameter: settings.release.image_tag_parameter,
        links: arguments.open,
        every: arguments.watch.then_some(Duration::from_secs(5)),
    };
    session::connect(global, &request.stacks, console, false, async |context| {
        status::status(context, &request).await
    })
}
