//! Dev pipeline: builds images and templates and runs the tests in parallel, deploys the app stack, checks it from the
//! internet, records the tag as the latest release.

use super::alerts;
use super::artifacts::{self, Store};
use super::before_release;
use super::build;
use super::names::Names;
use super::pipeline::{self, Access, IMAGES, Plan, SOURCE, TEMPLATES};
use crate::cfn::codepipeline::{
    Excludes, ExecutionMode, GitConfiguration, Includes, Pipeline, PushFilter, Stage, Trigger,
    TriggerProvider, Webhook, WebhookAuthentication, WebhookFilter, WebhookSecret,
};
use crate::cfn::{Handle, TemplateBuilder, secretsmanager};
use crate::settings::{ClusterName, EnvironmentName, Settings};

pub(super) fn build(template: &mut TemplateBuilder, settings: &Settings, names: &Names) {
    let dev = EnvironmentName::Dev;
    let deploys = pipeline::stacks(settings, names, [dev]);
    let store = artifacts::store(template, names);
    let alerts = alerts::of_cluster(template, names, ClusterName::Dev);
    let access = pipeline::access(template, settings, names);
    let images = build::project(template, settings, names, &store, build::images(settings, names));
    let synth = build::project(template, settings, names, &store, build::synth("dev", &deploys));
    let tests = settings
        .source
        .tests
        .as_ref()
        .map(|tests| build::project(template, settings, names, &store, build::tests(tests)));
    let smoke_test = settings
        .release
        .smoke_test
        .as_ref()
        .map(|page| build::project(template, settings, names, &store, build::smoke_test("dev", page)));
    let record = build::project(template, settings, names, &store, build::record(settings));
    let role = pipeline::deploy_role(template, names, dev);
    let (before, preparations) = before_release::steps(template, settings, names, &store, dev, &role, IMAGES);
    let stages = vec![
        access.stage(settings, &settings.source.dev_branch),
        Stage {
            name: "Build",
            before_entry: None,
            actions: [
                pipeline::build("BuildImages", &images, IMAGES, &[]),
                pipeline::build("SynthTemplate", &synth, TEMPLATES, &[]),
            ]
            .into_iter()
            .chain(tests.as_ref().map(|project| pipeline::test("RunTests", project)))
            .collect(),
            on_failure: Some(pipeline::retry()),
        },
        Stage {
            name: "Deploy",
            before_entry: None,
            actions: pipeline::in_order(
                preparations
                    .into_iter()
                    .map(Some)
                    .chain([
                        Some(pipeline::deploy("DeployDev", &names.app(dev), &role, IMAGES)),
                        smoke_test.as_ref().map(|project| {
                            let tag = "#{BuildImages.IMAGE_TAG}";
                            pipeline::smoke_test("SmokeTest", project, IMAGES, "DeployDev", tag)
                        }),
                        Some(pipeline::run("RecordRelease", &record, IMAGES, &[])),
                    ])
                    .flatten(),
            ),
            on_failure: None,
        },
    ];
    let made = pipeline::pipeline(
        template,
        &store,
        Plan {
            name: names.dev_pipeline_name(),
            // Only the latest push matters.
            mode: ExecutionMode::Superseded,
            variables: Vec::new(),
            triggers: triggers(settings, &access),
            stages,
            access: &access,
            projects: [&images, &synth, &record]
                .into_iter()
                .chain(&tests)
                .chain(&smoke_test)
                .chain(&before)
                .collect(),
            deploys,
            deploy_roles: vec![role],
            alerts: &alerts,
        },
    );
    if matches!(access, Access::Token(_)) {
        webhook(template, settings, &store, &made);
    }
}

/// Adds the webhook that GitHub calls with a token as access. Its signing secret is separate from the token, since repository
/// administrators can change it and the token has more rights.
fn webhook(template: &mut TemplateBuilder, settings: &Settings, store: &Store, made: &Handle<Pipeline>) {
    let secret = template.add(
        "WebhookSecret",
        &secretsmanager::Secret {
            description: "Secret with which GitHub signs webhook calls".to_owned(),
            generate_secret_string: secretsmanager::Generated {
                password_length: 40,
                exclude_punctuation: true,
            },
            kms_key_id: store.key.arn(),
        },
    );
    template.add(
        "Webhook",
        &Webhook {
            authentication: WebhookAuthentication::GithubHmac,
            authentication_configuration: WebhookSecret {
                secret_token: secret.value(),
            },
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

/// Triggers on every push to the branch that changes more than documentation.
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
