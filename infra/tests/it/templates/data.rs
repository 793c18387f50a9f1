//! Resources that hold data: encryption, retention, tags.

use serde_json::Value as Json;

use super::each;

/// Types that hold data, and their encryption property.
const ENCRYPTED: [(&str, &str); 5] = [
    ("AWS::Logs::LogGroup", "KmsKeyId"),
    ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ("AWS::S3::Bucket", "BucketEncryption"),
    ("AWS::ECR::Repository", "EncryptionConfiguration"),
    ("AWS::CodeBuild::Project", "EncryptionKey"),
];
/// Types without tags, according to the CloudFormation documentation.
const UNTAGGED: [&str; 15] = [
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Dashboard",
    "AWS::CodePipeline::Webhook",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::IAM::Policy",
    "AWS::KMS::Alias",
    "AWS::Logs::QueryDefinition",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
];

#[test]
fn data_is_encrypted_and_retained() {
    each(|stack, id, kind, properties| {
        if let Some((_, property)) = ENCRYPTED.iter().find(|(other, _)| *other == kind) {
            assert!(
                properties.get(*property).is_some(),
                "{} {id}: {property}",
                stack.name
            );
        }
        let resource = &stack.template.json()["Resources"][id];
        match kind {
            "AWS::ECR::Repository" => {
                assert_eq!(properties["ImageTagMutability"], "IMMUTABLE");
                assert_eq!(properties["ImageScanningConfiguration"]["ScanOnPush"], true);
                assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate");
            }
            "AWS::S3::Bucket" => {
                assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate");
                assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled");
                assert!(
                    !properties["LifecycleConfiguration"]["Rules"]
                        .as_array()
                        .unwrap()
                        .is_empty()
                );
                let block = properties["PublicAccessBlockConfiguration"].as_object().unwrap();
                assert!(block.len() == 4 && block.values().all(|on| on == true));
            }
            "AWS::Logs::LogGroup" => assert!(properties["RetentionInDays"].is_u64(), "{} {id}", stack.name),
            "AWS::KMS::Key" => assert_eq!(properties["EnableKeyRotation"], true),
            _ => {}
        }
    });
}

#[test]
fn all_taggable_resources_are_tagged() {
    each(|stack, id, kind, properties| {
        let tags = &properties["Tags"];
        let environment = match tags {
            Json::Array(list) => list
                .iter()
                .find(|tag| tag["Key"] == "environment")
                .map(|tag| tag["Value"].clone()),
            Json::Object(map) => map.get("environment").cloned(),
            _ => None,
        };
        assert_eq!(
            environment.is_some(),
            !UNTAGGED.contains(&kind),
            "{} {id} ({kind})",
            stack.name
        );
        if let Some(environment) = environment {
            assert_eq!(environment, stack.tags["environment"].as_str());
        }
    });
}
