//! `infra releases` and `infra rollback`: what can be gone back to, and going back.

use anyhow::Result;

use super::{cloud, settings};
use crate::cli::{Environment, Global, Releases, Rollback};
use crate::console::Console;
use crate::deploy::wanted::Wanted;
use crate::exit::ExitStatus;
use crate::operation::releases::{self, Places};
use crate::settings::EnvironmentName;

/// Lists the releases.
pub(super) fn list(arguments: &Releases, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (places, stacks) = places(arguments.environment, global)?;
    cloud::block_on(async {
        let context = cloud::open(global, &stacks, console, false).await?;
        releases::list(&context, &places).await
    })
}

/// Goes back to one.
pub(super) fn rollback(arguments: &Rollback, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (places, stacks) = places(Some(arguments.environment), global)?;
    let request = releases::Rollback {
        places,
        environment: cloud::environment(arguments.environment).as_str().to_owned(),
        to: arguments.to.clone(),
    };
    cloud::block_on(async {
        let context = cloud::open(global, &stacks, console, arguments.yes).await?;
        releases::rollback(&context, &request).await
    })
}

/// Where releases are found, and the app stacks that run them.
fn places(only: Option<Environment>, global: &Global) -> Result<(Places, Vec<Wanted>)> {
    let (its, graph) = settings::graph(global)?;
    let stacks: Vec<_> = EnvironmentName::ALL
        .into_iter()
        .filter(|name| only.is_none_or(|only| cloud::environment(only) == *name))
        .filter_map(|name| Some((name.as_str().to_owned(), cloud::wanted(graph.app(name)?))))
        .collect();
    let wanted = stacks.iter().map(|(_, stack)| stack.clone()).collect();
    let places = Places {
        repositories: cloud::repositories(&its),
        parameter: its.release.image_tag_parameter,
        stacks,
    };
    Ok((places, wanted))
}
