//! Clusters, tasks and services.

mod service;
mod task;

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, Resource, Tagging};

pub use service::*;
pub use task::*;

/// Kind of the name of a cluster.
#[derive(Clone, Copy, Debug)]
pub enum ClusterName {}

/// Where tasks run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Cluster {
    pub capacity_providers: Vec<CapacityProvider>,
    pub default_capacity_provider_strategy: Vec<StrategyItem>,
    pub cluster_settings: Vec<ClusterSetting>,
    pub configuration: ClusterConfiguration,
}

impl Resource for Cluster {
    const TYPE: &'static str = "AWS::ECS::Cluster";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Cluster> {
    /// Its name.
    pub fn name(&self) -> Value<ClusterName> {
        self.reference()
    }
}

/// Whose machines tasks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CapacityProvider {
    /// Nobody's in particular.
    Fargate,
    /// The same, cheaper, and taken away at two minutes' notice.
    FargateSpot,
}

/// How tasks are shared out among capacity providers.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StrategyItem {
    /// Where.
    pub capacity_provider: CapacityProvider,
    /// Tasks that run there before the weights count.
    pub base: u16,
    /// Share of the others.
    pub weight: u16,
}

/// A switch of a cluster.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ClusterSetting {
    pub name: ClusterSettingName,
    pub value: ContainerInsights,
}

/// See [`ClusterSetting`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the name says it")]
pub enum ClusterSettingName {
    ContainerInsights,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerInsights {
    /// Per container.
    Enhanced,
    /// Per service.
    Enabled,
    /// What costs nothing.
    Disabled,
}

/// What a cluster does besides running tasks.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ClusterConfiguration {
    pub execute_command_configuration: ExecuteCommandConfiguration,
}

/// How commands run inside containers are recorded.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ExecuteCommandConfiguration {
    pub kms_key_id: Value<Arn>,
    pub logging: ExecuteCommandLogging,
    pub log_configuration: ExecuteCommandLogConfiguration,
}

/// See [`ExecuteCommandConfiguration`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecuteCommandLogging {
    /// Where we say.
    Override,
}

/// See [`ExecuteCommandConfiguration`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ExecuteCommandLogConfiguration {
    pub cloud_watch_encryption_enabled: bool,
    pub cloud_watch_log_group_name: Value<super::logs::LogGroupName>,
}

/// A name and its value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct KeyValue {
    pub name: String,
    pub value: Value<Text>,
}
