//! `infra cost`: estimates the monthly cost of the stacks.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::settings;
use crate::cli::{Cost, Global};
use crate::console::Console;
use crate::cost::{self, Assumptions, Estimate, NoPrices, Prices};
use crate::exit::{ExitStatus, Failure};
use crate::inventory;
use crate::settings::Settings;

/// Prints the estimate.
pub(super) fn run(arguments: &Cost, global: &Global, console: &Console) -> Result<ExitStatus> {
    let (settings, graph) = settings::graph(global)?;
    let stacks = settings::select(&graph, &arguments.targets)?;
    let prices = prices(&settings)?;
    let usual = Assumptions::default();
    let assumptions = Assumptions {
        requests: arguments.requests.unwrap_or(usual.requests),
        pushes: arguments.pushes.unwrap_or(usual.pushes),
    };
    let selected = |name: &str| stacks.iter().any(|stack| stack.name == name);
    let estimate = cost::estimate(&inventory::of(&graph), &selected, &prices, &assumptions);
    let text = if console.json() {
        as_json(&estimate, &prices, &assumptions)
    } else {
        cost::table(&estimate, &prices, &assumptions, console.paint_out())
    };
    console.data(text).context("cannot print the estimate")?;
    Ok(ExitStatus::Done)
}

fn prices(settings: &Settings) -> Result<Prices> {
    let known = |error: NoPrices| match &error {
        NoPrices::Region { known, .. } => {
            let known = known.join(", ");
            Failure::new(ExitStatus::Usage, error.to_string())
                .hint(format!("pass `--region` with one of: {known}"))
                .hint("add prices of other regions to infra/src/cost/prices.json")
                .into()
        }
        NoPrices::Broken(_) => anyhow::Error::new(error),
    };
    match &settings.project.region {
        Some(region) => Prices::of(region).map_err(known),
        None => Err(Failure::new(
            ExitStatus::Usage,
            "prices depend on the region: no region in the settings or on the command line",
        )
        .hint("pass `--region eu-central-1`, or set `region` in section `[project]` of the settings")
        .into()),
    }
}

fn as_json(estimate: &Estimate, prices: &Prices, assumptions: &Assumptions) -> String {
    let (latest, oldest) = &prices.read;
    let document = json!({
        "region": prices.region,
        "currency": "USD",
        "per": "month",
        "pricesAsOf": { "oldest": oldest, "latest": latest },
        "assumptions": {
            "millionRequestsInProd": assumptions.requests,
            "pushes": assumptions.pushes,
        },
        "groups": estimate.groups,
        "least": estimate.amount.least,
        "most": estimate.amount.most,
    });
    format!("{document:#}\n")
}
