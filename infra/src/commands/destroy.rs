//! `infra destroy`: deletes stacks.

use anyhow::Result;

use super::{session, settings};
use crate::aws::Access;
use crate::cli::{Destroy, Global};
use crate::console::Console;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::ExitStatus;
use crate::workflows::{self, Context, Display, Interrupts};

/// Deletes the targets.
pub(super) fn run(arguments: &Destroy, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (_, graph) = settings::graph(global)?;
    let chosen = graph
        .select_to_destroy(&arguments.targets.targets)
        .map_err(|unknown| settings::unknown_target(&unknown))?;
    let stacks: Vec<StackSpec> = chosen.into_iter().map(session::stack_spec).collect();
    let all: Vec<StackSpec> = graph.stacks().iter().map(session::stack_spec).collect();
    session::block_on(async {
        let access = Access::open(session::login(global)).await?;
        let interrupts = Interrupts::of_process();
        let display = Display::of(console);
        let context = Context::open(&access, &all, console, display, interrupts, arguments.yes).await?;
        let request = workflows::destroy::Request {
            stacks,
            all,
            force: arguments.force,
        };
        workflows::destroy::destroy(&context, &request).await
    })
}
