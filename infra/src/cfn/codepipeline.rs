//! CodePipeline pipelines and webhooks.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use std::collections::BTreeMap;

use serde::Serialize;

use super::Arn;
use super::s3::BucketName;
use super::value::{Text, Value};

/// A pipeline.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
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

resource!(Pipeline, "AWS::CodePipeline::Pipeline", List; name: Text = Ref);

#[derive(Clone, Copy, Debug, Serialize)]
pub enum PipelineType {
    /// Supports triggers, variables and conditions.
    V2,
}

/// Handling of concurrent executions.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ExecutionMode {
    /// A newer execution overtakes older ones.
    Superseded,
    /// A newer execution waits.
    Queued,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ArtifactStore {
    pub r#type: StoreType,
    pub location: Value<BucketName>,
    pub encryption_key: EncryptionKey,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum StoreType {
    S3,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptionKey {
    pub id: Value<Arn>,
    pub r#type: KeyType,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum KeyType {
    Kms,
}

/// A pipeline variable.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Variable {
    pub name: &'static str,
    pub default_value: &'static str,
    pub description: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Trigger {
    pub provider_type: TriggerProvider,
    pub git_configuration: GitConfiguration,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum TriggerProvider {
    /// CodeConnections, under its former name.
    CodeStarSourceConnection,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GitConfiguration {
    pub source_action_name: &'static str,
    pub push: Vec<PushFilter>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PushFilter {
    pub branches: Includes,
    pub file_paths: Excludes,
}

/// At least one pattern must match.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Includes {
    pub includes: Vec<String>,
}

/// No pattern may match.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Excludes {
    pub excludes: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stage {
    pub name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before_entry: Option<BeforeEntry>,
    pub actions: Vec<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
}

/// Entry conditions of a stage.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BeforeEntry {
    pub conditions: Vec<StageCondition>,
}

/// Rules and the result if one fails.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StageCondition {
    pub result: ConditionResult,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ConditionResult {
    /// Fails the execution before the stage starts.
    Fail,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rule {
    pub name: &'static str,
    pub rule_type_id: RuleTypeId,
    pub configuration: BTreeMap<&'static str, String>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RuleTypeId {
    pub category: &'static str,
    pub owner: Owner,
    pub provider: &'static str,
    pub version: &'static str,
}

impl BeforeEntry {
    /// Requires all of `variable`, for example `#{variables.NAME}`, to match `pattern`, a Java regular expression.
    pub fn matches(name: &'static str, variable: String, pattern: &str) -> Self {
        Self {
            conditions: vec![StageCondition {
                result: ConditionResult::Fail,
                rules: vec![Rule {
                    name,
                    rule_type_id: RuleTypeId {
                        category: "Rule",
                        owner: Owner::Aws,
                        provider: "VariableCheck",
                        version: "1",
                    },
                    configuration: BTreeMap::from([
                        ("Operator", "MATCHES".to_owned()),
                        ("Value", pattern.to_owned()),
                        ("Variable", variable),
                    ]),
                }],
            }],
        }
    }
}

/// Failure handling of a stage.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "Result", rename_all = "UPPERCASE", rename_all_fields = "PascalCase")]
pub enum OnFailure {
    /// Retries the failed actions once.
    Retry { retry_configuration: RetryConfiguration },
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RetryConfiguration {
    pub retry_mode: RetryMode,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RetryMode {
    FailedActions,
}

/// An action. Actions with the same `run_order` run in parallel.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
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

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ActionTypeId {
    pub category: Category,
    pub owner: Owner,
    pub provider: &'static str,
    pub version: &'static str,
}

impl ActionTypeId {
    /// Returns the type of an AWS action.
    pub const fn aws(category: Category, provider: &'static str) -> Self {
        Self {
            category,
            owner: Owner::Aws,
            provider,
            version: "1",
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum Category {
    Source,
    Build,
    Test,
    Deploy,
    Approval,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum Owner {
    #[serde(rename = "AWS")]
    Aws,
    ThirdParty,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Artifact {
    pub name: &'static str,
}

/// Starts a pipeline on a push when there is no connection.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Webhook {
    pub authentication: WebhookAuthentication,
    pub authentication_configuration: WebhookSecret,
    pub filters: Vec<WebhookFilter>,
    pub register_with_third_party: bool,
    pub target_action: &'static str,
    pub target_pipeline: Value<Text>,
    pub target_pipeline_version: u32,
}

resource!(Webhook, "AWS::CodePipeline::Webhook", None);

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WebhookAuthentication {
    GithubHmac,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct WebhookSecret {
    pub secret_token: Value<Text>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct WebhookFilter {
    pub json_path: &'static str,
    pub match_equals: String,
}
