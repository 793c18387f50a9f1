//! `infra logs`: prints the container logs of an environment.

use std::time::Duration;

use anyhow::Result;

use super::{session, settings};
use crate::cli::{ContainerName, Global, Logs};
use crate::console::Console;
use crate::deployment::stack_spec::StackSpec;
use crate::exit::{ExitStatus, Failure};
use crate::logs::parse_duration;
use crate::service;
use crate::stacks::Names;
use crate::workflows::logs;

/// Prints log lines.
pub(super) fn run(arguments: &Logs, global: &Global, console: &Console) -> Result<ExitStatus> {
    let since = parse_duration("--since", &arguments.since)
        .map_err(|bad| Failure::new(ExitStatus::Usage, bad.to_string()).hint("example: `--since 10m`"))?;
    let (settings, graph) = settings::graph(global)?;
    let environment = session::environment(arguments.environment);
    let stacks: Vec<StackSpec> = graph
        .app(environment)
        .map(session::stack_spec)
        .into_iter()
        .collect();
    let names = Names::new(&settings.project);
    let selected = |name: &str| match arguments.container {
        None => true,
        Some(ContainerName::App) => name == "app",
        Some(ContainerName::Proxy) => name == "proxy",
    };
    let groups = service::CONTAINERS
        .into_iter()
        .filter(|container| selected(container))
        .map(|container| (container.to_owned(), names.log_group(environment, container)))
        .collect();
    let request = logs::Request {
        environment: environment.as_str().to_owned(),
        region: settings.project.region.clone(),
        groups,
        since,
        every: arguments.follow.then_some(Duration::from_secs(2)),
    };
    session::connect(global, &stacks, console, false, async |context| {
        logs::logs(context, &request).await
    })
}
