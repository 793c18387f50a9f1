//! ECS service and its deployment configuration.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::{ClusterName, StrategyItem};
use crate::cfn::ec2::{SecurityGroupId, Subnets};
use crate::cfn::{Arn, Text, Value};

/// A service without desired count, which would reset scaling at every deployment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Service {
    pub cluster: Value<ClusterName>,
    pub task_definition: Value<Arn>,
    pub capacity_provider_strategy: Vec<StrategyItem>,
    pub platform_version: &'static str,
    pub availability_zone_rebalancing: Switch,
    pub deployment_controller: DeploymentController,
    pub deployment_configuration: DeploymentConfiguration,
    #[serde(rename = "EnableECSManagedTags")]
    pub enable_ecs_managed_tags: bool,
    pub propagate_tags: PropagateTags,
    /// Seconds after the start of a task in which failed health checks are ignored.
    pub health_check_grace_period_seconds: u32,
    pub network_configuration: NetworkConfiguration,
    pub load_balancers: Vec<LoadBalancer>,
}

resource!(Service, "AWS::ECS::Service", List; name: Text = "Name");

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Switch {
    Enabled,
    Disabled,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeploymentController {
    pub r#type: ControllerType,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ControllerType {
    Ecs,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PropagateTags {
    Service,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeploymentConfiguration {
    #[serde(flatten)]
    pub strategy: Strategy,
    /// Percent of the desired count.
    pub minimum_healthy_percent: u16,
    /// Percent of the desired count.
    pub maximum_percent: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarms: Option<DeploymentAlarms>,
}

/// Deployment strategy.
#[derive(Clone, Debug, Serialize)]
#[serde(
    tag = "Strategy",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "PascalCase"
)]
pub enum Strategy {
    /// Replaces task by task; the only strategy with a circuit breaker.
    Rolling {
        deployment_circuit_breaker: CircuitBreaker,
    },
    /// Starts all new tasks, then shifts all traffic at once.
    BlueGreen { bake_time_in_minutes: u16 },
    /// Starts all new tasks, then shifts some traffic, then the rest.
    Canary {
        bake_time_in_minutes: u16,
        canary_configuration: CanaryConfiguration,
    },
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CanaryConfiguration {
    pub canary_percent: u8,
    pub canary_bake_time_in_minutes: u16,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CircuitBreaker {
    pub enable: bool,
    pub rollback: bool,
    pub threshold_configuration: ThresholdConfiguration,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ThresholdConfiguration {
    pub r#type: ThresholdType,
    pub value: u16,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ThresholdType {
    /// Absolute number of failures.
    Count,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeploymentAlarms {
    pub alarm_names: Vec<Value<Text>>,
    pub enable: bool,
    pub rollback: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkConfiguration {
    pub awsvpc_configuration: AwsvpcConfiguration,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AwsvpcConfiguration {
    pub assign_public_ip: Switch,
    pub security_groups: Vec<Value<SecurityGroupId>>,
    pub subnets: Subnets,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LoadBalancer {
    pub container_name: String,
    pub container_port: u16,
    pub target_group_arn: Value<Arn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advanced_configuration: Option<AdvancedConfiguration>,
}

/// Settings for shifting traffic between two target groups.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AdvancedConfiguration {
    pub alternate_target_group_arn: Value<Arn>,
    pub production_listener_rule: Value<Arn>,
    pub role_arn: Value<Arn>,
}
