//! ECS task definition.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::KeyValue;
use crate::cfn::logs::LogGroupName;
use crate::cfn::{Arn, Number, Text, Value};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TaskDefinition {
    pub family: Value<Text>,
    pub requires_compatibilities: Vec<Compatibility>,
    pub network_mode: NetworkMode,
    pub cpu: Value<Number>,
    pub memory: Value<Number>,
    pub runtime_platform: RuntimePlatform,
    pub execution_role_arn: Value<Arn>,
    pub task_role_arn: Value<Arn>,
    pub container_definitions: Vec<ContainerDefinition>,
}

resource!(TaskDefinition, "AWS::ECS::TaskDefinition", List; arn: Arn = Ref);

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Compatibility {
    Fargate,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    Awsvpc,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RuntimePlatform {
    pub cpu_architecture: CpuArchitecture,
    pub operating_system_family: OperatingSystem,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum CpuArchitecture {
    #[serde(rename = "ARM64")]
    Arm64,
    #[serde(rename = "X86_64")]
    X86_64,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OperatingSystem {
    Linux,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerDefinition {
    pub name: String,
    pub image: Value<Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    pub essential: bool,
    /// `user:group`.
    pub user: String,
    pub readonly_root_filesystem: bool,
    pub linux_parameters: LinuxParameters,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub port_mappings: Vec<PortMapping>,
    pub environment: Vec<KeyValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check: Option<HealthCheck>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<ContainerDependency>,
    /// Seconds between the stop signal and SIGKILL, at most 120.
    pub stop_timeout: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    pub version_consistency: VersionConsistency,
    pub log_configuration: LogConfiguration,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LinuxParameters {
    pub init_process_enabled: bool,
    pub capabilities: Capabilities,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Capabilities {
    pub drop: Vec<Capability>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Capability {
    All,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PortMapping {
    pub container_port: u16,
    pub protocol: crate::cfn::ec2::Protocol,
}

/// A variable whose value ECS reads when it starts the container.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecretReference {
    pub name: String,
    /// ARN of an SSM parameter, or of a secret with an optional JSON key: `ARN:KEY::`.
    pub value_from: Value<Text>,
}

/// Health check of a container; durations in seconds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct HealthCheck {
    /// `CMD`, program and arguments.
    pub command: Vec<String>,
    pub interval: u64,
    pub timeout: u64,
    pub retries: u32,
    pub start_period: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerDependency {
    pub container_name: String,
    pub condition: DependencyCondition,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DependencyCondition {
    Healthy,
    Start,
}

/// Restart of a container within its task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestartPolicy {
    pub enabled: bool,
    pub ignored_exit_codes: Vec<i32>,
    /// Minimum run time before a restart in seconds, 60 to 1800.
    pub restart_attempt_period: u16,
}

/// Whether all tasks of a deployment use the same image digest.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum VersionConsistency {
    Enabled,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogConfiguration {
    pub log_driver: LogDriver,
    pub options: AwsLogsOptions,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogDriver {
    Awslogs,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct AwsLogsOptions {
    pub awslogs_group: Value<LogGroupName>,
    pub awslogs_region: Value<Text>,
    pub awslogs_stream_prefix: String,
    pub mode: LogMode,
    /// For example `25m`.
    pub max_buffer_size: String,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogMode {
    /// Drops lines when the buffer is full instead of blocking the container.
    NonBlocking,
}
