//! ECR repositories.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::Arn;
use super::value::{Text, Value};

/// An image repository.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Repository {
    pub repository_name: Value<Text>,
    pub image_tag_mutability: TagMutability,
    pub image_scanning_configuration: ScanningConfiguration,
    pub encryption_configuration: EncryptionConfiguration,
    pub lifecycle_policy: LifecyclePolicy,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TagMutability {
    /// Tags cannot be moved to another image.
    Immutable,
    Mutable,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ScanningConfiguration {
    pub scan_on_push: bool,
}

/// Encryption; cannot be changed later.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptionConfiguration {
    pub encryption_type: EncryptionType,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum EncryptionType {
    /// A KMS key; the AWS managed key by default.
    #[serde(rename = "KMS")]
    Kms,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LifecyclePolicy {
    /// JSON as a string.
    pub lifecycle_policy_text: String,
}

resource!(Repository, "AWS::ECR::Repository", List; uri: Text = "RepositoryUri", arn: Arn = "Arn");
