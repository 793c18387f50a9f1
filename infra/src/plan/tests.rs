//! Tests of whole differences as text.
#![expect(
    clippy::needless_pass_by_value,
    reason = "`json!(…)` in place reads better than a reference to it"
)]

use serde_json::{Value as Json, json};

use super::*;
use crate::console::Paint;

fn shown(old: &Json, new: &Json) -> String {
    lines(&compare(old, new), Paint::new(false)).join("\n")
}

fn template(resources: Json) -> Json {
    json!({ "Resources": resources })
}

fn one(kind: &str, properties: Json) -> Json {
    template(json!({ "It": { "Type": kind, "Properties": properties } }))
}

fn action(old: &Json, new: &Json) -> Action {
    compare(old, new).resources[0].action
}

#[test]
fn equal_templates_have_no_difference() {
    let same = one("AWS::S3::Bucket", json!({ "BucketName": "b" }));
    assert!(compare(&same, &same).is_empty());
    assert_eq!(shown(&same, &same), "");
}

#[test]
fn replaced_task_definition_updates_its_service() {
    let stack = |cpu: &str, image: &str| {
        template(json!({
            "Task": { "Type": "AWS::ECS::TaskDefinition", "Properties": {
                "Cpu": cpu,
                "ContainerDefinitions": [
                    { "Name": "proxy", "Image": "proxy:1", "Environment": [{ "Name": "A", "Value": "1" }] },
                    { "Name": "app", "Image": image, "Environment": [{ "Name": "B", "Value": "2" }] },
                ],
            } },
            "Service": { "Type": "AWS::ECS::Service", "Properties": {
                "ServiceName": "s", "TaskDefinition": { "Ref": "Task" },
            } },
        }))
    };
    insta::assert_snapshot!(shown(&stack("256", "app:1"), &stack("512", "app:2")), @r#"
    change      Service                AWS::ECS::Service
        TaskDefinition: follows Task
    REPLACE     Task                   AWS::ECS::TaskDefinition
        ContainerDefinitions[app].Image: app:1 → app:2 (replaces)
        Cpu: "256" → "512" (replaces)
    "#);
}

#[test]
fn only_create_only_properties_replace() {
    let bucket = |name: Json, status: &str| {
        one(
            "AWS::S3::Bucket",
            json!({ "BucketName": name, "VersioningConfiguration": { "Status": status } }),
        )
    };
    let old = bucket(json!("a"), "Enabled");
    assert_eq!(action(&old, &bucket(json!("a"), "Suspended")), Action::Change);
    assert_eq!(
        action(&old, &bucket(json!("b"), "Enabled")),
        Action::Replace { certain: true }
    );
    // The value of a reference is unknown.
    assert_eq!(
        action(&old, &bucket(json!({ "Ref": "Name" }), "Enabled")),
        Action::Replace { certain: false }
    );
    // The default may equal the new value.
    let unnamed = one(
        "AWS::S3::Bucket",
        json!({ "VersioningConfiguration": { "Status": "Enabled" } }),
    );
    assert_eq!(action(&unnamed, &old), Action::Replace { certain: false });
}

#[test]
fn conditional_replacement_is_reported_as_may() {
    let vpc = |tenancy: &str| one("AWS::EC2::VPC", json!({ "InstanceTenancy": tenancy }));
    assert_eq!(
        action(&vpc("dedicated"), &vpc("default")),
        Action::Replace { certain: false }
    );
}

#[test]
fn nested_create_only_property_replaces() {
    let repository = |kind: &str, count: u32| {
        one(
            "AWS::ECR::Repository",
            json!({
                "EncryptionConfiguration": { "EncryptionType": kind }, "ImageScanningConfiguration": { "N": count },
            }),
        )
    };
    assert_eq!(
        action(&repository("KMS", 1), &repository("AES256", 1)),
        Action::Replace { certain: true }
    );
    assert_eq!(
        action(&repository("KMS", 1), &repository("KMS", 2)),
        Action::Change
    );
}

#[test]
fn unknown_type_may_be_replaced() {
    let thing = |size: u32| one("AWS::Moon::Base", json!({ "Size": size }));
    insta::assert_snapshot!(shown(&thing(1), &thing(2)), @r"
    may replace It                     AWS::Moon::Base
        unknown type: any change may replace it
        Size: 1 → 2 (may replace)
    ");
}

#[test]
fn data_loss_is_reported_unless_retained() {
    let bucket = |name: &str, policies: Json| {
        let mut resource = json!({ "Type": "AWS::S3::Bucket", "Properties": { "BucketName": name } });
        for (key, value) in policies.as_object().unwrap() {
            resource[key] = value.clone();
        }
        template(json!({ "Pictures": resource }))
    };
    let kept = json!({ "DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain" });
    let nothing = template(json!({}));
    insta::assert_snapshot!(
        [
            shown(&bucket("a", json!({})), &bucket("b", json!({}))),
            shown(&bucket("a", kept.clone()), &bucket("b", kept.clone())),
            shown(&bucket("a", json!({})), &nothing),
            shown(&bucket("a", kept), &nothing),
        ]
        .join("\n--\n"),
        @r"
          REPLACE     Pictures               AWS::S3::Bucket
              BucketName: a → b (replaces)
          data loss: Pictures loses its objects
        --
          REPLACE     Pictures               AWS::S3::Bucket
              the old resource is retained, no longer managed by the stack
              BucketName: a → b (replaces)
        --
          DELETE      Pictures               AWS::S3::Bucket
          data loss: Pictures loses its objects
        --
          retain      Pictures               AWS::S3::Bucket
        "
    );
}

#[test]
fn different_logical_id_is_a_different_resource() {
    let topic = |id: &str| template(json!({ id: { "Type": "AWS::SNS::Topic", "Properties": {} } }));
    insta::assert_snapshot!(shown(&topic("News"), &topic("Alarms")), @r"
    add         Alarms                 AWS::SNS::Topic
    DELETE      News                   AWS::SNS::Topic
    ");
}

#[test]
fn changed_type_is_rejected_by_cloudformation() {
    insta::assert_snapshot!(
        shown(&one("AWS::SNS::Topic", json!({})), &one("AWS::SQS::Queue", json!({}))),
        @r"
        REPLACE     It                     AWS::SQS::Queue
            the type was AWS::SNS::Topic: CloudFormation rejects a different type
            under the same logical ID
            Type: AWS::SNS::Topic → AWS::SQS::Queue (replaces)
        "
    );
}

#[test]
fn other_sections_are_compared() {
    let stack = |default: &str, output: &str| {
        json!({
            "Description": "d",
            "Parameters": { "Size": { "Type": "String", "Default": default } },
            "Conditions": { "Big": { "Fn::Equals": [{ "Ref": "Size" }, default] } },
            "Outputs": { "Url": { "Value": { "Fn::Sub": output } } },
            "Resources": { "It": {
                "Type": "AWS::S3::Bucket",
                "Metadata": { "why": default },
                "DependsOn": "Other",
                "Properties": { "BucketName": { "Fn::Sub": "b-${Size}" } },
            } },
        })
    };
    insta::assert_snapshot!(shown(&stack("1", "http://${It}"), &stack("2", "https://${It}")), @r#"
    may replace It                     AWS::S3::Bucket
        Metadata.why: "1" → "2"
        BucketName: follows Size (may replace)
    Conditions.Big: !Equals [!Ref Size, "1"] → !Equals [!Ref Size, "2"]
    Outputs.Url.Value: !Sub http://${It} → !Sub https://${It}
    Parameters.Size.Default: "1" → "2"
    data loss: It loses its objects if it is replaced
    "#);
}

#[test]
fn long_strings_are_compared_by_line() {
    let project = |commands: &str| {
        one(
            "AWS::CodeBuild::Project",
            json!({ "Source": { "BuildSpec": commands } }),
        )
    };
    let (old, new) = (
        "version: 0.2\nphases:\n  build:\n    - make\n",
        "version: 0.2\nphases:\n  build:\n    - make all\n    - make check\n",
    );
    insta::assert_snapshot!(shown(&project(old), &project(new)), @r"
    change      It                     AWS::CodeBuild::Project
        Source.BuildSpec:
          -     - make
          +     - make all
          +     - make check
    ");
}

#[test]
fn list_items_are_matched_by_name_value_or_position() {
    let old = json!({
        "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "b", "Value": "2" }],
        "Subnets": [{ "Ref": "One" }, { "Ref": "Two" }],
        "Rules": [{ "Days": 1 }, { "Days": 2 }],
        "Order": ["x", "y"],
    });
    let new = json!({
        "Tags": [{ "Key": "b", "Value": "3" }, { "Key": "c", "Value": "4" }],
        "Subnets": [{ "Ref": "Two" }, { "Ref": "Three" }],
        "Rules": [{ "Days": 1 }, { "Days": 3 }],
        "Order": ["y", "x"],
    });
    insta::assert_snapshot!(shown(&one("AWS::IAM::Policy", old), &one("AWS::IAM::Policy", new)), @r#"
    change      It                     AWS::IAM::Policy
        Order (order): [x, y] → [y, x]
        Rules[1].Days: 2 → 3
        - Subnets[]: !Ref One
        + Subnets[]: !Ref Three
        - Tags[a]: {Key: a, Value: "1"}
        Tags[b].Value: "2" → "3"
        + Tags[c]: {Key: c, Value: "4"}
    "#);
}

#[test]
fn replaced_vpc_replaces_its_resources() {
    let stack = |range: &str| {
        template(json!({
            "Vpc": { "Type": "AWS::EC2::VPC", "Properties": { "CidrBlock": range } },
            "Subnet": { "Type": "AWS::EC2::Subnet", "Properties": { "VpcId": { "Ref": "Vpc" }, "CidrBlock": "10.0.0.0/24" } },
            "Told": { "Type": "AWS::SSM::Parameter", "Properties": { "Name": "n", "Value": { "Fn::Sub": "${Subnet}" } } },
            "Alone": { "Type": "AWS::SNS::Topic", "Properties": {} },
        }))
    };
    insta::assert_snapshot!(shown(&stack("10.0.0.0/20"), &stack("10.1.0.0/20")), @r"
    change      Told                   AWS::SSM::Parameter
        Value: follows Subnet
    may replace Subnet                 AWS::EC2::Subnet
        VpcId: follows Vpc (may replace)
    REPLACE     Vpc                    AWS::EC2::VPC
        CidrBlock: 10.0.0.0/20 → 10.1.0.0/20 (replaces)
    ");
}

#[test]
fn all_our_types_are_known_and_our_templates_equal_themselves() {
    let everything = include_str!("../../tests/settings/everything.toml");
    for text in [crate::settings::EXAMPLE, everything] {
        let settings = crate::settings::Settings::parse(text).unwrap();
        for stack in crate::stacks::graph(&settings).unwrap().stacks() {
            let same = compare(stack.template.json(), stack.template.json());
            assert!(same.is_empty() && same.widening.is_empty(), "{same:?}");
            for (id, kind, _) in stack.template.resources() {
                assert!(
                    replacement::is_known(kind),
                    "{id}: add the service of {kind} to infra/tests/replacements and run it"
                );
            }
        }
    }
    assert!(SCHEMA_DATE.starts_with("20"), "{}", *SCHEMA_DATE);
}
