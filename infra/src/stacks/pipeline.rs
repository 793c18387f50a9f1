//! What both pipelines are made of: source, deployment, roles, messages.

use std::collections::BTreeMap;

use serde_json::json;

use super::app::Shared;
use super::artifacts::Store;
use super::deploy_role::{self, Passed};
use super::names::{Names, local_arn, local_arn_of};
use crate::cfn::codebuild::Project;
use crate::cfn::codepipeline::{
    Action, ActionTypeId, Artifact, ArtifactStore, Category, EncryptionKey, ExecutionMode, KeyType,
    OnFailure, Owner, Pipeline, PipelineType, RetryConfiguration, RetryMode, Stage, StoreType, Trigger,
    Variable,
};
use crate::cfn::{
    Arn, Condition, Handle, PolicyDocument, Statement, TemplateBuilder, Text, Value, events, iam, text,
};
use crate::settings::{ClusterName, Deployment, EnvironmentName, Settings, SourceAccess};

/// Variable of the release pipeline that says which tag to release.
pub const RELEASE_VARIABLE: &str = "IMAGE_TAG";
/// Its value when nobody says: the tag that the SSM parameter holds.
pub const RELEASE_VARIABLE_DEFAULT: &str = "latest";
/// Name of the action that waits for somebody to approve a release.
pub const RELEASE_APPROVAL: &str = "Approve";

/// Name of the source action, of its variables, and of the artifact with the source.
pub(super) const SOURCE: &str = "Source";
/// Name of the artifact with the templates.
pub(super) const TEMPLATES: &str = "Templates";

/// How AWS gets at the source, with what a template needs for it.
pub(super) enum Access {
    /// By the connection of this ARN.
    Connection(Value<Arn>),
    /// By the token in the secret of this name.
    Token(String),
}

/// Finds out how AWS gets at the source.
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
    /// A reference to the token, which CloudFormation follows without writing the token down anywhere.
    pub(super) fn token(&self) -> Option<Value<Text>> {
        match self {
            Self::Connection(_) => None,
            Self::Token(secret) => Some(format!("{{{{resolve:secretsmanager:{secret}}}}}").into()),
        }
    }

    /// The stage that fetches the source. What starts it is the pipeline's business.
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
                    // Triggers say when, so that they can say for which files.
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

/// Runs a build on the source. `variables` are added to those of the project.
pub(super) fn build(
    name: &'static str,
    project: &Handle<Project>,
    output: &'static str,
    variables: &[(&str, &str)],
) -> Action {
    let mut configuration = BTreeMap::from([("ProjectName", project.name().text())]);
    if !variables.is_empty() {
        let list: Vec<_> = variables
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value, "type": "PLAINTEXT" }))
            .collect();
        configuration.insert("EnvironmentVariables", json!(list).to_string().into());
    }
    Action {
        name,
        action_type_id: ActionTypeId::aws(Category::Build, "CodeBuild"),
        run_order: 1,
        configuration,
        input_artifacts: vec![Artifact { name: SOURCE }],
        output_artifacts: vec![Artifact { name: output }],
        namespace: Some(name),
        timeout_in_minutes: None,
    }
}

/// Builds fail for reasons that pass: one more attempt, of what failed alone.
pub(super) fn retry() -> OnFailure {
    OnFailure::Retry {
        retry_configuration: RetryConfiguration {
            retry_mode: RetryMode::FailedActions,
        },
    }
}

/// Deploys an app stack with the tag that `tag_from` holds in `imageTag.json`.
pub(super) fn deploy(
    name: &'static str,
    stack: &str,
    role: &Handle<iam::Role>,
    tag_from: &'static str,
) -> Action {
    let overrides =
        json!({ super::IMAGE_TAG_PARAMETER: { "Fn::GetParam": [tag_from, "imageTag.json", "tag"] } });
    Action {
        name,
        action_type_id: ActionTypeId::aws(Category::Deploy, "CloudFormation"),
        run_order: 1,
        configuration: BTreeMap::from([
            ("ActionMode", "CREATE_UPDATE".into()),
            ("StackName", stack.into()),
            (
                "TemplatePath",
                format!("{TEMPLATES}::{stack}.template.json").into(),
            ),
            ("ParameterOverrides", overrides.to_string().into()),
            ("RoleArn", role.arn().text()),
            // No capabilities: an app stack holds no roles.
        ]),
        input_artifacts: vec![Artifact { name: TEMPLATES }, Artifact { name: tag_from }],
        output_artifacts: Vec::new(),
        namespace: Some(name),
        timeout_in_minutes: None,
    }
}

