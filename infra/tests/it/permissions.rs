//! IAM policies in `docs/permissions/` match the calls of the tool.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// IAM service prefixes that differ from the SDK crate names.
const OTHER_NAMES: [(&str, &str); 2] = [
    ("cloudwatchlogs", "logs"),
    ("elasticloadbalancingv2", "elasticloadbalancing"),
];

fn read(path: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Returns the code in a directory without comments and white space.
fn code_below(folder: &Path) -> String {
    let mut code = String::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code.push_str(&code_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs_err::read_to_string(path).unwrap();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            code.extend(lines.flat_map(str::split_whitespace));
        }
    }
    code
}

/// Converts `describe_stacks` to `DescribeStacks`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').map(capital).collect()
}

/// Returns the actions that `src/aws` calls, with their IAM names.
fn called() -> BTreeSet<String> {
    let code = code_below(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/aws")));
    let clients = read("src/aws.rs");
    // `stacks: Limited<aws_sdk_cloudformation::Client>,` maps a field to a service.
    let fields = clients.lines().filter_map(|line| {
        let (field, kind) = line.trim().split_once(": Limited<aws_sdk_")?;
        Some((field, kind.strip_suffix("::Client>,")?))
    });
    assert!(code.contains("sts.get_caller_identity()"));
    let mut actions = BTreeSet::from(["sts:GetCallerIdentity".to_owned()]);
    for (field, service) in fields {
        let prefix = OTHER_NAMES
            .iter()
            .find(|(name, _)| *name == service)
            .map_or(service, |(_, other)| other);
        // `call!(self.stacks => "ListStacks", list_stacks())`, or `pages!` with the items before the request.
        let before = format!("!(self.{field}=>\"");
        let mut operations = code.split(before.as_str()).skip(1).peekable();
        assert!(operations.peek().is_some(), "no calls of {service}");
        for rest in operations {
            let (operation, rest) = rest.split_once("\",").unwrap();
            let request = rest.split('(').next().unwrap();
            let method = request.rsplit(':').next().unwrap();
            // IAM writes AWS in capitals.
            assert_eq!(pascal(method).replace("GetAws", "GetAWS"), operation);
            actions.insert(format!("{prefix}:{operation}"));
        }
    }
    actions
}

fn allowed(policy: &str) -> BTreeSet<String> {
    let policy: Value = serde_json::from_str(&read(policy)).unwrap();
    let mut actions = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        match &statement["Action"] {
            Value::String(action) => {
                actions.insert(action.clone());
            }
            list => actions.extend(
                list.as_array()
                    .unwrap()
                    .iter()
                    .map(|action| action.as_str().unwrap().to_owned()),
            ),
        }
    }
    actions
}

/// Actions required by `DetectStackDrift`.
const WITH_A_CALL: [&str; 2] = [
    "cloudformation:BatchDescribeTypeConfigurations",
    "cloudformation:DetectStackResourceDrift",
];

/// What `docker push` calls, which the code does not show.
/// <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html>
const OF_DOCKER: [&str; 4] = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
];

/// What `RunTask` with tags requires besides.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/supported-iam-actions-tagging.html>
const OF_RUN_TASK: [&str; 2] = ["ecs:TagResource", "iam:PassRole"];

#[test]
fn policies_match_the_calls_of_the_tool() {
    let mut called = called();
    let besides = WITH_A_CALL.iter().chain(&OF_DOCKER).chain(&OF_RUN_TASK);
    called.extend(besides.map(|&call| call.to_owned()));
    // Starting, approving, running commands and deploying can be four people.
    let parts = ["tool", "releaser", "approver", "runner"]
        .map(|name| allowed(&format!("docs/permissions/{name}.json")));
    let of_four: BTreeSet<_> = parts.iter().flatten().cloned().collect();
    // Both tag images, so that `push.json` may repeat what `tool.json` has.
    let allowed: BTreeSet<_> = of_four
        .union(&allowed("docs/permissions/push.json"))
        .cloned()
        .collect();
    let missing: Vec<_> = called.difference(&allowed).collect();
    let idle: Vec<_> = allowed.difference(&called).collect();
    assert!(
        missing.is_empty() && idle.is_empty(),
        "docs/permissions lacks {missing:?}; unused: {idle:?}"
    );
    assert_eq!(
        parts.iter().map(BTreeSet::len).sum::<usize>(),
        of_four.len(),
        "allowed by two policies"
    );
}

#[test]
fn resource_permissions_require_cloudformation() {
    for number in 1..=2 {
        let path = format!("docs/permissions/resources-{number}.json");
        let policy: Value = serde_json::from_str(&read(&path)).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            let via = &statement["Condition"]["ForAnyValue:StringEquals"]["aws:CalledVia"];
            assert_eq!(via, "cloudformation.amazonaws.com", "{path}");
        }
        assert!(
            allowed(&path).iter().all(|action| !action.contains('*')),
            "{path}"
        );
        // Quota of a managed policy, without white space.
        assert!(policy.to_string().len() <= 6144, "{path}");
    }
}
