//! The foundation: what belongs to no environment and must outlive all of them.

use serde_json::json;

use super::names::Names;
use crate::cfn::{Retention, TemplateBuilder, Text, Value, With, codeconnections, ecr, ssm};
use crate::service::{self, Runtime};
use crate::settings::{Settings, SourceAccess};

/// Tagged images that are kept, whatever their age: a rule by age would delete the image that a rollback needs.
const KEPT_IMAGES: u32 = 30;
/// Days after which an image goes that has lost its tag or never had one.
const UNTAGGED_DAYS: u32 = 7;

pub(super) fn build(template: &mut TemplateBuilder, settings: &Settings, names: &Names) {
    for container in service::containers(Runtime::Task) {
        let id = capitalized(container.name);
        let repository = template.add_with(
            format!("{id}Repository"),
            &repository(&names.repository(container.name)),
            With::default().retention(Retention::Keep),
        );
        share(
            template,
            &format!("{id}RepositoryUri"),
            names.shared_parameter(&format!("{}-repository-uri", container.name)),
            &format!("What stands before the tag of the images of {}", container.name),
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
            "Connection by which the pipelines get at the source",
            &connection.arn().text(),
        );
    }
}

fn repository(name: &str) -> ecr::Repository {
    ecr::Repository {
        repository_name: name.into(),
        // What was tested under a tag is what runs under it.
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
    json!({ "rules": [
        {
            "rulePriority": 1,
            "description": "Images without a tag are left over from builds",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": UNTAGGED_DAYS,
            },
            "action": { "type": "expire" },
        },
        {
            "rulePriority": 2,
            "description": "Releases that nobody will go back to",
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

/// Tells other stacks something.
pub(super) fn share(
    template: &mut TemplateBuilder,
    id: &str,
    name: String,
    description: &str,
    value: &Value<Text>,
) {
    share_as(template, id, name, description, value, ssm::ParameterType::String);
}

/// As [`share`], for lists.
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

/// `app` → `App`, for logical ids.
pub(super) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
