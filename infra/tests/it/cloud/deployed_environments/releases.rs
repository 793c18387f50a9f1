//! `releases` and `rollback` against the AWS mock.

use infra::workflows::releases::{Places, list};
use infra::workflows::rollback::{self, rollback};
use insta::assert_snapshot;

use super::{FIRST, SECOND, THIRD, app, fixture, formation, repositories};
use crate::cloud::fixture::{Fixture, harness};
use crate::cloud::formation::{Formation, change, step};
use crate::cloud::harness::{Harness, Person};

fn places(environments: &[(&str, &str)]) -> Places {
    Places {
        parameter: "penguinapp-imagetag".into(),
        repositories: repositories(),
        stacks: environments
            .iter()
            .map(|(environment, stack)| ((*environment).to_owned(), app(stack, environment)))
            .collect(),
    }
}

pub(super) fn everywhere() -> Places {
    places(&[
        ("dev", "DevAppStack"),
        ("staging", "StagingAppStack"),
        ("prod", "ProdAppStack"),
    ])
}

fn show(formation: Formation, fixture: Fixture, places: &Places, json: bool) -> String {
    let (harness, _) = harness(formation, fixture);
    let stacks: Vec<_> = places.stacks.iter().map(|(_, stack)| stack.clone()).collect();
    let person = Person {
        json,
        ..Person::default()
    };
    person.does(&harness, &stacks, async |context| list(context, places).await)
}

#[test]
fn releases_are_listed_newest_first() {
    let mut fixture = fixture();
    fixture.images.get_mut("penguin/proxy").unwrap().remove(0);
    assert_snapshot!(show(formation(THIRD, SECOND), fixture, &everywhere(), false));
}

#[test]
fn json_document() {
    assert_snapshot!(show(formation(THIRD, SECOND), fixture(), &everywhere(), true));
}

#[test]
fn one_environment_hints_at_rollback() {
    let prod = places(&[("prod", "ProdAppStack")]);
    let printed = show(formation(THIRD, SECOND), fixture(), &prod, false);
    assert!(
        printed.contains("hint: `infra rollback prod` rolls back to 00000000"),
        "{printed}"
    );
}

#[test]
fn no_release_yet_is_success() {
    assert_snapshot!(show(
        Formation::default(),
        Fixture::default(),
        &everywhere(),
        false
    ));
}

/// A successful update of prod.
pub(super) fn harness_of(fixture: Fixture) -> Harness {
    let mut stacks = formation(THIRD, SECOND);
    stacks.changes.insert(
        "ProdAppStack".into(),
        change("Modify", "TaskDefinition", "AWS::ECS::TaskDefinition", "True"),
    );
    let kind = "AWS::ECS::TaskDefinition";
    stacks.on_execute.insert(
        "ProdAppStack".into(),
        vec![
            step("UPDATE_IN_PROGRESS").with("TaskDefinition", kind, "UPDATE_IN_PROGRESS", ""),
            step("UPDATE_COMPLETE").with("TaskDefinition", kind, "UPDATE_COMPLETE", ""),
        ],
    );
    let mut fixture = fixture;
    fixture
        .ecs
        .entry("DescribeServices".into())
        .or_insert_with(|| service(9));
    harness(stacks, fixture).0
}

