//! How many tasks there are.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Handle, Resource, Tagging};

/// What is scaled, and between which bounds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ScalableTarget {
    pub service_namespace: ServiceNamespace,
    pub scalable_dimension: ScalableDimension,
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: Value<Text>,
    pub min_capacity: u16,
    pub max_capacity: u16,
    pub scheduled_actions: Vec<ScheduledAction>,
}

impl Resource for ScalableTarget {
    const TYPE: &'static str = "AWS::ApplicationAutoScaling::ScalableTarget";
    const TAGGING: Tagging = Tagging::None;
}

impl Handle<ScalableTarget> {
    /// Its id.
    pub fn id(&self) -> Value<ScalableTarget> {
        self.reference()
    }
}

/// Of which service it is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the name says it")]
pub enum ServiceNamespace {
    Ecs,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ScalableDimension {
    /// Tasks of a service.
    #[serde(rename = "ecs:service:DesiredCount")]
    EcsServiceDesiredCount,
}

/// Changes the bounds at certain times.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ScheduledAction {
    pub scheduled_action_name: String,
    /// `cron(minute hour day-of-month month day-of-week year)`.
    pub schedule: String,
    pub timezone: String,
    pub scalable_target_action: ScalableTargetAction,
}

/// See [`ScheduledAction`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ScalableTargetAction {
    pub min_capacity: u16,
}

/// Keeps a metric near a value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ScalingPolicy {
    pub policy_name: Value<Text>,
    pub policy_type: PolicyType,
    pub scaling_target_id: Value<ScalableTarget>,
    pub target_tracking_scaling_policy_configuration: TargetTracking,
}

impl Resource for ScalingPolicy {
    const TYPE: &'static str = "AWS::ApplicationAutoScaling::ScalingPolicy";
    const TAGGING: Tagging = Tagging::None;
}

/// How it decides.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the name says it")]
pub enum PolicyType {
    TargetTrackingScaling,
}

/// Which metric, which value, how quickly. Cooldowns are seconds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct TargetTracking {
    pub predefined_metric_specification: PredefinedMetric,
    pub target_value: u32,
    pub scale_in_cooldown: u16,
    pub scale_out_cooldown: u16,
}

/// A metric that AWS keeps.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "PredefinedMetricType")]
pub enum PredefinedMetric {
    /// Percent of the CPU that the tasks asked for.
    #[serde(rename = "ECSServiceAverageCPUUtilization")]
    Cpu,
    /// Requests per task and minute.
    #[serde(rename = "ALBRequestCountPerTarget")]
    RequestsPerTarget {
        /// `app/…/targetgroup/…`.
        #[serde(rename = "ResourceLabel")]
        resource_label: Value<Text>,
    },
}
