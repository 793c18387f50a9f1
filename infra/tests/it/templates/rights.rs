//! IAM: statements, roles, `PassRole`.

use std::collections::BTreeSet;

use infra::settings::EXAMPLE;
use infra::stacks::StackKind;
use serde_json::Value as Json;

use super::{each, graph, texts, walk};

/// Returns every statement of every policy in `properties`.
pub(super) fn statements(properties: &Json) -> Vec<Json> {
    let mut found = Vec::new();
    walk(properties, &mut |json| {
        if let Some(list) = json.get("Statement").and_then(Json::as_array) {
            found.extend(list.iter().cloned());
        }
    });
    found
}

#[test]
fn no_statement_has_wildcards_in_actions_and_resources() {
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
            // In a key policy, `*` is the key.
            assert!(
                !(anywhere && wildcard) || kind == "AWS::KMS::Key",
                "{} {id}: {actions:?} on everything",
                stack.name
            );
            // Only denials apply to all principals.
            assert!(
                statement["Principal"] != "*" || statement["Effect"] == "Deny",
                "{} {id}: allows all principals",
                stack.name
            );
        }
    });
    assert!(seen > 50, "only {seen} statements");
}

#[test]
fn roles_trust_one_service_of_this_account() {
    each(|stack, id, kind, properties| {
        if kind != "AWS::IAM::Role" {
            return;
        }
        let trust = &properties["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trust.as_array().unwrap().len(), 1, "{} {id}", stack.name);
        let trust = &trust[0];
        assert!(trust["Principal"]["Service"].is_string(), "{} {id}", stack.name);
        let condition = &trust["Condition"];
        // ECS does not document a source account for this role; AWS's example has no condition.
        if trust["Principal"]["Service"] == "ecs.amazonaws.com" {
            assert!(id == "TrafficRole" && condition.is_null(), "{} {id}", stack.name);
            return;
        }
        // CloudFormation does not document the source account, see `deploy_role.rs`.
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
fn pass_role_is_limited_to_a_service() {
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
fn app_stacks_have_no_roles() {
    each(|stack, id, kind, _| {
        assert!(
            !matches!(stack.kind, StackKind::App | StackKind::BeforeRelease)
                || !kind.starts_with("AWS::IAM::"),
            "{} {id}",
            stack.name
        );
    });
}

#[test]
fn buckets_require_tls() {
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

/// Returns all strings and references in a value in one line.
pub(super) fn spelled(json: &Json) -> String {
    json.to_string()
}

#[test]
fn builds_write_only_their_own_artifact() {
    let mut writers = BTreeSet::new();
    each(|stack, id, kind, properties| {
        if kind != "AWS::IAM::Policy" || id == "PipelinePolicy" {
            return;
        }
        for statement in statements(properties) {
            if !texts(&statement["Action"]).contains(&"s3:PutObject".to_owned()) {
                continue;
            }
            let place = spelled(&statement["Resource"]);
            let artifact = place
                .split_once("/*/")
                .unwrap_or_else(|| panic!("{} {id}: {place}", stack.name))
                .1;
            let artifact = artifact.split('/').next().unwrap();
            // CodePipeline uses the first ten letters of an artifact's name.
            assert!(!artifact.contains('*') && artifact.len() <= 10, "{place}");
            writers.insert((stack.kind, id.to_owned(), artifact.to_owned()));
        }
    });
    let expected = [
        (StackKind::DevPipeline, "ImagesPolicy", "Images"),
        (StackKind::DevPipeline, "SynthPolicy", "Templates"),
        (StackKind::ReleasePipeline, "SettlePolicy", "Release"),
        (StackKind::ReleasePipeline, "SynthPolicy", "Templates"),
    ];
    let expected = expected.map(|(kind, id, artifact)| (kind, id.to_owned(), artifact.to_owned()));
    assert_eq!(writers, BTreeSet::from(expected));
}

#[test]
fn webhook_secret_differs_from_the_token() {
    let secret = "penguin-school/the-token-of-github";
    let text = EXAMPLE.replace(
        "# connection-arn",
        &format!("token-secret = {secret:?}\n# connection-arn"),
    );
    assert!(text.contains(secret), "`token-secret` not found in the example");
    let graph = graph(&text);
    let mut seen = 0;
    for stack in graph.stacks() {
        for (_, kind, properties) in stack.template.resources() {
            if kind == "AWS::CodePipeline::Webhook" {
                seen += 1;
                let signs = spelled(&properties["AuthenticationConfiguration"]);
                assert!(
                    !signs.contains(secret) && signs.contains("${WebhookSecret}"),
                    "{signs}"
                );
            }
        }
    }
    assert_eq!(seen, 1);
}

#[test]
fn access_logs_are_limited_to_the_prefix() {
    let mut seen = 0;
    each(|stack, id, kind, properties| {
        if kind != "AWS::S3::BucketPolicy" || id != "AccessLogsPolicy" {
            return;
        }
        for statement in statements(properties) {
            if statement["Effect"] == "Allow" {
                seen += 1;
                assert!(statement["Condition"].is_null(), "{} {id}", stack.name);
                let places = match &statement["Resource"] {
                    Json::Array(list) => list.clone(),
                    one => vec![one.clone()],
                };
                for place in places {
                    assert!(
                        spelled(&place).contains("/AWSLogs/${AWS::AccountId}/*"),
                        "{place}"
                    );
                }
            }
        }
    });
    assert_eq!(seen, 4);
}

/// Tests are code of whoever pushes; the smoke test reads what the internet answers.
#[test]
fn builds_of_tests_may_only_log_and_read_their_input() {
    let mut seen = 0;
    each(|stack, id, kind, properties| {
        if kind != "AWS::IAM::Policy" || !["TestsPolicy", "SmokeTestPolicy"].contains(&id) {
            return;
        }
        seen += 1;
        let group = id.replace("Policy", "Logs");
        for statement in properties["PolicyDocument"]["Statement"].as_array().unwrap() {
            for action in texts(&statement["Action"])
                .into_iter()
                .chain(statement["Action"].as_str().map(str::to_owned))
            {
                let resource = statement["Resource"].to_string();
                let fits = match action.split_once(':').unwrap() {
                    ("logs", "CreateLogStream" | "PutLogEvents") => {
                        resource.contains(&format!("\"{group}\""))
                    }
                    ("s3", action) => action.starts_with("Get") && resource.contains("Artifacts"),
                    ("kms", _) => resource.contains("\"Key\""),
                    _ => false,
                };
                assert!(fits, "{} {id}: {action} on {resource}", stack.name);
            }
        }
    });
    assert_eq!(seen, 6, "three builds, with two settings");
}
