//! CodeBuild projects.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::Arn;
use super::logs::LogGroupName;
use super::value::{Text, Value};

/// Marker type of names of projects.
#[derive(Clone, Copy, Debug)]
pub enum ProjectName {}

/// A build project.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Project {
    pub name: Value<Text>,
    pub description: String,
    pub service_role: Value<Arn>,
    pub encryption_key: Value<Arn>,
    pub source: Source,
    pub artifacts: Artifacts,
    pub environment: Environment,
    pub logs_config: LogsConfig,
    pub timeout_in_minutes: u16,
    pub queued_timeout_in_minutes: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
}

resource!(Project, "AWS::CodeBuild::Project", List; name: ProjectName = Ref, arn: Arn = "Arn");

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Source {
    pub r#type: Place,
    /// YAML.
    pub build_spec: Value<Text>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Artifacts {
    pub r#type: Place,
}

/// Location of source and artifacts.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Place {
    /// The pipeline provides the source and stores the artifacts.
    CodePipeline,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Environment {
    pub r#type: EnvironmentType,
    pub compute_type: ComputeType,
    pub image: Value<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_credentials_type: Option<PullCredentials>,
    pub privileged_mode: bool,
    pub environment_variables: Vec<Variable>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum EnvironmentType {
    #[serde(rename = "ARM_CONTAINER")]
    Arm,
    #[serde(rename = "LINUX_CONTAINER")]
    Linux,
}

/// Size of the build machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ComputeType {
    /// 2 vCPUs.
    #[serde(rename = "BUILD_GENERAL1_SMALL")]
    Small,
    /// 4 vCPUs.
    #[serde(rename = "BUILD_GENERAL1_MEDIUM")]
    Medium,
    /// 8 vCPUs.
    #[serde(rename = "BUILD_GENERAL1_LARGE")]
    Large,
}

/// Credentials for pulling the build image.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PullCredentials {
    /// CodeBuild's own, for AWS images.
    Codebuild,
}

/// An environment variable of the build.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Variable {
    pub name: &'static str,
    pub r#type: VariableType,
    pub value: Value<Text>,
}

impl Variable {
    /// Creates a plaintext variable.
    pub fn plain(name: &'static str, value: impl Into<Value<Text>>) -> Self {
        Self {
            name,
            r#type: VariableType::Plaintext,
            value: value.into(),
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VariableType {
    Plaintext,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LogsConfig {
    pub cloud_watch_logs: CloudWatchLogs,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CloudWatchLogs {
    pub status: LogsStatus,
    pub group_name: Value<LogGroupName>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LogsStatus {
    Enabled,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Cache {
    pub r#type: CacheType,
    pub modes: Vec<CacheMode>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum CacheType {
    Local,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum CacheMode {
    #[serde(rename = "LOCAL_DOCKER_LAYER_CACHE")]
    DockerLayers,
    #[serde(rename = "LOCAL_CUSTOM_CACHE")]
    Custom,
}
