//! `infra logs`: what the containers of an environment write.

use std::time::Duration;

use anyhow::Result;

use super::{cloud, settings};
use crate::cli::{ContainerName, Global, Logs};
use crate::console::Console;
use crate::daily::logs::parse_since;
use crate::deploy::wanted::Wanted;
use crate::exit::{ExitStatus, Failure};
use crate::operation::logs;
use crate::service::{self, Runtime};
use crate::stacks::Names;

/// Prints the lines.
pub(super) fn run(arguments: &Logs, global: &Global, console: &Console) -> Result<ExitStatus> {
    let since = parse_since(&arguments.since)
        .map_err(|bad| Failure::new(ExitStatus::Usage, bad.to_string()).hint("as in `--since 10m`"))?;
    let (its, graph) = settings::graph(global)?;
    let environment = cloud::environment(arguments.environment);
    let stacks: Vec<Wanted> = graph.app(environment).map(cloud::wanted).into_iter().collect();
    let names = Names::new(&its.project);
    let wanted = |name: &str| match arguments.container {
        None => true,
        Some(ContainerName::App) => name == "app",
        Some(ContainerName::Proxy) => name == "proxy",
    };
    let groups = service::containers(Runtime::Task)
        .iter()
        .filter(|container| wanted(container.name))
        .map(|container| {
            (
                container.name.to_owned(),
                names.log_group(environment, container.name),
            )
        })
        .collect();
    let request = logs::Request {
        environment: environment.as_str().to_owned(),
        region: its.project.region.clone(),
        groups,
        since,
        every: arguments.follow.then_some(Duration::from_secs(2)),
    };
    cloud::block_on(async {
        let context = cloud::open(global, &stacks, console, false).await?;
        logs::logs(&context, &request).await
    })
}