/// The service with this task definition revision.
fn service(revision: u32) -> serde_json::Value {
    serde_json::json!({ "services": [{ "events": [], "deployments": [{ "status": "PRIMARY", "rolloutState": "COMPLETED",
        "taskDefinition": format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{revision}") }] }] })
}

pub(in crate::cloud) fn go_back(harness: &Harness, to: Option<&str>, person: Person<'_>) -> String {
    let places = places(&[("prod", "ProdAppStack")]);
    let stacks = vec![places.stacks[0].1.clone()];
    let request = rollback::Request {
        places,
        environment: "prod".into(),
        to: to.map(str::to_owned),
    };
    person.does(harness, &stacks, async |context| {
        rollback(context, &request).await
    })
}

pub(in crate::cloud) fn yes() -> Person<'static> {
    Person {
        answers: Some("y\n"),
        ..Person::default()
    }
}

#[test]
fn rollback_previews_confirms_and_changes_only_the_release() {
    let harness = harness_of(fixture());
    assert_snapshot!(go_back(&harness, None, yes()));
    let calls = harness.server.calls();
    let made = calls
        .iter()
        .find(|call| call.operation == "CreateChangeSet")
        .unwrap();
    assert_eq!(made.get("Parameters.member.1.ParameterValue"), FIRST);
    // The deployed template, not that of this checkout.
    assert_eq!(made.get("TemplateBody"), super::TEMPLATE);
    // Before the change set runs, ECR is printed to keep the images.
    let at = |operation: &str| calls.iter().position(|call| call.operation == operation);
    assert!(at("PutImage") < at("ExecuteChangeSet"));
    assert_eq!(kept(&harness), ["penguin/app", "penguin/proxy"]);
}

/// Repositories in which the image of the first release was tagged as released.
fn kept(harness: &Harness) -> Vec<String> {
    let calls = harness.server.calls();
    let put = calls.iter().filter(|call| call.operation == "PutImage");
    put.map(|call| {
        assert_eq!(call.text("imageTag"), format!("release-{FIRST}"));
        call.text("repositoryName").to_owned()
    })
    .collect()
}

#[test]
fn images_that_are_tagged_as_released_already_are_not_tagged_again() {
    let mut fixture = fixture();
    let images = fixture.images.get_mut("penguin/app").unwrap();
    images.push(format!("release-{FIRST}"));
    let harness = harness_of(fixture);
    let printed = go_back(&harness, None, yes());
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
    assert_eq!(kept(&harness), ["penguin/proxy"]);
}

#[test]
fn failed_release_tagging_is_a_warning_and_rollback_continues() {
    let mut fixture = fixture();
    fixture.denied.insert("PutImage");
    let harness = harness_of(fixture);
    let printed = go_back(&harness, None, yes());
    assert_snapshot!(printed);
    assert_eq!(harness.status("ProdAppStack"), "UPDATE_COMPLETE");
}

#[test]
fn rollback_skips_releases_that_never_ran_or_failed() {
    const BUILD: &str = "ddddddddddddddddddddddddddddddddddddddd1";
    let mut fixture = fixture();
    for tags in fixture.parameters.values_mut().chain(fixture.images.values_mut()) {
        // Built for dev between the two releases of prod.
        tags.insert(1, BUILD.into());
    }
    // Deployed to prod and rolled back by ECS.
    assert_eq!(fixture.revisions[1], (THIRD.to_owned(), true));
    let harness = harness_of(fixture);
    let printed = go_back(&harness, None, yes());
    assert!(
        printed.starts_with("rolling prod back from 4f2a9c01 to 00000000\n"),
        "{printed}"
    );
}

#[test]
fn failed_ecs_deployment_fails_the_rollback() {
    let mut fixture = fixture();
    // The circuit breaker rolled back to the previous revision.
    fixture.ecs.insert("DescribeServices".into(), service(3));
    let printed = go_back(&harness_of(fixture), None, yes());
    assert!(
        printed.contains("error: ProdAppStack: the stack was updated, but the ECS deployment failed\n")
            && printed.contains("ECS rolled back to web:3; the stack's task definition is web:9"),
        "{printed}"
    );
    assert!(printed.ends_with("--- exit code 4\n"), "{printed}");
}

#[test]
fn declined_rollback_changes_nothing() {
    let harness = harness_of(fixture());
    let person = Person {
        answers: Some("n\n"),
        ..Person::default()
    };
    assert_snapshot!(go_back(&harness, None, person));
    assert_eq!(harness.server.count("ExecuteChangeSet"), 0);
    assert_eq!(
        harness.look(|formation| formation.stacks["ProdAppStack"].change_sets.len()),
        0
    );
}

#[test]
fn rollback_accepts_a_tag_prefix() {
    let harness = harness_of(fixture());
    let printed = go_back(&harness, Some("9b1c"), yes());
    assert!(
        printed.contains("rolling prod back from 4f2a9c01 to 9b1c2d3e"),
        "{printed}"
    );
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
}

#[test]
fn rollback_errors() {
    let mut gone = fixture();
    gone.images.get_mut("penguin/app").unwrap().remove(0);
    let mut first = fixture();
    first.revisions.remove(0);
    let mut never = fixture();
    never.revisions.clear();
    let printed: Vec<_> = [
        (gone, None),
        (first, None),
        (never, None),
        (fixture(), Some("4f2a9c01")),
        (fixture(), Some("9b1d")),
        (fixture(), Some("nonsense")),
    ]
    .into_iter()
    .map(|(fixture, to)| {
        let harness = harness_of(fixture);
        let printed = go_back(&harness, to, yes());
        assert_eq!(harness.server.count("CreateChangeSet"), 0, "{printed}");
        format!(
            "$ infra rollback prod{}\n{printed}",
            to.map(|to| format!(" --to {to}")).unwrap_or_default()
        )
    })
    .collect();
    assert_snapshot!(printed.join("\n"));
}

/// The update to the second release is in progress for one more call.
fn under_way() -> Harness {
    let harness = harness_of(fixture());
    harness.look(|formation| {
        let prod = formation.stack("ProdAppStack", "UPDATE_IN_PROGRESS");
        prod.path = vec![
            step("UPDATE_IN_PROGRESS"),
            step("UPDATE_IN_PROGRESS"),
            step("UPDATE_COMPLETE"),
        ]
        .into();
    });
    harness
}

#[test]
fn rollback_during_an_update_requires_a_tag() {
    let harness = under_way();
    assert_snapshot!(go_back(&harness, None, yes()));
    assert_eq!(harness.server.count("CreateChangeSet"), 0);
}

#[test]
fn rollback_to_a_tag_waits_for_the_running_update() {
    let harness = under_way();
    let printed = go_back(&harness, Some("0000"), yes());
    assert!(
        printed.contains("ProdAppStack: already being updated; waiting for it to finish"),
        "{printed}"
    );
    assert!(
        printed.contains("rolling prod back from 4f2a9c01 to 00000000\n"),
        "{printed}"
    );
    assert_eq!(harness.server.count("ExecuteChangeSet"), 1);
}

#[test]
fn rollback_to_the_release_in_progress_waits() {
    let harness = under_way();
    harness.look(|formation| formation.changes.clear());
    assert_snapshot!(go_back(&harness, Some("4f2a"), yes()));
    assert_eq!(harness.status("ProdAppStack"), "UPDATE_COMPLETE");
}

#[test]
fn rollback_of_a_missing_environment_fails() {
    let (harness, _) = harness(Formation::default(), fixture());
    assert_snapshot!(go_back(&harness, None, yes()));
}
