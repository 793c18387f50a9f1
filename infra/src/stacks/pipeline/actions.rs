//! Actions of the stages: builds, tests, deployments. All have run order 1 until [`in_order`].

use std::collections::BTreeMap;

use serde_json::json;

use super::{SOURCE, TEMPLATES};
use crate::cfn::codebuild::Project;
use crate::cfn::codepipeline::{
    Action, ActionTypeId, Artifact, Category, OnFailure, RetryConfiguration, RetryMode,
};
use crate::cfn::{Arn, Handle, Text, Value};
use crate::stacks::{IMAGE_TAG_PARAMETER, URL_OUTPUT};

/// Returns an action that builds the source. `variables` extend those of the project.
pub(in crate::stacks) fn build(
    name: &'static str,
    project: &Handle<Project>,
    output: &'static str,
    variables: &[(&str, &str)],
) -> Action {
    Action {
        name,
        action_type_id: ActionTypeId::aws(Category::Build, "CodeBuild"),
        run_order: 1,
        configuration: configuration(project, variables),
        input_artifacts: vec![Artifact { name: SOURCE }],
        output_artifacts: vec![Artifact { name: output }],
        namespace: Some(name),
        timeout_in_minutes: None,
    }
}

/// Returns the configuration of a CodeBuild action. `variables` extend those of the project.
fn configuration(
    project: &Handle<Project>,
    variables: &[(&str, &str)],
) -> BTreeMap<&'static str, Value<Text>> {
    let mut configuration = BTreeMap::from([("ProjectName", project.name().text())]);
    if !variables.is_empty() {
        let list: Vec<_> = variables
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value, "type": "PLAINTEXT" }))
            .collect();
        configuration.insert("EnvironmentVariables", json!(list).to_string().into());
    }
    configuration
}

/// Returns an action that tests the source, beside the builds.
pub(in crate::stacks) fn test(name: &'static str, project: &Handle<Project>) -> Action {
    without_output(Category::Test, name, project, SOURCE, &[])
}

/// Returns an action that tests an environment after its deployment. `deployment` is the namespace of the
/// deployment, `tag` the variable with the deployed tag, `input` any artifact, which CodeBuild requires.
pub(in crate::stacks) fn smoke_test(
    name: &'static str,
    project: &Handle<Project>,
    input: &'static str,
    deployment: &str,
    tag: &str,
) -> Action {
    let url = format!("#{{{deployment}.{URL_OUTPUT}}}");
    let variables = [("URL", url.as_str()), ("IMAGE_TAG", tag)];
    without_output(Category::Test, name, project, input, &variables)
}

/// Returns an action that runs a build without output beside a deployment. `input` is any artifact, which CodeBuild requires;
/// `variables` extend those of the project.
pub(in crate::stacks) fn run(
    name: &'static str,
    project: &Handle<Project>,
    input: &'static str,
    variables: &[(&str, &str)],
) -> Action {
    without_output(Category::Build, name, project, input, variables)
}

fn without_output(
    category: Category,
    name: &'static str,
    project: &Handle<Project>,
    input: &'static str,
    variables: &[(&str, &str)],
) -> Action {
    Action {
        name,
        action_type_id: ActionTypeId::aws(category, "CodeBuild"),
        run_order: 1,
        configuration: configuration(project, variables),
        input_artifacts: vec![Artifact { name: input }],
        output_artifacts: Vec::new(),
        namespace: None,
        timeout_in_minutes: None,
    }
}

/// Numbers the actions of a stage, so that each runs after the one before it.
pub(in crate::stacks) fn in_order(actions: impl IntoIterator<Item = Action>) -> Vec<Action> {
    (1..)
        .zip(actions)
        .map(|(run_order, action)| Action { run_order, ..action })
        .collect()
}

/// Retries failed actions once, since builds fail for transient reasons.
pub(in crate::stacks) fn retry() -> OnFailure {
    OnFailure::Retry {
        retry_configuration: RetryConfiguration {
            retry_mode: RetryMode::FailedActions,
        },
    }
}

/// Returns an action that deploys an app stack with the tag in `imageTag.json` of the artifact `tag_from`.
pub(in crate::stacks) fn deploy(
    name: &'static str,
    stack: &str,
    role: &Value<Arn>,
    tag_from: &'static str,
) -> Action {
    let overrides = json!({ IMAGE_TAG_PARAMETER: { "Fn::GetParam": [tag_from, "imageTag.json", "tag"] } });
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
            // Tags of the stack.
            (
                "TemplateConfiguration",
                format!("{TEMPLATES}::{stack}.configuration.json").into(),
            ),
            ("ParameterOverrides", overrides.to_string().into()),
            ("RoleArn", role.text()),
            // No capabilities: app stacks contain no roles.
        ]),
        input_artifacts: vec![Artifact { name: TEMPLATES }, Artifact { name: tag_from }],
        output_artifacts: Vec::new(),
        namespace: Some(name),
        timeout_in_minutes: None,
    }
}
