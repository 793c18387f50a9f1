//! Release pipeline: resolves the tag once, deploys to staging, checks it from the internet, waits for approval, deploys the
//! same tag to prod.

use std::collections::BTreeMap;

use super::alerts::{self, Alerts};
use super::artifacts;
use super::before_release;
use super::build;
use super::names::Names;
use super::pipeline::{
    self, Plan, RELEASE, RELEASE_APPROVAL, RELEASE_VARIABLE, RELEASE_VARIABLE_DEFAULT, TEMPLATES,
};
use crate::cfn::TemplateBuilder;
use crate::cfn::codepipeline::{
    Action, ActionTypeId, BeforeEntry, Category, ExecutionMode, Stage, Variable as PipelineVariable,
};
use crate::settings::{ClusterName, EnvironmentName, Settings};

/// Accepted tags: safe inside a JSON string, and short enough for the prefix `release-` within 128 characters.
const TAG_PATTERN: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}$";
/// Namespace of the deployment to staging.
const STAGING: &str = "Staging";
/// Timeout of the approval: seven days, the maximum of AWS.
const APPROVAL_MINUTES: u32 = 7 * 24 * 60;

pub(super) fn build(template: &mut TemplateBuilder, settings: &Settings, names: &Names) {
    let environments = [EnvironmentName::Staging, EnvironmentName::Prod];
    let [staging, prod] = environments.map(|name| names.app(name));
    let deploys = pipeline::stacks(settings, names, environments);
    let store = artifacts::store(template, names);
    let alerts = alerts::of_cluster(template, names, ClusterName::Prod);
    let access = pipeline::access(template, settings, names);
    let settle = build::project(template, settings, names, &store, build::release(settings, names));
    let synth = build::project(
        template,
        settings,
        names,
        &store,
        build::synth("release", &deploys),
    );
    let smoke_test = settings.release.smoke_test.as_ref().map(|page| {
        build::project(
            template,
            settings,
            names,
            &store,
            build::smoke_test("release", page),
        )
    });
    let roles = environments.map(|name| pipeline::deploy_role(template, names, name));
    let [staging_role, prod_role] = &roles;
    let [before_staging, before_prod] = [
        (EnvironmentName::Staging, staging_role),
        (EnvironmentName::Prod, prod_role),
    ]
    .map(|(name, role)| before_release::steps(template, settings, names, &store, name, role, RELEASE));
    let mut staging_deployment = pipeline::deploy("DeployStaging", &staging, staging_role, RELEASE);
    // Read by the approval message and the smoke test.
    staging_deployment.namespace = Some(STAGING);
    let prod_deployment = pipeline::deploy("DeployProd", &prod, prod_role, RELEASE);
    let tag = format!("#{{variables.{RELEASE_VARIABLE}}}");
    let stages = vec![
        access.stage(settings, &settings.source.prod_branch),
        Stage {
            name: "Build",
            before_entry: Some(BeforeEntry::matches("TagIsGiven", tag.clone(), TAG_PATTERN)),
            actions: vec![
                pipeline::build("Settle", &settle, RELEASE, &[("REQUESTED_TAG", &tag)]),
                pipeline::build("SynthTemplates", &synth, TEMPLATES, &[]),
            ],
            on_failure: Some(pipeline::retry()),
        },
        // Deployment and approval are one stage, so that the next release waits and staging keeps the one to approve.
        Stage {
            name: "Staging",
            before_entry: None,
            actions: pipeline::in_order(
                before_staging
                    .1
                    .into_iter()
                    .map(Some)
                    .chain([
                        Some(staging_deployment),
                        smoke_test.as_ref().map(|project| {
                            let tag = "#{Settle.IMAGE_TAG}";
                            pipeline::smoke_test("SmokeTest", project, RELEASE, STAGING, tag)
                        }),
                        Some(approval(&alerts)),
                    ])
                    .flatten(),
            ),
            on_failure: None,
        },
        // CloudFormation rolls back by itself. A stage rollback would deploy an earlier release without approval.
        Stage {
            name: "Prod",
            before_entry: None,
            actions: pipeline::in_order(before_prod.1.into_iter().chain([prod_deployment])),
            on_failure: None,
        },
    ];
    pipeline::pipeline(
        template,
        &store,
        Plan {
            name: names.release_pipeline_name(),
            // The next release waits for a busy stage.
            mode: ExecutionMode::Queued,
            variables: vec![PipelineVariable {
                name: RELEASE_VARIABLE,
                default_value: RELEASE_VARIABLE_DEFAULT,
                description: "Tag to release, or latest for the tag in the SSM parameter. Required",
            }],
            // Started manually.
            triggers: Vec::new(),
            stages,
            access: &access,
            projects: [&settle, &synth]
                .into_iter()
                .chain(&smoke_test)
                .chain(&before_staging.0)
                .chain(&before_prod.0)
                .collect(),
            deploys,
            deploy_roles: roles.to_vec(),
            alerts: &alerts,
        },
    );
}

fn approval(alerts: &Alerts) -> Action {
    Action {
        name: RELEASE_APPROVAL,
        action_type_id: ActionTypeId::aws(Category::Approval, "Manual"),
        run_order: 2,
        configuration: BTreeMap::from([
            ("NotificationArn", alerts.topic.text()),
            (
                "CustomData",
                "Release #{Settle.IMAGE_TAG} is deployed to staging. Approve to deploy it to prod.".into(),
            ),
            ("ExternalEntityLink", "#{Staging.Url}".into()),
        ]),
        input_artifacts: Vec::new(),
        output_artifacts: Vec::new(),
        namespace: None,
        timeout_in_minutes: Some(APPROVAL_MINUTES),
    }
}
