//! Tests of template validation and serialization.

use super::*;
use crate::cfn::{ec2, literal, text};

fn builder() -> TemplateBuilder {
    let tags = BTreeMap::from([("environment".to_owned(), "dev".to_owned())]);
    TemplateBuilder::new("a test", tags)
}

fn vpc() -> ec2::Vpc {
    ec2::Vpc {
        cidr_block: literal("10.0.0.0/16"),
        enable_dns_hostnames: true,
        enable_dns_support: true,
    }
}

#[test]
fn output_is_stable_and_tagged() {
    let mut builder = builder();
    let vpc = builder.add("Vpc", &vpc());
    builder.output("VpcId", "the network", &vpc.id());
    insta::assert_snapshot!(builder.finish().unwrap().text(), @r#"
    {
      "AWSTemplateFormatVersion": "2010-09-09",
      "Description": "a test",
      "Outputs": {
        "VpcId": {
          "Description": "the network",
          "Value": {
            "Ref": "Vpc"
          }
        }
      },
      "Resources": {
        "Vpc": {
          "Properties": {
            "CidrBlock": "10.0.0.0/16",
            "EnableDnsHostnames": true,
            "EnableDnsSupport": true,
            "Tags": [
              {
                "Key": "Name",
                "Value": {
                  "Fn::Sub": "${AWS::StackName}/Vpc"
                }
              },
              {
                "Key": "environment",
                "Value": "dev"
              }
            ]
          },
          "Type": "AWS::EC2::VPC"
        }
      }
    }
    "#);
}

#[test]
fn handle_of_another_template_is_rejected() {
    let foreign = builder().add("Vpc", &vpc());
    let mut builder = builder();
    builder.output("Direct", "", &foreign.id());
    builder.output(
        "InText",
        "",
        &text::<crate::cfn::Text>(["vpc/".into(), foreign.id().text()]),
    );
    let expected: Vec<_> = ["Direct", "InText"]
        .map(|at| Defect::Dangling {
            at: at.to_owned(),
            to: "Vpc".to_owned(),
        })
        .into();
    assert_eq!(builder.finish().unwrap_err(), expected);
}

#[test]
fn dependency_on_missing_resource_is_rejected() {
    let foreign = self::builder().add("Elsewhere", &vpc());
    let mut builder = builder();
    builder.add_with("Vpc", &vpc(), With::default().after(&foreign));
    assert!(matches!(
        builder.finish().unwrap_err().as_slice(),
        [Defect::Dangling { .. }]
    ));
}

#[test]
fn invalid_and_duplicate_names_are_rejected() {
    let mut builder = builder();
    builder.add("Vpc", &vpc());
    builder.add("Vpc", &vpc());
    builder.add("My-Vpc", &vpc());
    assert_eq!(
        builder.finish().unwrap_err(),
        [
            Defect::Twice("Vpc".to_owned()),
            Defect::BadName("My-Vpc".to_owned())
        ]
    );
}

#[test]
fn oversized_template_is_rejected() {
    let mut builder = builder();
    for n in 0..400 {
        builder.add(format!("Vpc{n}"), &vpc());
    }
    assert!(matches!(
        builder.finish().unwrap_err().as_slice(),
        [Defect::TooLong(bytes)] if *bytes > INLINE_LIMIT
    ));
}
