//! The pipeline from a push to dev: images and template at the same time, then the app stack.

use super::artifacts;
use super::build;
use super::names::Names;
use super::pipeline::{self, Access, Plan, SOURCE, TEMPLATES};
use crate::cfn::TemplateBuilder;
use crate::cfn::codepipeline::{
    Excludes, ExecutionMode, GitConfiguration, Includes, OnFailure, PushFilter, Stage, Trigger,
    TriggerProvider, Webhook, WebhookAuthentication, WebhookFilter, WebhookSecret,
};
use crate::settings::{ClusterName, EnvironmentName, Settings};

/// Artifact with the tag of the images.
const IMAGES: &str = "Images";

pub(super) fn build(template: &mut TemplateBuilder, settings: &Settings, names: &Names) {
    let dev = EnvironmentName::Dev;
    let stack = names.app(dev);
    let store = artifacts::store(template, names, &settings.release.email, "Pipeline of dev");
    let access = pipeline::access(template, settings, names);
    let images = build::project(template, settings, names, &store, build::images(settings, names));
    let synth = build::project(
        template,
        settings,
        names,
        &store,
        build::synth("dev", std::slice::from_ref(&stack)),
    );
    let role = pipeline::deploy_role(template, settings, names, ClusterName::Dev, &[dev]);
    let stages = vec![
        access.stage(settings, &settings.source.dev_branch),
        Stage {
            name: "Build",
            actions: vec![
                pipeline::build("BuildImages", &images, IMAGES, &[]),
                pipeline::build("SynthTemplate", &synth, TEMPLATES, &[]),
            ],
            on_failure: Some(pipeline::retry()),
        },
        Stage {
            name: "Deploy",
            actions: vec![pipeline::deploy("DeployDev", &stack, &role, IMAGES)],
            on_failure: Some(OnFailure::Rollback),
        },
    ];
    let made = pipeline::pipeline(
        template,
        names,
        &store,
        Plan {
            name: names.dev_pipeline_name(),
            // Of two pushes only the newer one matters.
            mode: ExecutionMode::Superseded,
            variables: Vec::new(),
            triggers: triggers(settings, &access),
            stages,
            access: &access,
            projects: vec![&images, &synth],
            deploys: &[dev],
            deploy_role: &role,
        },
    );
    if let Some(secret_token) = access.token() {
        // A token comes without triggers, so that GitHub has to call.
        template.add(
            "Webhook",
            &Webhook {
                authentication: WebhookAuthentication::GithubHmac,
                authentication_configuration: WebhookSecret { secret_token },
                filters: vec![WebhookFilter {
                    json_path: "$.ref",
                    match_equals: format!("refs/heads/{}", settings.source.dev_branch),
                }],
                register_with_third_party: true,
                target_action: SOURCE,
                target_pipeline: made.name(),
                target_pipeline_version: 1,
            },
        );
    }
}

/// Every push to the branch, unless it touches nothing but documents.
fn triggers(settings: &Settings, access: &Access) -> Vec<Trigger> {
    if matches!(access, Access::Token(_)) {
        return Vec::new();
    }
    vec![Trigger {
        provider_type: TriggerProvider::CodeStarSourceConnection,
        git_configuration: GitConfiguration {
            source_action_name: SOURCE,
            push: vec![PushFilter {
                branches: Includes {
                    includes: vec![settings.source.dev_branch.clone()],
                },
                file_paths: Excludes {
                    excludes: vec!["**/*.md".to_owned(), "docs/**".to_owned()],
                },
            }],
        },
    }]
}
