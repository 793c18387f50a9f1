//! The policies for the person deploying, in `docs/permissions/`: the tool's own calls, each of them and no others.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

/// What IAM calls the services that a crate of the SDK stands for, where it is not the crate's own name.
const OTHER_NAMES: [(&str, &str); 2] = [
    ("cloudwatchlogs", "logs"),
    ("elasticloadbalancingv2", "elasticloadbalancing"),
];

fn read(path: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The code below a folder, without comments and white space.
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

/// `describe_stacks` is `DescribeStacks`.
fn pascal(name: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').map(capital).collect()
}

/// The actions that `src/aws` needs, as IAM names them.
fn called() -> BTreeSet<String> {
    let code = code_below(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/aws")));
    let clients = read("src/aws.rs");
    // `stacks: aws_sdk_cloudformation::Client,` says which calls go where.
    let fields = clients.lines().filter_map(|line| {
        let (field, kind) = line.trim().split_once(": aws_sdk_")?;
        Some((format!("self.{field}."), kind.strip_suffix("::Client,")?))
    });
    let once = ("aws_sdk_sts::Client::new(&config).".to_owned(), "sts");
    let mut actions = BTreeSet::new();
    for (before, service) in fields.chain([once]) {
        let prefix = OTHER_NAMES
            .iter()
            .find(|(name, _)| *name == service)
            .map_or(service, |(_, other)| other);
        let mut operations = code.split(before.as_str()).skip(1).peekable();
        assert!(operations.peek().is_some(), "nothing calls {service}");
        for rest in operations {
            let operation = rest.split('(').next().unwrap();
            actions.insert(format!("{prefix}:{}", pascal(operation)));
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

#[test]
fn the_policy_holds_the_calls_of_the_tool_and_no_others() {
    let (called, allowed) = (called(), allowed("docs/permissions/tool.json"));
    let missing: Vec<_> = called.difference(&allowed).collect();
    let idle: Vec<_> = allowed.difference(&called).collect();
    assert!(
        missing.is_empty() && idle.is_empty(),
        "docs/permissions/tool.json lacks {missing:?}; nothing calls {idle:?}"
    );
}

#[test]
fn what_the_resources_take_is_allowed_to_cloudformation_only() {
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
        // The most that a managed policy may have; white space does not count.
        assert!(policy.to_string().len() <= 6144, "{path}");
    }
}
