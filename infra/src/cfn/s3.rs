//! S3 buckets.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::value::Value;
use super::{Arn, PolicyDocument};

/// Marker type of names of buckets.
#[derive(Clone, Copy, Debug)]
pub enum BucketName {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Bucket {
    pub bucket_encryption: BucketEncryption,
    pub public_access_block_configuration: PublicAccessBlock,
    pub ownership_controls: OwnershipControls,
    pub versioning_configuration: Versioning,
    pub lifecycle_configuration: Lifecycle,
}

resource!(Bucket, "AWS::S3::Bucket", List; name: BucketName = Ref, arn: Arn = "Arn");

/// Default encryption.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BucketEncryption {
    pub server_side_encryption_configuration: Vec<EncryptionRule>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct EncryptionRule {
    pub server_side_encryption_by_default: Encryption,
    /// S3 Bucket Key: fewer KMS requests.
    pub bucket_key_enabled: bool,
}

/// Encryption key.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "SSEAlgorithm")]
pub enum Encryption {
    /// SSE-S3; required for access logs of load balancers.
    #[serde(rename = "AES256")]
    S3,
    /// SSE-KMS with a customer managed key.
    #[serde(rename = "aws:kms")]
    Key {
        /// Returns the ARN.
        #[serde(rename = "KMSMasterKeyID")]
        key: Value<Arn>,
    },
}

impl BucketEncryption {
    /// Encrypts every object with this key.
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

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::struct_excessive_bools, reason = "these are S3's four switches")]
pub struct PublicAccessBlock {
    pub block_public_acls: bool,
    pub block_public_policy: bool,
    pub ignore_public_acls: bool,
    pub restrict_public_buckets: bool,
}

impl PublicAccessBlock {
    /// Blocks all public access.
    pub const ALL: Self = Self {
        block_public_acls: true,
        block_public_policy: true,
        ignore_public_acls: true,
        restrict_public_buckets: true,
    };
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OwnershipControls {
    pub rules: Vec<OwnershipRule>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct OwnershipRule {
    pub object_ownership: ObjectOwnership,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum ObjectOwnership {
    /// The bucket owner owns all objects; ACLs are disabled.
    BucketOwnerEnforced,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Versioning {
    pub status: Status,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum Status {
    Enabled,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Lifecycle {
    pub rules: Vec<LifecycleRule>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LifecycleRule {
    pub id: &'static str,
    pub status: Status,
    pub expiration_in_days: u16,
    pub noncurrent_version_expiration: NoncurrentVersionExpiration,
    pub abort_incomplete_multipart_upload: AbortIncompleteMultipartUpload,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NoncurrentVersionExpiration {
    pub noncurrent_days: u16,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AbortIncompleteMultipartUpload {
    pub days_after_initiation: u16,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct BucketPolicy {
    pub bucket: Value<BucketName>,
    pub policy_document: PolicyDocument,
}

resource!(BucketPolicy, "AWS::S3::BucketPolicy", None);
