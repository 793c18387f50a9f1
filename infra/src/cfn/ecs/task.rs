//! What runs: a task of one or more containers.

use serde::Serialize;

use super::KeyValue;
use crate::cfn::logs::LogGroupName;
use crate::cfn::{Arn, Handle, Number, Resource, Tagging, Text, Value};

/// Containers that run together and share an address.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
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

impl Resource for TaskDefinition {
    const TYPE: &'static str = "AWS::ECS::TaskDefinition";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<TaskDefinition> {
    /// The ARN of this revision.
    pub fn arn(&self) -> Value<Arn> {
        self.reference()
    }
}

/// What a task can run on.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum Compatibility {
    Fargate,
}

/// How a task is reached.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// It has an address of its own.
    Awsvpc,
}

/// What the images are built for.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct RuntimePlatform {
    pub cpu_architecture: CpuArchitecture,
    pub operating_system_family: OperatingSystem,
}

/// See [`RuntimePlatform`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CpuArchitecture {
    #[serde(rename = "ARM64")]
    Arm64,
    #[serde(rename = "X86_64")]
    X86_64,
}

/// See [`RuntimePlatform`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum OperatingSystem {
    Linux,
}

/// One container.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ContainerDefinition {
    pub name: String,
    pub image: Value<Text>,
    pub command: Vec<String>,
    pub essential: bool,
    /// `user:group`.
    pub user: String,
    pub readonly_root_filesystem: bool,
    pub linux_parameters: LinuxParameters,
    pub port_mappings: Vec<PortMapping>,
    pub environment: Vec<KeyValue>,
    pub health_check: HealthCheck,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<ContainerDependency>,
    /// Seconds between the stop signal and SIGKILL, at most 120.
    pub stop_timeout: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
    pub version_consistency: VersionConsistency,
    pub log_configuration: LogConfiguration,
}

/// What the kernel lets it do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct LinuxParameters {
    pub init_process_enabled: bool,
    pub capabilities: Capabilities,
}

/// See [`LinuxParameters`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Capabilities {
    pub drop: Vec<Capability>,
}

/// See [`LinuxParameters`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum Capability {
    All,
}

/// A port that a container listens on.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct PortMapping {
    pub container_port: u16,
    pub protocol: crate::cfn::ec2::Protocol,
}

/// How to find out whether a container is well. Durations are seconds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct HealthCheck {
    /// `CMD`, then program and arguments.
    pub command: Vec<String>,
    pub interval: u64,
    pub timeout: u64,
    pub retries: u32,
    pub start_period: u64,
}

/// A container that must be there first.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ContainerDependency {
    pub container_name: String,
    pub condition: DependencyCondition,
}

/// In which state a container must be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DependencyCondition {
    /// Its health check has passed.
    Healthy,
}

/// Whether a container that ends is started again without a new task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct RestartPolicy {
    pub enabled: bool,
    pub ignored_exit_codes: Vec<i32>,
    /// Seconds that it must have run, 60 to 1800.
    pub restart_attempt_period: u16,
}

/// Whether a tag means the same image for all tasks of a deployment.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the name says it")]
pub enum VersionConsistency {
    Enabled,
}

/// Where a container's output goes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct LogConfiguration {
    pub log_driver: LogDriver,
    pub options: AwsLogsOptions,
}

/// See [`LogConfiguration`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogDriver {
    /// To a log group.
    Awslogs,
}

/// Options of the driver `awslogs`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the driver's names; its documentation says more")]
pub struct AwsLogsOptions {
    pub awslogs_group: Value<LogGroupName>,
    pub awslogs_region: Value<Text>,
    pub awslogs_stream_prefix: String,
    pub mode: LogMode,
    /// Like `25m`.
    pub max_buffer_size: String,
}

/// What happens when logs cannot be written fast enough.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogMode {
    /// Lines are lost, and the container runs on.
    NonBlocking,
}
