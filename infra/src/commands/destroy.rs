//! `infra destroy`: deletes stacks.

use anyhow::Result;

use super::{session, settings};
use crate::cli::{Destroy, Global};
use crate::console::Console;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::ExitStatus;
use crate::workflows::destroy;

/// Deletes the targets.
pub(super) fn run(arguments: &Destroy, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (_, graph) = settings::graph(global)?;
    let chosen = graph
        .select_to_destroy(&arguments.targets.targets)
        .map_err(|unknown| settings::unknown_target(&unknown))?;
    let stacks: Vec<StackSpec> = chosen.into_iter().map(session::stack_spec).collect();
    let all: Vec<StackSpec> = graph.stacks().iter().map(session::stack_spec).collect();
    let request = destroy::Request {
        stacks,
        all,
        force: arguments.force,
    };
    session::connect(global, &request.all, console, arguments.yes, async |context| {
        destroy::destroy(context, &request).await
    })
}
