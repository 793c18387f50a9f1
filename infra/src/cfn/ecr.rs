//! Image repositories.

use serde::Serialize;

use super::value::{Text, Value};
use super::{Arn, Handle, Resource, Tagging};

/// Holds the images of one container.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Repository {
    pub repository_name: Value<Text>,
    pub image_tag_mutability: TagMutability,
    pub image_scanning_configuration: ScanningConfiguration,
    pub encryption_configuration: EncryptionConfiguration,
    pub lifecycle_policy: LifecyclePolicy,
}

/// Whether a tag can be given to another image.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TagMutability {
    /// Never: what was tested under a tag is what runs under it.
    Immutable,
    /// At any time.
    Mutable,
}

/// Whether images are searched for known vulnerabilities.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct ScanningConfiguration {
    pub scan_on_push: bool,
}

/// How images are encrypted. Cannot be changed later.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct EncryptionConfiguration {
    pub encryption_type: EncryptionType,
}

/// Which kind of key encrypts.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum EncryptionType {
    /// A key in KMS; ECR's own one, if none is named.
    #[serde(rename = "KMS")]
    Kms,
}

/// Which images go.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LifecyclePolicy {
    /// JSON in a text.
    pub lifecycle_policy_text: String,
}

impl Resource for Repository {
    const TYPE: &'static str = "AWS::ECR::Repository";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Repository> {
    /// `…dkr.ecr.…/name`, what stands before the tag of an image.
    pub fn uri(&self) -> Value<Text> {
        self.attribute("RepositoryUri")
    }

    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.attribute("Arn")
    }
}
