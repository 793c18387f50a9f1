//! `infra destroy`: deletes stacks.

use anyhow::Result;

use super::{cloud, settings};
use crate::aws::Access;
use crate::cli::{Destroy, Global};
use crate::console::Console;
use crate::deploy::wanted::Wanted;
use crate::exit::ExitStatus;
use crate::operation::{self, Context, Display, Interrupts};

/// Deletes the targets.
pub(super) fn run(arguments: &Destroy, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (_, graph) = settings::graph(global)?;
    let chosen = graph
        .select_to_destroy(&arguments.targets.targets)
        .map_err(|unknown| settings::unknown_target(&unknown))?;
    let stacks: Vec<Wanted> = chosen.into_iter().map(cloud::wanted).collect();
    let all: Vec<Wanted> = graph.stacks().iter().map(cloud::wanted).collect();
    cloud::block_on(async {
        let access = Access::open(cloud::login(global)).await?;
        let interrupts = Interrupts::of_process();
        let display = Display::of(console);
        let context = Context::open(&access, &all, console, display, interrupts, arguments.yes).await?;
        let request = operation::destroy::Request {
            stacks,
            all,
            force: arguments.force,
        };
        operation::destroy::destroy(&context, &request).await
    })
}
