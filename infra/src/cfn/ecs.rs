//! ECS clusters, task definitions and services.

#![expect(missing_docs, reason = "documented by CloudFormation")]

mod service;
mod task;

use serde::Serialize;

use super::value::{Text, Value};

pub use service::*;
pub use task::*;

/// Marker type of names of clusters.
#[derive(Clone, Copy, Debug)]
pub enum ClusterName {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cluster {
    pub capacity_providers: Vec<CapacityProvider>,
    pub default_capacity_provider_strategy: Vec<StrategyItem>,
    pub cluster_settings: Vec<ClusterSetting>,
}

resource!(Cluster, "AWS::ECS::Cluster", List; name: ClusterName = Ref);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CapacityProvider {
    Fargate,
    /// Spare capacity: cheaper, interrupted with two minutes' notice.
    FargateSpot,
}

/// Distribution of tasks over capacity providers.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StrategyItem {
    pub capacity_provider: CapacityProvider,
    /// Minimum number of tasks on this provider.
    pub base: u16,
    /// Relative share of the remaining tasks.
    pub weight: u16,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ClusterSetting {
    pub name: ClusterSettingName,
    pub value: ContainerInsights,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClusterSettingName {
    ContainerInsights,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerInsights {
    /// Metrics per container.
    Enhanced,
    /// Metrics per service.
    Enabled,
    Disabled,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyValue {
    pub name: String,
    pub value: Value<Text>,
}
