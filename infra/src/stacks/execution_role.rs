//! Execution roles: with them ECS pulls images, writes logs and reads the secrets of a task.
//!
//! The environments of a cluster share a role. An environment with secrets has a role of its own, so that no other
//! environment can read them.

use std::collections::BTreeSet;

use super::foundation::{capitalized, share};
use super::names::{Names, local_arn, local_arn_of};
use crate::cfn::{
    Arn, Condition, Handle, Statement, TemplateBuilder, Text, Value, iam, region, text, url_suffix,
};
use crate::service::{self, App, Secret};
use crate::settings::{ClusterName, EnvironmentName, Settings};

/// Returns the short name under which the role of an environment is shared.
pub(super) fn parameter(settings: &Settings, environment: EnvironmentName) -> String {
    if has_own(settings, environment) {
        format!("{environment}-execution-role-arn")
    } else {
        "execution-role-arn".to_owned()
    }
}

fn has_own(settings: &Settings, environment: EnvironmentName) -> bool {
    !settings.environment(environment).service.app.secrets.is_empty()
}

/// Trusts ECS tasks of this account and region.
pub(super) fn trust_tasks() -> Statement {
    Statement::trust("ecs-tasks.amazonaws.com", &local_arn_of("ecs", "*"))
}

/// Adds the role that the environments of a cluster share.
pub(super) fn shared(
    template: &mut TemplateBuilder,
    names: &Names,
    cluster: ClusterName,
) -> Handle<iam::Role> {
    let role = template.add(
        "ExecutionRole",
        &iam::Role::new("Task execution role: pulls images, writes logs", [trust_tasks()]),
    );
    let environments: Vec<_> = cluster.environments().collect();
    template.add(
        "ExecutionPolicy",
        &iam::Policy::of(&role, "start-tasks", start_tasks(names, &environments)),
    );
    role
}

/// Adds the role of an environment with secrets, and shares its ARN. `None`: the environment has no secrets.
pub(super) fn own(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    environment: EnvironmentName,
) -> Option<Handle<iam::Role>> {
    if !has_own(settings, environment) {
        return None;
    }
    let id = capitalized(environment.as_str());
    let role = template.add(
        format!("{id}ExecutionRole"),
        &iam::Role::new(
            format!("Task execution role of {environment}: pulls images, writes logs, reads secrets"),
            [trust_tasks()],
        ),
    );
    let mut statements = start_tasks(names, &[environment]);
    statements.extend(read_secrets(&settings.environment(environment).service.app));
    template.add(
        format!("{id}ExecutionPolicy"),
        &iam::Policy::of(&role, "start-tasks", statements),
    );
    share(
        template,
        &format!("{id}ExecutionRoleArn"),
        names.cluster_parameter(environment.cluster(), &parameter(settings, environment)),
        "Task execution role",
        &role.arn().text(),
    );
    Some(role)
}

fn start_tasks(names: &Names, environments: &[EnvironmentName]) -> Vec<Statement> {
    let repositories = service::CONTAINERS
        .map(|container| local_arn_of("ecr", &format!("repository/{}", names.repository(container))));
    let groups = environments
        .iter()
        .flat_map(|environment| service::CONTAINERS.map(|container| names.log_group(*environment, container)))
        .map(|name| local_arn("logs", [format!("log-group:{name}:*").into()]));
    vec![
        // Supports no resource-level permissions.
        Statement::allow(["ecr:GetAuthorizationToken"]).on_any(),
        Statement::allow([
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ])
        .on(repositories),
        Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(groups),
    ]
}

/// Exactly the secrets of an app, and their key.
fn read_secrets(app: &App) -> Vec<Statement> {
    let mut parameters: Vec<Value<Arn>> = Vec::new();
    let mut secrets: Vec<Value<Arn>> = Vec::new();
    // Several variables may have parts of one secret.
    for secret in app.secrets.values().map(Secret::whole).collect::<BTreeSet<_>>() {
        match secret {
            Secret::Parameter { .. } => parameters.push(arn(&secret)),
            // AWS appends a hyphen and six characters to the name.
            Secret::SecretsManager { .. } => secrets.push(text([arn(&secret).text(), "-??????".into()])),
        }
    }
    let mut statements = Vec::new();
    let mut services: Vec<Value<Text>> = Vec::new();
    let via = |service: &str| text([format!("{service}.").into(), region(), ".".into(), url_suffix()]);
    if !parameters.is_empty() {
        statements.push(Statement::allow(["ssm:GetParameters"]).on(parameters));
        services.push(via("ssm"));
    }
    if !secrets.is_empty() {
        statements.push(Statement::allow(["secretsmanager:GetSecretValue"]).on(secrets));
        services.push(via("secretsmanager"));
    }
    // The keys that AWS manages need no right of the role.
    if let Some(key) = &app.secrets_key {
        statements.push(
            Statement::allow(["kms:Decrypt"])
                .on([Value::<Arn>::from(key.as_str())])
                .when(Condition::is_one_of("kms:ViaService", services)),
        );
    }
    statements
}

fn arn(secret: &Secret) -> Value<Arn> {
    match secret {
        Secret::Parameter { path } => local_arn_of("ssm", &format!("parameter{path}")),
        Secret::SecretsManager { name, .. } => local_arn_of("secretsmanager", &format!("secret:{name}")),
    }
}

/// Returns the reference of a secret in a task definition.
pub(super) fn value_from(secret: &Secret) -> Value<Text> {
    match secret {
        Secret::SecretsManager {
            json_key: Some(key), ..
        } => text([arn(secret).text(), format!(":{key}::").into()]),
        Secret::Parameter { .. } | Secret::SecretsManager { json_key: None, .. } => arn(secret).text(),
    }
}
