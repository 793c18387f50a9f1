//! Buckets as all of ours are.

use crate::cfn::{Arn, Condition, Handle, Principal, Statement, s3, text};

/// A bucket that is private, versioned and empties itself.
pub(super) fn bucket(encryption: s3::Encryption, days: u16) -> s3::Bucket {
    s3::Bucket {
        bucket_encryption: s3::BucketEncryption::with(encryption),
        public_access_block_configuration: s3::PublicAccessBlock::ALL,
        ownership_controls: s3::OwnershipControls {
            rules: vec![s3::OwnershipRule {
                object_ownership: s3::ObjectOwnership::BucketOwnerEnforced,
            }],
        },
        versioning_configuration: s3::Versioning {
            status: s3::Status::Enabled,
        },
        lifecycle_configuration: s3::Lifecycle {
            rules: vec![s3::LifecycleRule {
                id: "expire",
                status: s3::Status::Enabled,
                expiration_in_days: days,
                noncurrent_version_expiration: s3::NoncurrentVersionExpiration { noncurrent_days: 7 },
                abort_incomplete_multipart_upload: s3::AbortIncompleteMultipartUpload {
                    days_after_initiation: 1,
                },
            }],
        },
    }
}

/// Nobody, whatever their rights, without encryption on the way.
pub(super) fn tls_only(bucket: &Handle<s3::Bucket>) -> Statement {
    Statement::deny(["s3:*"])
        .named("OnlyEncrypted")
        .to(Principal::Everybody)
        .on::<Arn>([bucket.arn(), text([bucket.arn().text(), "/*".into()])])
        .when(Condition::is("aws:SecureTransport", false))
}
