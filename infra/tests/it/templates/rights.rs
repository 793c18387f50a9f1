//! Who may do what: statements, roles, and to whom roles are handed.

use infra::stacks::StackKind;
use serde_json::Value as Json;

use super::{each, texts, walk};

/// Every statement of every policy in `properties`.
fn statements(properties: &Json) -> Vec<Json> {
    let mut found = Vec::new();
    walk(properties, &mut |json| {
        if let Some(list) = json.get("Statement").and_then(Json::as_array) {
            found.extend(list.iter().cloned());
        }
    });
    found
}

#[test]
fn no_statement_allows_everything_on_everything() {
    let mut seen = 0;
    each(|stack, id, kind, properties| {
        for statement in statements(properties) {
            seen += 1;
            let actions = texts(&statement["Action"]);
            assert!(
                !actions.iter().any(|action| action == "*"),
                "{} {id}: every action",
                stack.name
            );
            let anywhere = texts(&statement["Resource"])
                .iter()
                .any(|resource| resource == "*");
            let wildcard = actions.iter().any(|action| action.ends_with('*'));
            // In a key's own policy `*` is that key.
            assert!(
                !(anywhere && wildcard) || kind == "AWS::KMS::Key",
                "{} {id}: {actions:?} on everything",
                stack.name
            );
            // Nobody but the account and named services, unless it is forbidden to them.
            assert!(
                statement["Principal"] != "*" || statement["Effect"] == "Deny",
                "{} {id}: allowed to everybody",
                stack.name
            );
        }
    });
    assert!(seen > 50, "only {seen} statements");
}

#[test]
fn what_is_allowed_on_everything_knows_no_resources() {
    // The service reference says so of each of them.
    let without_resources = [
        "application-autoscaling:Describe",
        "cloudwatch:DescribeAlarms",
        "ec2:Describe",
        "ecr:GetAuthorizationToken",
        "ecs:DeregisterTaskDefinition",
        "ecs:DescribeTaskDefinition",
        "elasticloadbalancing:Describe",
        "logs:DescribeLogGroups",
        "ssmmessages:",
    ];
    each(|stack, id, kind, properties| {
        if kind == "AWS::KMS::Key" {
            return;
        }
        for statement in statements(properties) {
            if texts(&statement["Resource"])
                .iter()
                .any(|resource| resource == "*")
            {
                for action in texts(&statement["Action"]) {
                    assert!(
                        without_resources.iter().any(|known| action.starts_with(known)),
                        "{} {id}: {action}",
                        stack.name
                    );
                }
            }
        }
    });
}

#[test]
fn every_role_is_taken_by_one_service_for_this_account() {
    each(|stack, id, kind, properties| {
        if kind != "AWS::IAM::Role" {
            return;
        }
        let trust = &properties["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trust.as_array().unwrap().len(), 1, "{} {id}", stack.name);
        let trust = &trust[0];
        assert!(trust["Principal"]["Service"].is_string(), "{} {id}", stack.name);
        let condition = &trust["Condition"];
        // CloudFormation is not documented to say for which account it acts, see `deploy_role.rs`.
        let operator = if trust["Principal"]["Service"] == "cloudformation.amazonaws.com" {
            "StringEqualsIfExists"
        } else {
            assert!(
                condition["ArnLike"]["aws:SourceArn"].is_object(),
                "{} {id}",
                stack.name
            );
            "StringEquals"
        };
        assert_eq!(
            condition[operator]["aws:SourceAccount"]["Ref"], "AWS::AccountId",
            "{} {id}",
            stack.name
        );
    });
}

#[test]
fn roles_are_handed_only_to_the_services_that_they_are_for() {
    let mut seen = 0;
    each(|stack, id, _, properties| {
        for statement in statements(properties) {
            if texts(&statement["Action"])
                .iter()
                .any(|action| action == "iam:PassRole")
            {
                seen += 1;
                assert!(
                    statement["Condition"]["StringEquals"]["iam:PassedToService"].is_string(),
                    "{} {id}",
                    stack.name
                );
                assert!(
                    !texts(&statement["Resource"]).contains(&"*".to_owned()),
                    "{} {id}",
                    stack.name
                );
            }
        }
    });
    assert!(seen >= 8, "only {seen}");
}

#[test]
fn app_stacks_hold_no_roles() {
    each(|stack, id, kind, _| {
        assert!(
            stack.kind != StackKind::App || !kind.starts_with("AWS::IAM::"),
            "{} {id}",
            stack.name
        );
    });
}

#[test]
fn every_bucket_refuses_what_is_not_encrypted_on_the_way() {
    let (mut buckets, mut refusing) = (0, 0);
    each(|_, _, kind, properties| {
        buckets += usize::from(kind == "AWS::S3::Bucket");
        if kind == "AWS::S3::BucketPolicy" {
            let refused = statements(properties).iter().any(|statement| {
                statement["Effect"] == "Deny"
                    && statement["Principal"] == "*"
                    && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
            });
            refusing += usize::from(refused);
        }
    });
    assert!(buckets >= 8 && buckets == refusing, "{buckets} {refusing}");
}
