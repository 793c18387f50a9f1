//! Whole differences, as a person reads them, and what must not be said.
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
fn nothing_differs_from_itself() {
    let same = one("AWS::S3::Bucket", json!({ "BucketName": "b" }));
    assert!(compare(&same, &same).is_empty());
    assert_eq!(shown(&same, &same), "");
}

#[test]
fn a_task_definition_is_replaced_and_its_service_follows() {
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
    change      Service                    ECS::Service
        TaskDefinition: follows Task
    REPLACE     Task                       ECS::TaskDefinition
        ContainerDefinitions[app].Image: app:1 → app:2 (replaces)
        Cpu: "256" → "512" (replaces)
    "#);
}

#[test]
fn what_is_create_only_replaces_and_the_rest_does_not() {
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
    // What the reference will be is CloudFormation's to know.
    assert_eq!(
        action(&old, &bucket(json!({ "Ref": "Name" }), "Enabled")),
        Action::Replace { certain: false }
    );
    // So is whether the default is what is written now.
    let unnamed = one(
        "AWS::S3::Bucket",
        json!({ "VersioningConfiguration": { "Status": "Enabled" } }),
    );
    assert_eq!(action(&unnamed, &old), Action::Replace { certain: false });
}

#[test]
fn what_only_sometimes_replaces_is_called_that() {
    let vpc = |tenancy: &str| one("AWS::EC2::VPC", json!({ "InstanceTenancy": tenancy }));
    assert_eq!(
        action(&vpc("dedicated"), &vpc("default")),
        Action::Replace { certain: false }
    );
}

#[test]
fn a_create_only_property_deep_inside_replaces_alone() {
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
fn a_type_that_nobody_knows_may_be_replaced() {
    let thing = |size: u32| one("AWS::Moon::Base", json!({ "Size": size }));
    insta::assert_snapshot!(shown(&thing(1), &thing(2)), @r"
    may replace It                         Moon::Base
        which properties replace this type is not known here
        Size: 1 → 2 (may replace)
    ");
}

#[test]
fn data_is_lost_unless_it_is_kept() {
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
          REPLACE     Pictures                   S3::Bucket
              BucketName: a → b (replaces)
          data loss: Pictures loses its objects
        --
          REPLACE     Pictures                   S3::Bucket
              the old one stays, outside of the stack
              BucketName: a → b (replaces)
        --
          DELETE      Pictures                   S3::Bucket
          data loss: Pictures loses its objects
        --
          forget      Pictures                   S3::Bucket
        "
    );
}

#[test]
fn another_name_is_another_resource() {
    let topic = |id: &str| template(json!({ id: { "Type": "AWS::SNS::Topic", "Properties": {} } }));
    insta::assert_snapshot!(shown(&topic("News"), &topic("Alarms")), @r"
    add         Alarms                     SNS::Topic
    DELETE      News                       SNS::Topic
    ");
}

#[test]
fn another_type_under_the_same_name_is_refused_by_cloudformation() {
    insta::assert_snapshot!(
        shown(&one("AWS::SNS::Topic", json!({})), &one("AWS::SQS::Queue", json!({}))),
        @r"
        REPLACE     It                         SQS::Queue
            was AWS::SNS::Topic: CloudFormation refuses another type under the same
            logical id
            Type: AWS::SNS::Topic → AWS::SQS::Queue (replaces)
        "
    );
}

#[test]
fn the_rest_of_a_template_is_compared_too() {
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
    may replace It                         S3::Bucket
        Metadata.why: "1" → "2"
        BucketName: follows Size (may replace)
    Conditions.Big: !Equals [!Ref Size, "1"] → !Equals [!Ref Size, "2"]
    Outputs.Url.Value: !Sub http://${It} → !Sub https://${It}
    Parameters.Size.Default: "1" → "2"
    data loss: It loses its objects, should it be replaced
    "#);
}

#[test]
fn long_texts_are_compared_line_by_line() {
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
    change      It                         CodeBuild::Project
        Source.BuildSpec:
          -     - make
          +     - make all
          +     - make check
    ");
}

#[test]
fn lists_are_matched_by_name_by_value_and_by_position() {
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
    change      It                         IAM::Policy
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
fn a_replaced_network_drags_along_what_is_in_it() {
    let stack = |range: &str| {
        template(json!({
            "Vpc": { "Type": "AWS::EC2::VPC", "Properties": { "CidrBlock": range } },
            "Subnet": { "Type": "AWS::EC2::Subnet", "Properties": { "VpcId": { "Ref": "Vpc" }, "CidrBlock": "10.0.0.0/24" } },
            "Told": { "Type": "AWS::SSM::Parameter", "Properties": { "Name": "n", "Value": { "Fn::Sub": "${Subnet}" } } },
            "Alone": { "Type": "AWS::SNS::Topic", "Properties": {} },
        }))
    };
    insta::assert_snapshot!(shown(&stack("10.0.0.0/20"), &stack("10.1.0.0/20")), @r"
    change      Told                       SSM::Parameter
        Value: follows Subnet
    may replace Subnet                     EC2::Subnet
        VpcId: follows Vpc (may replace)
    REPLACE     Vpc                        EC2::VPC
        CidrBlock: 10.0.0.0/20 → 10.1.0.0/20 (replaces)
    ");
}

#[test]
fn every_type_of_ours_is_among_the_facts_and_no_template_of_ours_differs_from_itself() {
    let everything = include_str!("../../tests/settings/everything.toml");
    for text in [crate::settings::EXAMPLE, everything] {
        let settings = crate::settings::Settings::parse(text).unwrap();
        for stack in crate::stacks::graph(&settings).unwrap().stacks() {
            let same = compare(stack.template.json(), stack.template.json());
            assert!(same.is_empty() && same.broadening.is_empty(), "{same:?}");
            for (id, kind, _) in stack.template.resources() {
                assert!(
                    replacement::is_known(kind),
                    "{id}: add the service of {kind} to infra/tests/replacements and run it"
                );
            }
        }
    }
    assert!(FACTS_DATE.starts_with("20"), "{}", *FACTS_DATE);
}
