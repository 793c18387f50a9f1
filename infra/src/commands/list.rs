//! `infra list`: lists stacks, environments and dependencies.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::settings;
use crate::cli::{Global, List};
use crate::console::Console;
use crate::exit::ExitStatus;
use crate::settings::EnvironmentName;
use crate::stacks::{Stack, StackKind};

/// Prints one line per stack in deployment order.
pub(super) fn run(arguments: &List, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (_, graph) = settings::graph(global)?;
    let stacks = settings::select(&graph, &arguments.targets)?;
    let text = if console.json() {
        let list: Vec<_> = stacks.iter().map(|stack| as_json(stack)).collect();
        format!("{:#}\n", json!(list))
    } else {
        table(&stacks)
    };
    console.data(text).context("cannot print the list")?;
    Ok(ExitStatus::Done)
}

fn table(stacks: &[&Stack]) -> String {
    let rows: Vec<[String; 3]> = stacks
        .iter()
        .map(|stack| {
            let environments = environments(stack);
            let environments = if environments.is_empty() {
                "shared".to_owned()
            } else {
                environments.join(", ")
            };
            [stack.name.clone(), environments, stack.depends_on.join(", ")]
        })
        .collect();
    let head = ["STACK", "SERVES", "NEEDS"].map(str::to_owned);
    let width = |column: usize| {
        rows.iter()
            .chain([&head])
            .map(|row| row[column].len())
            .max()
            .unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    let lines = [&head]
        .into_iter()
        .chain(&rows)
        .map(|[name, environment, needs]| {
            let line = format!("{name:first$}  {environment:second$}  {needs}");
            line.trim_end().to_owned() + "\n"
        });
    lines.collect()
}

/// Returns the environments that use a stack; empty for shared stacks.
fn environments(stack: &Stack) -> Vec<&'static str> {
    match (stack.kind, stack.environment) {
        (
            StackKind::App | StackKind::BeforeRelease | StackKind::DevPipeline | StackKind::Foundation,
            environment,
        ) => environment.map(EnvironmentName::as_str).into_iter().collect(),
        (StackKind::Cluster | StackKind::ReleasePipeline, environment) => EnvironmentName::ALL
            .into_iter()
            .filter(|name| environment.is_some_and(|environment| name.cluster() == environment.cluster()))
            .map(EnvironmentName::as_str)
            .collect(),
    }
}

fn as_json(stack: &Stack) -> serde_json::Value {
    json!({
        "name": stack.name,
        "environment": stack.environment.map(EnvironmentName::as_str),
        "environments": environments(stack),
        "dependsOn": stack.depends_on,
        "terminationProtection": stack.termination_protection,
        "takesImageTag": stack.takes_image_tag,
        "bytes": stack.body().len(),
    })
}
