//! Builds.

use serde::Serialize;

use super::logs::LogGroupName;
use super::value::{Text, Value};
use super::{Arn, Handle, Resource, Tagging};

/// Kind of the name of a project.
#[derive(Clone, Copy, Debug)]
pub enum ProjectName {}

/// A build, with all that it needs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
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

impl Resource for Project {
    const TYPE: &'static str = "AWS::CodeBuild::Project";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Project> {
    /// Its name.
    pub fn name(&self) -> Value<ProjectName> {
        self.reference()
    }

    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.attribute("Arn")
    }
}

/// What is built, and how.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Source {
    pub r#type: Place,
    /// YAML.
    pub build_spec: Value<Text>,
}

/// What comes of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Artifacts {
    pub r#type: Place,
}

/// From where and to where.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Place {
    /// A pipeline gives and takes.
    CodePipeline,
}

/// On what it is built.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Environment {
    pub r#type: EnvironmentType,
    pub compute_type: ComputeType,
    pub image: Value<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_credentials_type: Option<PullCredentials>,
    pub privileged_mode: bool,
    pub environment_variables: Vec<Variable>,
}

/// Which machines.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EnvironmentType {
    #[serde(rename = "ARM_CONTAINER")]
    Arm,
    #[serde(rename = "LINUX_CONTAINER")]
    Linux,
}

/// How large a machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ComputeType {
    /// 2 cores.
    #[serde(rename = "BUILD_GENERAL1_SMALL")]
    Small,
    /// 4 cores.
    #[serde(rename = "BUILD_GENERAL1_MEDIUM")]
    Medium,
    /// 8 cores.
    #[serde(rename = "BUILD_GENERAL1_LARGE")]
    Large,
}

/// Who pulls the build's image.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PullCredentials {
    /// CodeBuild itself; for its own images.
    Codebuild,
}

/// A variable that the build's commands see.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Variable {
    pub name: &'static str,
    pub r#type: VariableType,
    pub value: Value<Text>,
}

impl Variable {
    /// A variable that is no secret.
    pub fn plain(name: &'static str, value: impl Into<Value<Text>>) -> Self {
        Self {
            name,
            r#type: VariableType::Plaintext,
            value: value.into(),
        }
    }
}

/// From where a variable comes.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VariableType {
    /// The template.
    Plaintext,
}

/// Where a build's output goes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct LogsConfig {
    pub cloud_watch_logs: CloudWatchLogs,
}

/// See [`LogsConfig`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct CloudWatchLogs {
    pub status: LogsStatus,
    pub group_name: Value<LogGroupName>,
}

/// See [`LogsConfig`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum LogsStatus {
    Enabled,
}

/// What stays on the machine for the next build.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Cache {
    pub r#type: CacheType,
    pub modes: Vec<CacheMode>,
}

/// See [`Cache`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum CacheType {
    Local,
}

/// See [`Cache`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CacheMode {
    #[serde(rename = "LOCAL_DOCKER_LAYER_CACHE")]
    DockerLayers,
    #[serde(rename = "LOCAL_CUSTOM_CACHE")]
    Custom,
}
