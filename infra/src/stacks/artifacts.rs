//! Buckets as all of ours are, and what a pipeline keeps in one.

use super::keys::{account_manages_it, logs_may_use_it};
use super::names::Names;
use crate::cfn::{
    Arn, Condition, Handle, PolicyDocument, Principal, Retention, Statement, TemplateBuilder, With, account,
    kms, s3, sns, text,
};

/// Days after which artifacts go. A pipeline that stands still for longer has to be run again from its source.
const ARTIFACT_DAYS: u16 = 30;

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

/// What a pipeline keeps: artifacts, the key that they are encrypted with, and the topic that tells of failures.
pub(super) struct Store {
    pub(super) key: Handle<kms::Key>,
    pub(super) bucket: Handle<s3::Bucket>,
    pub(super) topic: Handle<sns::Topic>,
}

/// Makes the store of a pipeline.
pub(super) fn store(template: &mut TemplateBuilder, names: &Names, email: &str, title: &str) -> Store {
    let key = template.add(
        "Key",
        &kms::Key {
            description: "Encrypts artifacts, build logs and messages".to_owned(),
            enable_key_rotation: true,
            pending_window_in_days: 30,
            key_policy: key_policy(names),
        },
    );
    let bucket = template.add_with(
        "Artifacts",
        &bucket(s3::Encryption::Key { key: key.arn() }, ARTIFACT_DAYS),
        With::default().retention(Retention::Keep).except(
            "CKV_AWS_18",
            "Only the pipeline reads it, and CloudTrail can record that where it matters",
        ),
    );
    template.add(
        "ArtifactsPolicy",
        &s3::BucketPolicy {
            bucket: bucket.name(),
            policy_document: PolicyDocument::new([tls_only(&bucket)]),
        },
    );
    let topic = template.add(
        "Topic",
        &sns::Topic {
            display_name: title.into(),
            kms_master_key_id: key.arn(),
        },
    );
    template.add(
        "TopicPolicy",
        &sns::TopicPolicy {
            topics: vec![topic.arn()],
            policy_document: PolicyDocument::new([Statement::allow(["sns:Publish"])
                .named("EventsMaySend")
                .to(Principal::Service("events.amazonaws.com"))
                .on([topic.arn()])
                .when(Condition::equals("aws:SourceAccount", account()))]),
        },
    );
    template.add(
        "Subscription",
        &sns::Subscription {
            topic_arn: topic.arn(),
            protocol: sns::SubscriptionProtocol::Email,
            endpoint: email.into(),
        },
    );
    Store { key, bucket, topic }
}

fn key_policy(names: &Names) -> PolicyDocument {
    PolicyDocument::new([
        account_manages_it(),
        // To send to an encrypted topic.
        Statement::allow(["kms:Decrypt", "kms:GenerateDataKey"])
            .named("EventsMaySend")
            .to(Principal::Service("events.amazonaws.com"))
            .on_any()
            .when(Condition::equals("aws:SourceAccount", account())),
        logs_may_use_it(names),
    ])
}

impl Store {
    /// To fetch and to leave artifacts.
    pub(super) fn read_and_write(&self) -> Statement {
        Statement::allow([
            "s3:GetBucketLocation",
            "s3:GetBucketVersioning",
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:PutObject",
        ])
        .on::<Arn>([self.bucket.arn(), text([self.bucket.arn().text(), "/*".into()])])
    }

    /// To read and write what is encrypted.
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
