//! `infra status`: how the stacks are, and the service in them.

use std::time::Duration;

use anyhow::Result;

use super::{cloud, settings};
use crate::cli::{Global, Status};
use crate::console::Console;
use crate::deploy::wanted::Wanted;
use crate::exit::ExitStatus;
use crate::operation::status;

/// Shows the targets once, or until Ctrl-C.
pub(super) fn run(arguments: &Status, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (its, graph) = settings::graph(global)?;
    let stacks: Vec<Wanted> = settings::select(&graph, &arguments.targets)?
        .into_iter()
        .map(cloud::wanted)
        .collect();
    cloud::block_on(async {
        let context = cloud::open(global, &stacks, console, false).await?;
        let request = status::Request {
            stacks,
            tag_parameter: its.release.image_tag_parameter,
            every: arguments.watch.then_some(Duration::from_secs(5)),
        };
        status::status(&context, &request).await
    })
}
