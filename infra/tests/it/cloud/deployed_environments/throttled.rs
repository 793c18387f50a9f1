//! Throttling: few responses are retried silently, endless ones are an error, and nothing is left half done.

use std::collections::BTreeSet;

use infra::exit::ExitStatus;
use infra::workflows::deployed::deployed;
use infra::workflows::releases::list;

use super::releases::{everywhere, go_back, harness_of, yes};
use super::{app, fixture};
use crate::cloud::fixture::Fixture;
use crate::cloud::harness::{Harness, Person};

/// Throttles this many calls of an operation.
fn throttling(operation: &'static str, times: usize) -> Fixture {
    let mut fixture = fixture();
    fixture.throttled = [(operation, times)].into();
    fixture
}

/// Checks that `work` calls all these operations.
fn called(operations: &[&'static str], work: impl Fn(&Harness) -> String) -> String {
    let harness = harness_of(fixture());
    let printed = work(&harness);
    let calls: BTreeSet<_> = harness
        .server
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    let expected: BTreeSet<_> = operations.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(calls, expected);
    printed
}

/// Four throttled responses do not change the output.
fn waits_out(operations: &[&'static str], work: impl Fn(&Harness) -> String) {
    let usual = called(operations, &work);
    assert!(usual.ends_with("--- exit code 0\n"), "{usual}");
    for operation in operations {
        let harness = harness_of(throttling(operation, 4));
        assert_eq!(work(&harness), usual, "{operation}");
        assert!(harness.server.count(operation) > 4, "{operation}");
    }
}

/// Six throttled responses are an error with a hint; the same command succeeds later.
fn gives_up(operation: &'static str, work: impl Fn(&Harness) -> String) {
    let harness = harness_of(throttling(operation, 6));
    let before = harness.look(|formation| format!("{:?}", formation.stacks));
    let printed = work(&harness);
    assert!(
        printed.contains(&format!("error: AWS throttles {operation}\n")),
        "{printed}"
    );
    assert!(
        printed.contains("hint: wait a minute, then run the command again"),
        "{printed}"
    );
    assert!(printed.ends_with("--- exit code 1\n"), "{printed}");
    assert_eq!(harness.server.count(operation), 6, "{operation}");
    let after = harness.look(|formation| format!("{:?}", formation.stacks));
    assert_eq!(after, before, "{operation}");
    let again = work(&harness);
    assert!(again.ends_with("--- exit code 0\n"), "{again}");
}

const LISTING: [&str; 4] = [
    "GetCallerIdentity",
    "GetParameterHistory",
    "DescribeImages",
    "DescribeStacks",
];

fn releases(harness: &Harness) -> String {
    let places = everywhere();
    let stacks: Vec<_> = places.stacks.iter().map(|(_, stack)| stack.clone()).collect();
    Person::default().does(harness, &stacks, async |context| list(context, &places).await)
}

#[test]
fn throttled_releases_list_succeeds() {
    waits_out(&LISTING, releases);
}

#[test]
fn endless_throttling_fails_the_releases_list() {
    for operation in LISTING {
        gives_up(operation, releases);
    }
}

/// Operations before the rollback question.
fn before_the_question() -> Vec<&'static str> {
    let preparing = [
        "ListStackResources",
        "ListTaskDefinitions",
        "DescribeTaskDefinition",
        "ListServiceDeployments",
        "DescribeServiceRevisions",
        "GetTemplate",
        "ListChangeSets",
        "CreateChangeSet",
        "DescribeChangeSet",
    ];
    [LISTING.as_slice(), &preparing].concat()
}

fn back(harness: &Harness) -> String {
    go_back(harness, None, yes())
}

#[test]
fn throttled_rollback_succeeds() {
    let after = [
        "BatchGetImage",
        "PutImage",
        "ExecuteChangeSet",
        "DescribeStackEvents",
        "DescribeEvents",
        "DescribeServices",
    ];
    waits_out(&[before_the_question(), after.to_vec()].concat(), back);
}

#[test]
fn endless_throttling_before_rollback_changes_nothing() {
    for operation in before_the_question() {
        gives_up(operation, back);
    }
}

const COMPARING: [&str; 7] = [
    "GetCallerIdentity",
    "GetParameter",
    "DescribeStacks",
    "GetTemplate",
    "DetectStackDrift",
    "DescribeStackDriftDetectionStatus",
    "DescribeStackResourceDrifts",
];

fn compare(harness: &Harness) -> String {
    let stacks = [app("ProdAppStack", "prod")];
    Person::default().does(harness, &stacks, async |context| {
        let found = deployed(context, &stacks, "penguinapp-imagetag", true).await?;
        context.console.data(format!("{found:#?}\n"))?;
        Ok(ExitStatus::Done)
    })
}

#[test]
fn throttled_diff_succeeds() {
    waits_out(&COMPARING, compare);
}

#[test]
fn endless_throttling_fails_the_diff() {
    for operation in COMPARING {
        gives_up(operation, compare);
    }
}
