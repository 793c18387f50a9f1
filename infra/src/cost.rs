//! What the stacks cost in a month: what their templates hold, times AWS's prices, with every assumption said aloud.
//!
//! Two figures: with as few tasks as the lower bound and its schedule ask for, and with as many as scaling may start.
//! It must not know where the settings come from, nor how a figure is shown.

mod assumptions;
mod lines;
mod prices;
mod table;

use serde::Serialize;

pub use assumptions::Assumptions;
pub use prices::{HOURS, NoPrices, Price, Prices};
pub use table::table;

use crate::facts::Facts;
use crate::settings::ClusterName;

/// US dollars a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Amount {
    /// With the tasks that always run.
    pub least: f64,
    /// With the tasks that there are never more of.
    pub most: f64,
}

impl Amount {
    fn flat(usd: f64) -> Self {
        Self {
            least: usd,
            most: usd,
        }
    }

    fn times(self, factor: f64) -> Self {
        Self {
            least: self.least * factor,
            most: self.most * factor,
        }
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), |sum, amount| Self {
            least: sum.least + amount.least,
            most: sum.most + amount.most,
        })
    }
}

/// Something that is charged for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What it is.
    pub what: &'static str,
    /// How much of it.
    pub detail: String,
    /// What it costs.
    #[serde(flatten)]
    pub amount: Amount,
}

/// What belongs together on a bill: an environment, a cluster that stands alone, the pipelines, the images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// What it is.
    pub name: String,
    /// What is charged for.
    pub lines: Vec<Line>,
    /// All of it.
    #[serde(flatten)]
    pub amount: Amount,
}

/// What the stacks cost.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// Part by part.
    pub groups: Vec<Group>,
    /// All of it.
    pub amount: Amount,
}

/// Estimates the stacks whose names `wanted` says yes to.
///
/// A cluster's cost is part of its environments', in equal shares, unless none of them is wanted: then the cluster
/// stands alone.
pub fn estimate(
    facts: &Facts,
    wanted: &dyn Fn(&str) -> bool,
    prices: &Prices,
    assumptions: &Assumptions,
) -> Estimate {
    let biller = lines::Biller { prices, assumptions };
    let mut groups = Vec::new();
    let alone = |cluster: ClusterName| !facts.apps_in(cluster).any(|app| wanted(&app.stack));
    for cluster in facts.clusters.iter().filter(|cluster| wanted(&cluster.stack)) {
        if alone(cluster.name) {
            let apps: Vec<_> = facts.apps_in(cluster.name).collect();
            groups.push(group(cluster.stack.clone(), biller.cluster(cluster, &apps)));
        }
    }
    for app in facts.apps.iter().filter(|app| wanted(&app.stack)) {
        let home = facts
            .clusters
            .iter()
            .find(|cluster| cluster.name == app.environment.cluster());
        let mut lines = biller.app(app, home.map_or(0, |cluster| cluster.zones.len()));
        if let Some(cluster) = home.filter(|cluster| wanted(&cluster.stack)) {
            let apps: Vec<_> = facts.apps_in(cluster.name).collect();
            lines.extend(share(biller.cluster(cluster, &apps), apps.len()));
        }
        groups.push(group(app.environment.to_string(), lines));
    }
    for pipeline in facts.pipelines.iter().filter(|pipeline| wanted(&pipeline.stack)) {
        let name = if pipeline.releases {
            "release pipeline"
        } else {
            "dev pipeline"
        };
        groups.push(group(name.to_owned(), biller.pipeline(pipeline)));
    }
    if wanted(&facts.foundation.stack) {
        groups.push(group("images".to_owned(), biller.foundation(&facts.foundation)));
    }
    let amount = groups.iter().map(|group| group.amount).sum();
    Estimate { groups, amount }
}

fn group(name: String, lines: Vec<Line>) -> Group {
    let amount = lines.iter().map(|line| line.amount).sum();
    Group { name, lines, amount }
}

/// The share of one of so many environments in what they use together.
fn share(lines: Vec<Line>, among: usize) -> Vec<Line> {
    let Some(among) = u32::try_from(among).ok().filter(|among| *among > 1) else {
        return lines;
    };
    let part = 1.0 / f64::from(among);
    lines
        .into_iter()
        .map(|line| Line {
            detail: format!("1/{among} of {}", line.detail),
            amount: line.amount.times(part),
            ..line
        })
        .collect()
}

#[cfg(test)]
mod tests;
