//! Parts of both pipelines: source, actions, role, notifications.

mod actions;

use std::collections::BTreeMap;

use serde_json::json;

pub(super) use actions::{build, deploy, in_order, retry, run, smoke_test, test};

use super::alerts::Alerts;
use super::artifacts::Store;
use super::foundation::capitalized;
use super::names::{Names, local_arn_of};
use super::shared::Shared;
use crate::cfn::codebuild::Project;
use crate::cfn::codepipeline::{
    Action, ActionTypeId, Artifact, ArtifactStore, Category, EncryptionKey, ExecutionMode, KeyType, Owner,
    Pipeline, PipelineType, Stage, StoreType, Trigger, Variable,
};
use crate::cfn::{Arn, Condition, Handle, Statement, TemplateBuilder, Text, Value, events, iam, text};
use crate::settings::{EnvironmentName, Settings, SourceAccess};

/// Variable of the release pipeline with the tag to release.
pub const RELEASE_VARIABLE: &str = "IMAGE_TAG";
/// Default of the variable. It matches no tag, so that the execution that AWS starts when a pipeline is created stops at
/// once.
pub const RELEASE_VARIABLE_DEFAULT: &str = "(none)";
/// Value that stands for the tag in the SSM parameter.
pub const RELEASE_LATEST: &str = "latest";
/// Name of the manual approval action.
pub const RELEASE_APPROVAL: &str = "Approve";

/// Name of the source action, its namespace and its artifact.
pub(super) const SOURCE: &str = "Source";
/// Artifact with the templates.
pub(super) const TEMPLATES: &str = "Templates";
/// Artifact with the tag of the built images.
pub(super) const IMAGES: &str = "Images";
/// Artifact with the tag to release.
pub(super) const RELEASE: &str = "Release";

/// Access to the source repository.
pub(super) enum Access {
    /// Connection with this ARN.
    Connection(Value<Arn>),
    /// Token in the secret with this name.
    Token(String),
}

/// Returns the access to the source repository.
pub(super) fn access(template: &mut TemplateBuilder, settings: &Settings, names: &Names) -> Access {
    match &settings.source.access {
        SourceAccess::NewConnection => Access::Connection(
            Shared {
                template,
                parameter: |what| names.shared_parameter(what),
            }
            .take("ConnectionArn", "String", "connection-arn"),
        ),
        SourceAccess::Connection { arn } => Access::Connection(arn.as_str().into()),
        SourceAccess::Token { secret } => Access::Token(secret.clone()),
    }
}

impl Access {
    /// Returns a dynamic reference to the token, which CloudFormation resolves without storing the value.
    fn token(&self) -> Option<Value<Text>> {
        match self {
            Self::Connection(_) => None,
            Self::Token(secret) => Some(format!("{{{{resolve:secretsmanager:{secret}}}}}").into()),
        }
    }

    /// Returns the source stage. It does not start the pipeline; triggers do.
    pub(super) fn stage(&self, settings: &Settings, branch: &str) -> Stage {
        let source = &settings.source;
        let (action_type_id, configuration) = match self {
            Self::Connection(arn) => (
                ActionTypeId::aws(Category::Source, "CodeStarSourceConnection"),
                BTreeMap::from([
                    ("ConnectionArn", arn.text()),
                    (
                        "FullRepositoryId",
                        format!("{}/{}", source.owner, source.repository).into(),
                    ),
                    ("BranchName", branch.into()),
                    ("OutputArtifactFormat", "CODE_ZIP".into()),
                    // Started by triggers instead, which can filter by path.
                    ("DetectChanges", "false".into()),
                ]),
            ),
            Self::Token(_) => (
                ActionTypeId {
                    category: Category::Source,
                    owner: Owner::ThirdParty,
                    provider: "GitHub",
                    version: "1",
                },
                BTreeMap::from([
                    ("Owner", source.owner.as_str().into()),
                    ("Repo", source.repository.as_str().into()),
                    ("Branch", branch.into()),
                    ("PollForSourceChanges", "false".into()),
                    ("OAuthToken", self.token().unwrap_or_else(|| "".into())),
                ]),
            ),
        };
        Stage {
            name: SOURCE,
            before_entry: None,
            actions: vec![Action {
                name: SOURCE,
                action_type_id,
                run_order: 1,
                configuration,
                input_artifacts: Vec::new(),
                output_artifacts: vec![Artifact { name: SOURCE }],
                namespace: Some(SOURCE),
                timeout_in_minutes: None,
            }],
            on_failure: None,
        }
    }
}

/// Properties that differ between the pipelines.
pub(super) struct Plan<'a> {
    pub(super) name: String,
    pub(super) mode: ExecutionMode,
    pub(super) variables: Vec<Variable>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) stages: Vec<Stage>,
    pub(super) access: &'a Access,
    pub(super) projects: Vec<&'a Handle<Project>>,
    /// Names of the stacks that it deploys.
    pub(super) deploys: Vec<String>,
    pub(super) deploy_roles: Vec<Value<Arn>>,
    pub(super) alerts: &'a Alerts,
}

