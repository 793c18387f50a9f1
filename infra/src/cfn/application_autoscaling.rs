//! Application Auto Scaling: `AWS::ApplicationAutoScaling::*`.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::{Text, Value};

/// Bounds of a scaled resource.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScalableTarget {
    pub service_namespace: ServiceNamespace,
    pub scalable_dimension: ScalableDimension,
    /// `service/CLUSTER/SERVICE`.
    pub resource_id: Value<Text>,
    pub min_capacity: u16,
    pub max_capacity: u16,
    pub scheduled_actions: Vec<ScheduledAction>,
}

resource!(ScalableTarget, "AWS::ApplicationAutoScaling::ScalableTarget", List; id: ScalableTarget = Ref);

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceNamespace {
    Ecs,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum ScalableDimension {
    /// Desired count of a service.
    #[serde(rename = "ecs:service:DesiredCount")]
    EcsServiceDesiredCount,
}

/// A scheduled change of the bounds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScheduledAction {
    pub scheduled_action_name: String,
    /// `cron(minute hour day-of-month month day-of-week year)`.
    pub schedule: String,
    pub timezone: String,
    pub scalable_target_action: ScalableTargetAction,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScalableTargetAction {
    pub min_capacity: u16,
}

/// A target tracking policy.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScalingPolicy {
    pub policy_name: Value<Text>,
    pub policy_type: PolicyType,
    pub scaling_target_id: Value<ScalableTarget>,
    pub target_tracking_scaling_policy_configuration: TargetTracking,
}

resource!(ScalingPolicy, "AWS::ApplicationAutoScaling::ScalingPolicy", None);

#[derive(Clone, Copy, Debug, Serialize)]
pub enum PolicyType {
    TargetTrackingScaling,
}

/// Target and cooldowns in seconds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetTracking {
    pub predefined_metric_specification: PredefinedMetric,
    pub target_value: u32,
    pub scale_in_cooldown: u16,
    pub scale_out_cooldown: u16,
}

/// A predefined metric.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "PredefinedMetricType")]
pub enum PredefinedMetric {
    /// CPU utilization of the tasks in percent.
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
