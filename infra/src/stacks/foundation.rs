//! Foundation stack: image repositories and the GitHub connection, shared by all environments.

use serde_json::json;

use super::names::Names;
use crate::cfn::{Retention, TemplateBuilder, Text, Value, With, codeconnections, ecr, ssm};
use crate::service;
use crate::settings::{Settings, SourceAccess};

/// Number of tagged images to keep; a rule by age could delete the image that a rollback needs.
const KEPT_IMAGES: u32 = 30;
/// Number of release images to keep. A rule by last pull could delete an image that prod runs, since long-lived tasks do
/// not pull.
const KEPT_RELEASES: u32 = 100;
/// Prefix of the second tag of released images, by which the lifecycle policy keeps them. Set by `build_specs/release.yml`
/// and by `infra deploy` and `rollback`.
pub const RELEASE_TAG_PREFIX: &str = "release-";
/// Days after which untagged images are deleted.
const UNTAGGED_DAYS: u32 = 7;

pub(super) fn build(template: &mut TemplateBuilder, settings: &Settings, names: &Names) {
    for container in service::CONTAINERS {
        let id = capitalized(container);
        let repository = template.add_with(
            format!("{id}Repository"),
            &repository(&names.repository(container)),
            With::default().retention(Retention::Keep),
        );
        share(
            template,
            &format!("{id}RepositoryUri"),
            names.shared_parameter(&format!("{container}-repository-uri")),
            &format!("Repository URI of the images of {container}"),
            &repository.uri(),
        );
    }
    if settings.source.access == SourceAccess::NewConnection {
        let connection = template.add(
            "Connection",
            &codeconnections::Connection {
                connection_name: names.connection().into(),
                provider_type: codeconnections::Provider::GitHub,
            },
        );
        share(
            template,
            "ConnectionArn",
            names.shared_parameter("connection-arn"),
            "Connection to the source repository",
            &connection.arn().text(),
        );
    }
}

fn repository(name: &str) -> ecr::Repository {
    ecr::Repository {
        repository_name: name.into(),
        // The images deployed are the images tested.
        image_tag_mutability: ecr::TagMutability::Immutable,
        image_scanning_configuration: ecr::ScanningConfiguration { scan_on_push: true },
        encryption_configuration: ecr::EncryptionConfiguration {
            encryption_type: ecr::EncryptionType::Kms,
        },
        lifecycle_policy: ecr::LifecyclePolicy {
            lifecycle_policy_text: lifecycle(),
        },
    }
}

fn lifecycle() -> String {
    // An image selected by a rule is exempt from all rules with a higher priority number.
    json!({ "rules": [
        {
            "rulePriority": 1,
            "description": "Old releases",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": [format!("{RELEASE_TAG_PREFIX}*")],
                "countType": "imageCountMoreThan",
                "countNumber": KEPT_RELEASES,
            },
            "action": { "type": "expire" },
        },
        {
            "rulePriority": 2,
            "description": "Untagged images",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": { "type": "expire" },
        },
        {
            "rulePriority": 3,
            "description": "Old images of dev",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "imageCountMoreThan",
                "countNumber": KEPT_IMAGES,
            },
            "action": { "type": "expire" },
        },
    ]})
    .to_string()
}

/// Shares a value with other stacks through an SSM parameter.
pub(super) fn share(
    template: &mut TemplateBuilder,
    id: &str,
    name: String,
    description: &str,
    value: &Value<Text>,
) {
    share_as(template, id, name, description, value, ssm::ParameterType::String);
}

/// Like [`share`], for lists.
pub(super) fn share_as(
    template: &mut TemplateBuilder,
    id: &str,
    name: String,
    description: &str,
    value: &Value<Text>,
    r#type: ssm::ParameterType,
) {
    template.add(
        format!("{id}Parameter"),
        &ssm::Parameter {
            name: name.into(),
            description: description.to_owned(),
            r#type,
            value: value.clone(),
        },
    );
}

/// Capitalizes a word for logical IDs: `app` → `App`.
pub(super) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
