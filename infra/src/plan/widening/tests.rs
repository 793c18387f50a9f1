//! Tests of wider access.
#![expect(
    clippy::needless_pass_by_value,
    reason = "`json!(…)` in place reads better than a reference to it"
)]

use serde_json::{Value as Json, json};

use super::*;

fn template(resources: Json) -> Json {
    json!({ "Resources": resources })
}

fn one(kind: &str, properties: Json) -> Json {
    template(json!({ "It": { "Type": kind, "Properties": properties } }))
}

fn opened(old: &Json, new: &Json) -> Vec<String> {
    let row = |row: &Widening| {
        let wild = if row.wildcard { "! " } else { "" };
        format!("{wild}{}: {} {}", row.area.word(), row.resource, row.change)
    };
    widening(old, new).iter().map(row).collect()
}

fn role(statement: Json) -> Json {
    one(
        "AWS::IAM::Role",
        json!({ "Policies": [{ "PolicyName": "p", "PolicyDocument": { "Statement": [statement] } }] }),
    )
}

fn allow(action: Json, resource: Json, condition: Json) -> Json {
    role(json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition }))
}

#[test]
fn new_actions_and_resources_are_reported_once() {
    let old = allow(json!("s3:GetObject"), json!("arn:a"), json!({}));
    let new = allow(
        json!(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
        json!(["arn:a", "arn:b"]),
        json!({}),
    );
    assert_eq!(
        opened(&old, &new),
        [
            "rights: It may s3:DeleteObject, s3:PutObject on arn:a, arn:b",
            "rights: It may s3:GetObject on arn:b",
        ]
    );
    assert!(opened(&new, &old).is_empty(), "narrowed access is not reported");
}

#[test]
fn access_covered_by_a_wildcard_is_not_new() {
    let wide = allow(json!("s3:*"), json!("arn:a/*"), json!({}));
    let narrow = allow(json!("s3:getObject"), json!("arn:a/b"), json!({}));
    assert!(opened(&wide, &narrow).is_empty());
    assert_eq!(opened(&narrow, &wide), ["! rights: It may s3:* on arn:a/*"]);
}

#[test]
fn removed_condition_widens_access() {
    let only = |values: Json| {
        allow(
            json!("kms:Decrypt"),
            json!("k"),
            json!({ "StringEquals": { "aws:SourceAccount": values } }),
        )
    };
    let free = allow(json!("kms:Decrypt"), json!("k"), json!({}));
    assert!(opened(&free, &only(json!("1"))).is_empty());
    assert!(opened(&only(json!(["1", "2"])), &only(json!("1"))).is_empty());
    assert_eq!(
        opened(&only(json!("1")), &free),
        ["rights: It may kms:Decrypt on k"]
    );
    assert_eq!(
        opened(&only(json!("1")), &only(json!(["1", "2"]))),
        ["rights: It may kms:Decrypt on k if aws:SourceAccount StringEquals 1 or 2"]
    );
    let except = |values: Json| {
        allow(
            json!("a:b"),
            json!("k"),
            json!({ "StringNotEquals": { "x": values } }),
        )
    };
    assert!(opened(&except(json!("1")), &except(json!(["1", "2"]))).is_empty());
    assert_eq!(opened(&except(json!(["1", "2"])), &except(json!("1"))).len(), 1);
}

#[test]
fn permission_moved_between_policies_is_not_new() {
    let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:a" });
    let inline = role(statement.clone());
    let apart = template(json!({
        "It": { "Type": "AWS::IAM::Role", "Properties": {} },
        "Policy": { "Type": "AWS::IAM::Policy", "Properties": {
            "Roles": [{ "Ref": "It" }], "PolicyDocument": { "Statement": [statement] },
        } },
    }));
    assert!(opened(&inline, &apart).is_empty());
    let mut other = apart.clone();
    other["Resources"]["Policy"]["Properties"]["Roles"] = json!([{ "Ref": "Somebody" }]);
    assert_eq!(
        opened(&apart, &other),
        ["rights: Somebody may s3:GetObject on arn:a"]
    );
}

#[test]
fn trust_denials_and_managed_policies_are_compared() {
    let trust = |principal: Json| {
        one(
            "AWS::IAM::Role",
            json!({ "AssumeRolePolicyDocument": { "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal,
        } } }),
        )
    };
    let ecs = trust(json!({ "Service": "ecs-tasks.amazonaws.com" }));
    assert_eq!(
        opened(
            &ecs,
            &trust(json!({ "Service": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"] }))
        ),
        ["rights: It can be assumed by lambda.amazonaws.com"]
    );
    assert_eq!(
        opened(&ecs, &trust(json!("*"))),
        ["! rights: It can be assumed by anybody"]
    );

    let denied = role(json!({ "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*" }));
    let free = one("AWS::IAM::Role", json!({}));
    assert_eq!(
        opened(&denied, &free),
        ["! rights: It no longer denied: may s3:DeleteObject on *"]
    );
    assert!(opened(&free, &denied).is_empty());

    let administrator = one(
        "AWS::IAM::Role",
        json!({ "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"] }),
    );
    assert_eq!(
        opened(&free, &administrator),
        ["! rights: It gets the permissions of arn:aws:iam::aws:policy/AdministratorAccess"]
    );
    let bounded = one("AWS::IAM::Role", json!({ "PermissionsBoundary": "arn:b" }));
    assert_eq!(
        opened(&bounded, &free),
        ["rights: It loses the permissions boundary arn:b"]
    );
}

#[test]
fn not_action_is_unlimited() {
    let but = role(json!({ "Effect": "Allow", "NotAction": "iam:*", "Resource": "*" }));
    assert_eq!(
        opened(&one("AWS::IAM::Role", json!({})), &but),
        ["! rights: It may all except iam:* on *"]
    );
}

#[test]
fn bucket_policy_belongs_to_its_bucket() {
    let policy = |id: &str, principal: Json| {
        template(json!({ id: { "Type": "AWS::S3::BucketPolicy", "Properties": {
            "Bucket": { "Ref": "Pictures" },
            "PolicyDocument": { "Statement": [{
                "Effect": "Allow", "Action": "s3:GetObject", "Principal": principal,
                "Resource": { "Fn::Sub": "${Pictures.Arn}/*" },
            }] },
        } } }))
    };
    let service = json!({ "Service": "logs.amazonaws.com" });
    assert!(opened(&policy("A", service.clone()), &policy("B", service.clone())).is_empty());
    assert_eq!(
        opened(&policy("A", service), &policy("A", json!({ "AWS": "*" }))),
        ["! rights: Pictures anybody may s3:GetObject on ${Pictures.Arn}/*"]
    );
}

#[test]
fn wildcard_in_key_policy_is_the_key() {
    let key = one(
        "AWS::KMS::Key",
        json!({ "KeyPolicy": { "Statement": [{
            "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Principal": { "Service": "logs.amazonaws.com" },
        }] } }),
    );
    assert_eq!(
        opened(&json!({}), &key),
        ["rights: It logs.amazonaws.com may kms:Decrypt"]
    );
}

fn ingress(rule: Json) -> Json {
    one(
        "AWS::EC2::SecurityGroup",
        json!({ "SecurityGroupIngress": [rule], "SecurityGroupEgress": [] }),
    )
}

#[test]
fn new_ports_and_addresses_are_reported() {
    let tcp = |from: u16, to: u16, range: &str| {
        ingress(json!({ "IpProtocol": "tcp", "FromPort": from, "ToPort": to, "CidrIp": range }))
    };
    let old = tcp(8080, 8080, "10.0.0.0/16");
    assert!(opened(&old, &tcp(8080, 8080, "10.0.7.0/24")).is_empty());
    assert_eq!(
        opened(&old, &tcp(8080, 8090, "10.0.0.0/16")),
        ["network: It allows inbound tcp 8080-8090 from 10.0.0.0/16"]
    );
    assert_eq!(
        opened(&old, &tcp(8080, 8080, "10.0.0.0/8")),
        ["network: It allows inbound tcp 8080 from 10.0.0.0/8"]
    );
    assert_eq!(
        opened(&old, &tcp(8080, 8080, "0.0.0.0/0")),
        ["! network: It allows inbound tcp 8080 from anywhere"]
    );
    let all = ingress(json!({ "IpProtocol": "-1", "CidrIpv6": "::/0" }));
    assert_eq!(
        opened(&old, &all),
        ["! network: It allows inbound all traffic from anywhere"]
    );
    assert!(
        opened(
            &all,
            &ingress(json!({ "IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "CidrIpv6": "fd00::/8" }))
        )
        .is_empty()
    );
}

#[test]
fn separate_rule_belongs_to_its_group() {
    let rule = json!({ "IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "SourceSecurityGroupId": { "Fn::GetAtt": ["Peer", "GroupId"] } });
    let mut apart = rule.clone();
    apart["GroupId"] = json!({ "Fn::GetAtt": ["It", "GroupId"] });
    let mut separate = one("AWS::EC2::SecurityGroup", json!({ "SecurityGroupEgress": [] }));
    separate["Resources"]["Rule"] = json!({ "Type": "AWS::EC2::SecurityGroupIngress", "Properties": apart });
    assert!(opened(&ingress(rule), &separate).is_empty());
    let closed = one("AWS::EC2::SecurityGroup", json!({ "SecurityGroupEgress": [] }));
    assert_eq!(
        opened(&closed, &separate),
        ["network: It allows inbound tcp 1 from Peer"]
    );
}

#[test]
fn group_without_egress_rules_allows_all_outbound() {
    let closed = one("AWS::EC2::SecurityGroup", json!({ "SecurityGroupEgress": [] }));
    let silent = one("AWS::EC2::SecurityGroup", json!({}));
    assert_eq!(
        opened(&closed, &silent),
        ["! network: It allows outbound all traffic to anywhere"]
    );
}

#[test]
fn egress_to_loopback_is_ignored() {
    let shut = one(
        "AWS::EC2::SecurityGroup",
        json!({ "SecurityGroupEgress": [{ "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86, "CidrIp": "127.0.0.1/32" }] }),
    );
    assert!(opened(&json!({}), &shut).is_empty());
}

#[test]
fn public_exposure_is_reported() {
    for (kind, closed, open, expected) in [
        (
            "AWS::ElasticLoadBalancingV2::LoadBalancer",
            json!({ "Scheme": "internal" }),
            json!({}),
            "! exposure: It is reachable from the internet",
        ),
        (
            "AWS::S3::Bucket",
            json!({ "PublicAccessBlockConfiguration": { "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true } }),
            json!({ "PublicAccessBlockConfiguration": { "BlockPublicAcls": true, "BlockPublicPolicy": false, "IgnorePublicAcls": true, "RestrictPublicBuckets": true } }),
            "! exposure: It has BlockPublicPolicy set to false",
        ),
        (
            "AWS::EC2::Subnet",
            json!({ "MapPublicIpOnLaunch": false }),
            json!({ "MapPublicIpOnLaunch": true }),
            "exposure: It assigns public IP addresses",
        ),
        (
            "AWS::ECS::Service",
            json!({ "EnableExecuteCommand": false }),
            json!({ "EnableExecuteCommand": true }),
            "exposure: It allows ECS Exec in its containers",
        ),
        (
            "AWS::ECS::Service",
            json!({ "NetworkConfiguration": { "AwsvpcConfiguration": { "AssignPublicIp": "DISABLED" } } }),
            json!({ "NetworkConfiguration": { "AwsvpcConfiguration": { "AssignPublicIp": "ENABLED" } } }),
            "! exposure: It assigns public IP addresses to tasks",
        ),
        (
            "AWS::EC2::Route",
            json!({ "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "n", "RouteTableId": { "Ref": "Private" } }),
            json!({ "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "i", "RouteTableId": { "Ref": "Private" } }),
            "exposure: It routes Private to the internet gateway",
        ),
        (
            "AWS::ElasticLoadBalancingV2::Listener",
            json!({ "Port": 443, "Protocol": "HTTPS" }),
            json!({ "Port": 80, "Protocol": "HTTP" }),
            "exposure: It listens on port 80 (HTTP)",
        ),
        (
            "AWS::ECS::TaskDefinition",
            json!({ "ContainerDefinitions": [{ "Name": "app" }] }),
            json!({ "ContainerDefinitions": [{ "Name": "app", "Privileged": true }] }),
            "exposure: It runs app in privileged mode",
        ),
    ] {
        let (closed, open) = (one(kind, closed), one(kind, open));
        assert_eq!(opened(&closed, &open), [expected], "{kind}");
        let back = opened(&open, &closed);
        assert!(back.is_empty() || kind.ends_with("Listener"), "{back:?}");
    }
}
