//! Pipelines.

use std::collections::BTreeMap;

use serde::Serialize;

use super::s3::BucketName;
use super::value::{Text, Value};
use super::{Arn, Handle, Resource, Tagging};

/// Stages, one after the other.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Pipeline {
    pub name: Value<Text>,
    pub pipeline_type: PipelineType,
    pub execution_mode: ExecutionMode,
    pub role_arn: Value<Arn>,
    pub artifact_store: ArtifactStore,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub triggers: Vec<Trigger>,
    pub stages: Vec<Stage>,
}

impl Resource for Pipeline {
    const TYPE: &'static str = "AWS::CodePipeline::Pipeline";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Pipeline> {
    /// Its name.
    pub fn name(&self) -> Value<Text> {
        self.reference()
    }
}

/// Which generation.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum PipelineType {
    /// With triggers, variables and conditions.
    V2,
}

/// What happens when an execution begins while another is under way.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutionMode {
    /// The newer one overtakes.
    Superseded,
    /// The newer one waits.
    Queued,
}

/// Where stages hand over to each other.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ArtifactStore {
    pub r#type: StoreType,
    pub location: Value<BucketName>,
    pub encryption_key: EncryptionKey,
}

/// See [`ArtifactStore`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the name says it")]
pub enum StoreType {
    S3,
}

/// See [`ArtifactStore`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct EncryptionKey {
    pub id: Value<Arn>,
    pub r#type: KeyType,
}

/// See [`ArtifactStore`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum KeyType {
    Kms,
}

/// Something that whoever starts the pipeline can say.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Variable {
    pub name: &'static str,
    pub default_value: &'static str,
    pub description: &'static str,
}

/// What starts a pipeline.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Trigger {
    pub provider_type: TriggerProvider,
    pub git_configuration: GitConfiguration,
}

/// See [`Trigger`].
#[derive(Clone, Copy, Debug, Serialize)]
pub enum TriggerProvider {
    /// A connection, which has kept its old name here.
    CodeStarSourceConnection,
}

/// See [`Trigger`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct GitConfiguration {
    pub source_action_name: &'static str,
    pub push: Vec<PushFilter>,
}

/// Which pushes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct PushFilter {
    pub branches: Includes,
    pub file_paths: Excludes,
}

/// Patterns of which one must match.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Includes {
    pub includes: Vec<String>,
}

/// Patterns of which none must match.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Excludes {
    pub excludes: Vec<String>,
}

/// Actions that belong together.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Stage {
    pub name: &'static str,
    pub actions: Vec<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// What happens when a stage fails.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "Result", rename_all = "UPPERCASE", rename_all_fields = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub enum OnFailure {
    /// What failed is tried once more.
    Retry { retry_configuration: RetryConfiguration },
    /// The last successful execution is run again.
    Rollback,
}

/// See [`OnFailure::Retry`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct RetryConfiguration {
    pub retry_mode: RetryMode,
}

/// See [`OnFailure::Retry`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum RetryMode {
    FailedActions,
}

/// A step of a stage. Those with the same `run_order` run at the same time.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Action {
    pub name: &'static str,
    pub action_type_id: ActionTypeId,
    pub run_order: u8,
    pub configuration: BTreeMap<&'static str, Value<Text>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input_artifacts: Vec<Artifact>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub output_artifacts: Vec<Artifact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_in_minutes: Option<u32>,
}

/// What an action does.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ActionTypeId {
    pub category: Category,
    pub owner: Owner,
    pub provider: &'static str,
    pub version: &'static str,
}

impl ActionTypeId {
    /// An action of AWS.
    pub const fn aws(category: Category, provider: &'static str) -> Self {
        Self {
            category,
            owner: Owner::Aws,
            provider,
            version: "1",
        }
    }
}

/// See [`ActionTypeId`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    Source,
    Build,
    Deploy,
    Approval,
}

/// See [`ActionTypeId`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Owner {
    #[serde(rename = "AWS")]
    Aws,
    ThirdParty,
}

/// What one action hands to another.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Artifact {
    pub name: &'static str,
}

/// Tells a pipeline of a push, where there is no connection to do so.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Webhook {
    pub authentication: WebhookAuthentication,
    pub authentication_configuration: WebhookSecret,
    pub filters: Vec<WebhookFilter>,
    pub register_with_third_party: bool,
    pub target_action: &'static str,
    pub target_pipeline: Value<Text>,
    pub target_pipeline_version: u32,
}

impl Resource for Webhook {
    const TYPE: &'static str = "AWS::CodePipeline::Webhook";
    const TAGGING: Tagging = Tagging::None;
}

/// How GitHub proves who it is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the name says it")]
pub enum WebhookAuthentication {
    GithubHmac,
}

/// See [`WebhookAuthentication`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct WebhookSecret {
    pub secret_token: Value<Text>,
}

/// Which events count.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct WebhookFilter {
    pub json_path: &'static str,
    pub match_equals: String,
}