/// What is special about a pipeline.
pub(super) struct Plan<'a> {
    pub(super) name: String,
    pub(super) mode: ExecutionMode,
    pub(super) variables: Vec<Variable>,
    pub(super) triggers: Vec<Trigger>,
    pub(super) stages: Vec<Stage>,
    pub(super) access: &'a Access,
    pub(super) projects: Vec<&'a Handle<Project>>,
    pub(super) deploys: &'a [EnvironmentName],
    pub(super) deploy_role: &'a Handle<iam::Role>,
}

/// Adds the pipeline, its role, and the rule that tells of what becomes of it.
pub(super) fn pipeline(
    template: &mut TemplateBuilder,
    names: &Names,
    store: &Store,
    plan: Plan<'_>,
) -> Handle<Pipeline> {
    let role = template.add(
        "PipelineRole",
        &iam::Role {
            description: format!("What the pipeline {} may do", plan.name),
            assume_role_policy_document: PolicyDocument::new([Statement::trust(
                "codepipeline.amazonaws.com",
                &local_arn_of("codepipeline", &plan.name),
            )]),
            managed_policy_arns: Vec::new(),
        },
    );
    let policy = template.add(
        "PipelinePolicy",
        &iam::Policy {
            policy_name: "run".into(),
            policy_document: PolicyDocument::new(rights(names, store, &plan)),
            roles: vec![role.name()],
        },
    );
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
        // It starts as soon as it is there, and by then its role must be able to.
        crate::cfn::With::default().after(&policy),
    );
    notify(template, store, &pipeline);
    pipeline
}

fn rights(names: &Names, store: &Store, plan: &Plan<'_>) -> Vec<Statement> {
    let stacks = plan
        .deploys
        .iter()
        .map(|name| local_arn("cloudformation", [format!("stack/{}/*", names.app(*name)).into()]));
    let mut statements = vec![
        store.read_and_write(),
        store.use_key(),
        Statement::allow(["codebuild:BatchGetBuilds", "codebuild:StartBuild"])
            .on(plan.projects.iter().map(|project| project.arn())),
        Statement::allow([
            "cloudformation:CreateStack",
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStacks",
            "cloudformation:UpdateStack",
        ])
        .on(stacks),
        Statement::allow(["iam:PassRole"])
            .on([plan.deploy_role.arn()])
            .when(Condition::equals::<Text>(
                "iam:PassedToService",
                "cloudformation.amazonaws.com".into(),
            )),
        Statement::allow(["sns:Publish"]).on([store.topic.arn()]),
    ];
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

fn notify(template: &mut TemplateBuilder, store: &Store, pipeline: &Handle<Pipeline>) {
    template.add(
        "FailureRule",
        &events::Rule {
            description: "Tells of executions that failed".to_owned(),
            event_pattern: json!({
                "source": ["aws.codepipeline"],
                "detail-type": ["CodePipeline Pipeline Execution State Change"],
                "detail": { "state": ["FAILED"], "pipeline": [pipeline.name()] },
            }),
            targets: vec![events::Target {
                id: "topic",
                arn: store.topic.arn(),
                input_transformer: events::InputTransformer {
                    input_paths_map: json!({ "pipeline": "$.detail.pipeline", "execution": "$.detail.execution-id" }),
                    input_template: text([
                        "\"The pipeline <pipeline> has failed (execution <execution>).\"".into(),
                    ]),
                },
            }],
        },
    );
}

/// Adds the deploy role of a pipeline, which may hand on the roles that the cluster's stack shares.
pub(super) fn deploy_role(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    cluster: ClusterName,
    environments: &[EnvironmentName],
) -> Handle<iam::Role> {
    let mut of_cluster = Shared {
        template,
        parameter: |what| names.cluster_parameter(cluster, what),
    };
    let passed = Passed {
        to_tasks: vec![
            of_cluster.take("ExecutionRoleArn", "String", "execution-role-arn"),
            of_cluster.take("TaskRoleArn", "String", "task-role-arn"),
        ],
        to_ecs: environments
            .iter()
            .any(|name| settings.environment(*name).deployment != Deployment::Rolling)
            .then(|| of_cluster.take("TrafficRoleArn", "String", "traffic-role-arn")),
    };
    deploy_role::build(template, names, environments, &passed)
}
