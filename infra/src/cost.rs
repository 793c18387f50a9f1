//! Monthly cost estimate: resources in the templates times AWS prices, with the assumptions listed.
//!
//! Two amounts: for the minimum number of tasks with its schedule, and for the maximum. Independent of settings and of
//! the output format.

mod assumptions;
mod lines;
mod prices;
mod table;

use serde::Serialize;

pub use assumptions::Assumptions;
pub use prices::{HOURS, NoPrices, Price, Prices};
pub use table::table;

use crate::inventory::Inventory;
use crate::settings::ClusterName;

/// An amount in US dollars per month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Amount {
    /// With the minimum number of tasks.
    pub least: f64,
    /// With the maximum number of tasks.
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

/// A cost item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Name.
    pub what: &'static str,
    /// Quantity.
    pub detail: String,
    /// Amount.
    #[serde(flatten)]
    pub amount: Amount,
}

/// A group of items: an environment, a cluster without environments, a pipeline, the images.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Items.
    pub lines: Vec<Line>,
    /// Sum.
    #[serde(flatten)]
    pub amount: Amount,
}

/// A cost estimate.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// Groups.
    pub groups: Vec<Group>,
    /// Sum.
    pub amount: Amount,
}

/// Estimates the stacks selected by `wanted`.
///
/// The cost of a cluster is divided equally among its environments. If none of them is selected, the cluster is a group.
pub fn estimate(
    inventory: &Inventory,
    wanted: &dyn Fn(&str) -> bool,
    prices: &Prices,
    assumptions: &Assumptions,
) -> Estimate {
    let biller = lines::Biller { prices, assumptions };
    let mut groups = Vec::new();
    let alone = |cluster: ClusterName| !inventory.apps_in(cluster).any(|app| wanted(&app.stack));
    for cluster in inventory.clusters.iter().filter(|cluster| wanted(&cluster.stack)) {
        if alone(cluster.name) {
            let apps: Vec<_> = inventory.apps_in(cluster.name).collect();
            groups.push(group(cluster.stack.clone(), biller.cluster(cluster, &apps)));
        }
    }
    for app in inventory.apps.iter().filter(|app| wanted(&app.stack)) {
        let home = inventory
            .clusters
            .iter()
            .find(|cluster| cluster.name == app.environment.cluster());
        let mut lines = biller.app(app, home.map_or(0, |cluster| cluster.zones.len()));
        if let Some(cluster) = home.filter(|cluster| wanted(&cluster.stack)) {
            let apps: Vec<_> = inventory.apps_in(cluster.name).collect();
            lines.extend(share(biller.cluster(cluster, &apps), apps.len()));
        }
        groups.push(group(app.environment.to_string(), lines));
    }
    for pipeline in inventory
        .pipelines
        .iter()
        .filter(|pipeline| wanted(&pipeline.stack))
    {
        let name = if pipeline.releases {
            "release pipeline"
        } else {
            "dev pipeline"
        };
        groups.push(group(name.to_owned(), biller.pipeline(pipeline)));
    }
    if wanted(&inventory.foundation.stack) {
        groups.push(group(
            "images".to_owned(),
            biller.foundation(&inventory.foundation),
        ));
    }
    let amount = groups.iter().map(|group| group.amount).sum();
    Estimate { groups, amount }
}

fn group(name: String, lines: Vec<Line>) -> Group {
    let amount = lines.iter().map(|line| line.amount).sum();
    Group { name, lines, amount }
}

/// Divides items that several environments share.
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