/// Adds the pipeline, its role and its failure notification.
pub(super) fn pipeline(template: &mut TemplateBuilder, store: &Store, plan: Plan<'_>) -> Handle<Pipeline> {
    let trust = Statement::trust(
        "codepipeline.amazonaws.com",
        &local_arn_of("codepipeline", &plan.name),
    );
    let role = template.add(
        "PipelineRole",
        &iam::Role::new(format!("Permissions of the pipeline {}", plan.name), [trust]),
    );
    let policy = template.add(
        "PipelinePolicy",
        &iam::Policy::of(&role, "run", rights(store, &plan)),
    );
    let topic = plan.alerts.topic.clone();
    let pipeline = template.add_with(
        "Pipeline",
        &Pipeline {
            name: plan.name.into(),
            pipeline_type: PipelineType::V2,
            execution_mode: plan.mode,
            role_arn: role.arn(),
            artifact_store: ArtifactStore {
                r#type: StoreType::S3,
                location: store.bucket.name(),
                encryption_key: EncryptionKey {
                    id: store.key.arn(),
                    r#type: KeyType::Kms,
                },
            },
            variables: plan.variables,
            triggers: plan.triggers,
            stages: plan.stages,
        },
        // The pipeline starts on creation and needs its policy by then.
        crate::cfn::With::default().after(&policy),
    );
    notify(template, topic, &pipeline);
    pipeline
}

fn rights(store: &Store, plan: &Plan<'_>) -> Vec<Statement> {
    let stacks = plan
        .deploys
        .iter()
        .map(|name| local_arn_of("cloudformation", &format!("stack/{name}/*")));
    let mut statements = store.pipeline_access();
    statements.extend([
        store.use_key(),
        // Stopping an execution stops its builds.
        Statement::allow([
            "codebuild:BatchGetBuilds",
            "codebuild:StartBuild",
            "codebuild:StopBuild",
        ])
        .on(plan.projects.iter().map(|project| project.arn())),
        Statement::allow([
            "cloudformation:CreateStack",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResources",
            "cloudformation:DescribeStacks",
            "cloudformation:GetTemplate",
            "cloudformation:TagResource",
            "cloudformation:UntagResource",
            "cloudformation:UpdateStack",
        ])
        .on(stacks),
        // Supports no resource-level permissions.
        Statement::allow(["cloudformation:ValidateTemplate"]).on_any(),
        Statement::allow(["iam:PassRole"])
            .on(plan.deploy_roles.clone())
            .when(Condition::equals::<Text>(
                "iam:PassedToService",
                "cloudformation.amazonaws.com".into(),
            )),
    ]);
    statements.extend(plan.alerts.send());
    if let Access::Connection(arn) = plan.access {
        statements.push(
            Statement::allow([
                "codeconnections:UseConnection",
                "codestar-connections:UseConnection",
            ])
            .on([arn.clone()]),
        );
    }
    statements
}

fn notify(template: &mut TemplateBuilder, topic: Value<Arn>, pipeline: &Handle<Pipeline>) {
    template.add(
        "FailureRule",
        &events::Rule {
            description: "Notifies of failed executions".to_owned(),
            event_pattern: json!({
                "source": ["aws.codepipeline"],
                "detail-type": ["CodePipeline Pipeline Execution State Change"],
                "detail": { "state": ["FAILED"], "pipeline": [pipeline.name()] },
            }),
            targets: vec![events::Target {
                id: "topic",
                arn: topic,
                input_transformer: events::InputTransformer {
                    input_paths_map: json!({ "pipeline": "$.detail.pipeline", "execution": "$.detail.execution-id" }),
                    input_template: text([
                        "\"Pipeline <pipeline> failed (execution <execution>).\"".into(),
                    ]),
                },
            }],
        },
    );
}

/// Returns the stacks that a pipeline deploys to these environments.
pub(super) fn stacks(
    settings: &Settings,
    names: &Names,
    environments: impl IntoIterator<Item = EnvironmentName>,
) -> Vec<String> {
    let before = settings.release.before.is_some();
    environments
        .into_iter()
        .flat_map(|name| {
            before
                .then(|| names.before_release(name))
                .into_iter()
                .chain([names.app(name)])
        })
        .collect()
}

/// Imports the deploy role of an environment from its cluster stack.
pub(super) fn deploy_role(
    template: &mut TemplateBuilder,
    names: &Names,
    environment: EnvironmentName,
) -> Value<Arn> {
    Shared {
        template,
        parameter: |what| names.cluster_parameter(environment.cluster(), what),
    }
    .take(
        &format!("{}DeployRoleArn", capitalized(environment.as_str())),
        "String",
        &super::deploy_role::parameter(environment),
    )
}
