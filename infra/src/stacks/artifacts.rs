//! S3 buckets and the artifact store of a pipeline.

use super::keys::{account_administers_key, logs_use_key, only_services_get_grants};
use super::names::Names;
use crate::cfn::{
    Arn, Condition, Handle, PolicyDocument, Principal, Retention, Statement, TemplateBuilder, With, kms, s3,
    text,
};

/// Days after which artifacts expire. A pipeline stopped for longer must be restarted from its source.
const ARTIFACT_DAYS: u16 = 30;

/// Actions to read an artifact.
const READ: [&str; 5] = [
    "s3:GetBucketAcl",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetObject",
    "s3:GetObjectVersion",
];

/// Returns a private, versioned bucket whose objects expire.
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

/// Denies access without TLS.
pub(super) fn tls_only(bucket: &Handle<s3::Bucket>) -> Statement {
    Statement::deny(["s3:*"])
        .named("OnlyEncrypted")
        .to(Principal::Everybody)
        .on::<Arn>([bucket.arn(), text([bucket.arn().text(), "/*".into()])])
        .when(Condition::is("aws:SecureTransport", false))
}

/// Artifact bucket of a pipeline and its encryption key.
pub(super) struct Store {
    pub(super) key: Handle<kms::Key>,
    pub(super) bucket: Handle<s3::Bucket>,
}

/// Adds the artifact store of a pipeline.
pub(super) fn store(template: &mut TemplateBuilder, names: &Names) -> Store {
    let key = template.add(
        "Key",
        &kms::Key {
            description: "Encrypts artifacts and build logs".to_owned(),
            enable_key_rotation: true,
            pending_window_in_days: 30,
            key_policy: PolicyDocument::new([
                account_administers_key(),
                only_services_get_grants(),
                logs_use_key(names),
            ]),
        },
    );
    let bucket = template.add_with(
        "Artifacts",
        &bucket(s3::Encryption::Key { key: key.arn() }, ARTIFACT_DAYS),
        With::default().retention(Retention::Keep).except(
            "CKV_AWS_18",
            "Only the pipeline accesses it; CloudTrail can record data events",
        ),
    );
    template.add(
        "ArtifactsPolicy",
        &s3::BucketPolicy {
            bucket: bucket.name(),
            policy_document: PolicyDocument::new([tls_only(&bucket)]),
        },
    );
    Store { key, bucket }
}

impl Store {
    /// Returns the rights of a pipeline on its artifacts. CodePipeline sets object ACLs when it stores the source, so it
    /// needs `s3:PutObjectAcl` although the bucket owner owns all objects.
    /// <https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html>
    pub(super) fn pipeline_access(&self) -> Vec<Statement> {
        vec![
            self.on_all_objects(READ.into_iter().chain(["s3:PutObject"])),
            Statement::allow(["s3:PutObjectAcl"]).on::<Arn>([text([self.bucket.arn().text(), "/*".into()])]),
        ]
    }

    /// Allows reading artifacts.
    pub(super) fn read(&self) -> Statement {
        self.on_all_objects(READ)
    }

    fn on_all_objects<'a>(&self, actions: impl IntoIterator<Item = &'a str>) -> Statement {
        Statement::allow(actions)
            .on::<Arn>([self.bucket.arn(), text([self.bucket.arn().text(), "/*".into()])])
    }

    /// Allows writing one artifact; its objects are under `PIPELINE/ARTIFACT/`.
    pub(super) fn write(&self, artifact: &str) -> Statement {
        Statement::allow(["s3:PutObject"]).on::<Arn>([text([
            self.bucket.arn().text(),
            format!("/*/{artifact}/*").into(),
        ])])
    }

    /// Allows encryption and decryption with the key.
    pub(super) fn use_key(&self) -> Statement {
        Statement::allow([
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ])
        .on([self.key.arn()])
    }
}
