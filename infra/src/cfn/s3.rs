//! Buckets.

use serde::Serialize;

use super::value::Value;
use super::{Arn, Handle, PolicyDocument, Resource, Tagging};

/// Kind of the name of a bucket.
#[derive(Clone, Copy, Debug)]
pub enum BucketName {}

/// Holds files.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Bucket {
    pub bucket_encryption: BucketEncryption,
    pub public_access_block_configuration: PublicAccessBlock,
    pub ownership_controls: OwnershipControls,
    pub versioning_configuration: Versioning,
    pub lifecycle_configuration: Lifecycle,
}

impl Resource for Bucket {
    const TYPE: &'static str = "AWS::S3::Bucket";
    const TAGGING: Tagging = Tagging::List;
}

impl Handle<Bucket> {
    /// Its name.
    pub fn name(&self) -> Value<BucketName> {
        self.reference()
    }

    /// Its ARN.
    pub fn arn(&self) -> Value<Arn> {
        self.attribute("Arn")
    }
}

/// How files are encrypted when nobody says otherwise.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct BucketEncryption {
    pub server_side_encryption_configuration: Vec<EncryptionRule>,
}

/// See [`BucketEncryption`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct EncryptionRule {
    pub server_side_encryption_by_default: Encryption,
    /// One call of KMS for many files.
    pub bucket_key_enabled: bool,
}

/// With which key.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "SSEAlgorithm")]
pub enum Encryption {
    /// S3's own; the only one that load balancers can write with.
    #[serde(rename = "AES256")]
    S3,
    /// One of ours.
    #[serde(rename = "aws:kms")]
    Key {
        /// Its ARN.
        #[serde(rename = "KMSMasterKeyID")]
        key: Value<Arn>,
    },
}

impl BucketEncryption {
    /// Every file with this one.
    pub fn with(encryption: Encryption) -> Self {
        let bucket_key_enabled = matches!(encryption, Encryption::Key { .. });
        Self {
            server_side_encryption_configuration: vec![EncryptionRule {
                server_side_encryption_by_default: encryption,
                bucket_key_enabled,
            }],
        }
    }
}

/// Whether the world may read.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
#[expect(clippy::struct_excessive_bools, reason = "these are S3's four switches")]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub block_public_policy: bool,
    pub ignore_public_acls: bool,
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// It may not, in any way.
    pub const ALL: Self = Self {
        block_public_acls: true,
        block_public_policy: true,
        ignore_public_acls: true,
        restrict_public_buckets: true,
    };
}

/// Whose files they are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct OwnershipControls {
    pub rules: Vec<OwnershipRule>,
}

/// See [`OwnershipControls`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct OwnershipRule {
    pub object_ownership: ObjectOwnership,
}

/// See [`OwnershipControls`].
#[derive(Clone, Copy, Debug, Serialize)]
pub enum ObjectOwnership {
    /// The bucket's owner owns all of them; access lists are off.
    BucketOwnerEnforced,
}

/// Whether old versions of files stay.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Versioning {
    pub status: Status,
}

/// A switch.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the name says it")]
pub enum Status {
    Enabled,
}

/// When files go.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Lifecycle {
    pub rules: Vec<LifecycleRule>,
}

/// See [`Lifecycle`].
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct LifecycleRule {
    pub id: &'static str,
    pub status: Status,
    pub expiration_in_days: u16,
    pub noncurrent_version_expiration: NoncurrentVersionExpiration,
    pub abort_incomplete_multipart_upload: AbortIncompleteMultipartUpload,
}

/// When replaced files go.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct NoncurrentVersionExpiration {
    pub noncurrent_days: u16,
}

/// When the pieces of uploads that were given up go.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct AbortIncompleteMultipartUpload {
    pub days_after_initiation: u16,
}

/// Who may do what with a bucket.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct BucketPolicy {
    pub bucket: Value<BucketName>,
    pub policy_document: PolicyDocument,
}

impl Resource for BucketPolicy {
    const TYPE: &'static str = "AWS::S3::BucketPolicy";
    const TAGGING: Tagging = Tagging::None;
}
