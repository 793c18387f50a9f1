//! `infra releases` and `infra rollback`: lists releases, rolls back to one.

use anyhow::Result;

use super::{session, settings};
use crate::cli::{Environment, Global, Releases, Rollback};
use crate::console::Console;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::ExitStatus;
use crate::settings::EnvironmentName;
use crate::workflows::releases::{self, Places};
use crate::workflows::rollback;

/// Lists the releases.
pub(super) fn list(arguments: &Releases, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (places, stacks) = places(arguments.environment, global)?;
    session::connect(global, &stacks, console, false, async |context| {
        releases::list(context, &places).await
    })
}

/// Rolls an environment back.
pub(super) fn rollback(arguments: &Rollback, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (places, stacks) = places(Some(arguments.environment), global)?;
    let request = rollback::Request {
        places,
        environment: session::environment(arguments.environment).as_str().to_owned(),
        to: arguments.to.clone(),
    };
    session::connect(global, &stacks, console, arguments.yes, async |context| {
        rollback::rollback(context, &request).await
    })
}

/// Returns the release sources and the app stacks of the selected environments.
fn places(only: Option<Environment>, global: &Global) -> Result<(Places, Vec<StackSpec>)> {
    let (settings, graph) = settings::graph(global)?;
    let stacks: Vec<_> = EnvironmentName::ALL
        .into_iter()
        .filter(|name| only.is_none_or(|only| session::environment(only) == *name))
        .filter_map(|name| Some((name.as_str().to_owned(), session::stack_spec(graph.app(name)?))))
        .collect();
    let specs = stacks.iter().map(|(_, stack)| stack.clone()).collect();
    let places = Places {
        repositories: session::repositories(&settings),
        parameter: settings.release.image_tag_parameter,
        stacks,
    };
    Ok((places, specs))
}
