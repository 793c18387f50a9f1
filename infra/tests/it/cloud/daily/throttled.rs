//! AWS throttles: a few such answers are waited out unseen, too many are told in a sentence, and nothing is half done.

use std::collections::BTreeSet;

use infra::exit::ExitStatus;
use infra::operation::differing::deployed;
use infra::operation::releases::list;

use super::releases::{everywhere, go_back, stage_of, yes};
use super::{app, world};
use crate::cloud::stage::{Person, Stage};
use crate::cloud::world::World;

/// A world that throttles so many calls of an operation.
fn throttling(operation: &'static str, times: usize) -> World {
    let mut world = world();
    world.throttled = [(operation, times)].into();
    world
}

/// The operations that `work` calls, each of which it must call.
fn called(operations: &[&'static str], work: impl Fn(&Stage) -> String) -> String {
    let stage = stage_of(world());
    let told = work(&stage);
    let calls: BTreeSet<_> = stage
        .server
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    let expected: BTreeSet<_> = operations.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(calls, expected);
    told
}

/// Four throttled answers to any of the calls change nothing that anybody sees.
fn waits_out(operations: &[&'static str], work: impl Fn(&Stage) -> String) {
    let usual = called(operations, &work);
    assert!(usual.ends_with("--- exit code 0\n"), "{usual}");
    for operation in operations {
        let stage = stage_of(throttling(operation, 4));
        assert_eq!(work(&stage), usual, "{operation}");
        assert!(stage.server.count(operation) > 4, "{operation}");
    }
}

/// Six throttled answers to a call are a sentence and what helps; what helps is to run the same command again.
fn gives_up(operation: &'static str, work: impl Fn(&Stage) -> String) {
    let stage = stage_of(throttling(operation, 6));
    let before = stage.look(|formation| format!("{:?}", formation.stacks));
    let told = work(&stage);
    assert!(
        told.contains(&format!("error: AWS throttles {operation}\n")),
        "{told}"
    );
    assert!(
        told.contains("hint: wait a minute, then run the command again"),
        "{told}"
    );
    assert!(told.ends_with("--- exit code 1\n"), "{told}");
    assert_eq!(stage.server.count(operation), 6, "{operation}");
    let after = stage.look(|formation| format!("{:?}", formation.stacks));
    assert_eq!(after, before, "{operation}");
    let again = work(&stage);
    assert!(again.ends_with("--- exit code 0\n"), "{again}");
}

const LISTING: [&str; 4] = [
    "GetCallerIdentity",
    "GetParameterHistory",
    "DescribeImages",
    "DescribeStacks",
];

fn releases(stage: &Stage) -> String {
    let places = everywhere();
    let stacks: Vec<_> = places.stacks.iter().map(|(_, stack)| stack.clone()).collect();
    Person::default().does(stage, &stacks, async |context| list(context, &places).await)
}

#[test]
fn releases_are_listed_all_the_same() {
    waits_out(&LISTING, releases);
}

#[test]
fn a_list_of_releases_that_is_not_to_be_had_is_told() {
    for operation in LISTING {
        gives_up(operation, releases);
    }
}

/// What going back asks before it asks the person.
fn before_the_question() -> Vec<&'static str> {
    let preparing = [
        "GetTemplate",
        "ListChangeSets",
        "CreateChangeSet",
        "DescribeChangeSet",
    ];
    [LISTING, preparing].concat()
}

fn back(stage: &Stage) -> String {
    go_back(stage, None, yes())
}

#[test]
fn a_release_is_gone_back_to_all_the_same() {
    let after = ["ExecuteChangeSet", "DescribeStackEvents", "DescribeEvents"];
    waits_out(&[before_the_question(), after.to_vec()].concat(), back);
}

#[test]
fn a_way_back_that_is_barred_leaves_all_as_it_was() {
    for operation in before_the_question() {
        gives_up(operation, back);
    }
}

const COMPARING: [&str; 6] = [
    "GetCallerIdentity",
    "DescribeStacks",
    "GetTemplate",
    "DetectStackDrift",
    "DescribeStackDriftDetectionStatus",
    "DescribeStackResourceDrifts",
];

fn compare(stage: &Stage) -> String {
    let stacks = [app("ProdAppStack", "prod")];
    Person::default().does(stage, &stacks, async |context| {
        let found = deployed(context, &stacks, true).await?;
        context.console.data(format!("{found:#?}\n"))?;
        Ok(ExitStatus::Done)
    })
}

#[test]
fn what_is_deployed_is_compared_with_all_the_same() {
    waits_out(&COMPARING, compare);
}

#[test]
fn a_comparison_that_is_not_to_be_had_is_told() {
    for operation in COMPARING {
        gives_up(operation, compare);
    }
}
