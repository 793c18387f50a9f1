//! The pipeline from a release to prod: the tag is settled once, so that what staging was approved with is what prod gets.

use std::collections::BTreeMap;

use super::artifacts::{self, Store};
use super::build;
use super::names::Names;
use super::pipeline::{self, Plan, RELEASE_APPROVAL, RELEASE_VARIABLE, RELEASE_VARIABLE_DEFAULT, TEMPLATES};
use crate::cfn::TemplateBuilder;
use crate::cfn::codepipeline::{
    Action, ActionTypeId, Category, ExecutionMode, OnFailure, Stage, Variable as PipelineVariable,
};
use crate::settings::{ClusterName, EnvironmentName, Settings};

/// Artifact with the tag.
const RELEASE: &str = "Release";
/// Minutes that a release waits for its approval: a week. The longest that AWS knows is the same.
const APPROVAL_MINUTES: u32 = 7 * 24 * 60;

pub(super) fn build(template: &mut TemplateBuilder, settings: &Settings, names: &Names) {
    let environments = [EnvironmentName::Staging, EnvironmentName::Prod];
    let [staging, prod] = environments.map(|name| names.app(name));
    let store = artifacts::store(template, names, &settings.release.email, "Releases to prod");
    let access = pipeline::access(template, settings, names);
    let settle = build::project(template, settings, names, &store, build::release(settings, names));
    let stacks = [staging, prod];
    let synth = build::project(
        template,
        settings,
        names,
        &store,
        build::synth("release", &stacks),
    );
    let [staging, prod] = &stacks;
    let role = pipeline::deploy_role(template, settings, names, ClusterName::Prod, &environments);
    let mut staging_deployment = pipeline::deploy("DeployStaging", staging, &role, RELEASE);
    // For the message of the approval.
    staging_deployment.namespace = Some("Staging");
    let tag = format!("#{{variables.{RELEASE_VARIABLE}}}");
    let stages = vec![
        access.stage(settings, &settings.source.prod_branch),
        Stage {
            name: "Build",
            actions: vec![
                pipeline::build("Settle", &settle, RELEASE, &[("REQUESTED_TAG", &tag)]),
                pipeline::build("SynthTemplates", &synth, TEMPLATES, &[]),
            ],
            on_failure: Some(pipeline::retry()),
        },
        Stage {
            name: "Staging",
            actions: vec![staging_deployment],
            on_failure: Some(OnFailure::Rollback),
        },
        Stage {
            name: "Approval",
            actions: vec![approval(&store)],
            on_failure: None,
        },
        Stage {
            name: "Prod",
            actions: vec![pipeline::deploy("DeployProd", prod, &role, RELEASE)],
            on_failure: Some(OnFailure::Rollback),
        },
    ];
    pipeline::pipeline(
        template,
        names,
        &store,
        Plan {
            name: names.release_pipeline_name(),
            // A release that was begun is finished before the next one begins.
            mode: ExecutionMode::Queued,
            variables: vec![PipelineVariable {
                name: RELEASE_VARIABLE,
                default_value: RELEASE_VARIABLE_DEFAULT,
                description: "Tag to release; latest is the one that the SSM parameter holds",
            }],
            // Started by people.
            triggers: Vec::new(),
            stages,
            access: &access,
            projects: vec![&settle, &synth],
            deploys: &environments,
            deploy_role: &role,
        },
    );
}

fn approval(store: &Store) -> Action {
    Action {
        name: RELEASE_APPROVAL,
        action_type_id: ActionTypeId::aws(Category::Approval, "Manual"),
        run_order: 1,
        configuration: BTreeMap::from([
            ("NotificationArn", store.topic.arn().text()),
            (
                "CustomData",
                "Release #{Settle.IMAGE_TAG} runs on staging. Approve to bring it to prod.".into(),
            ),
            ("ExternalEntityLink", "#{Staging.Url}".into()),
        ]),
        input_artifacts: Vec::new(),
        output_artifacts: Vec::new(),
        namespace: None,
        timeout_in_minutes: Some(APPROVAL_MINUTES),
    }
}
