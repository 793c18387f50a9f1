//! What can be gone back to, and going back.

use infra::operation::releases::{Places, Rollback, list, rollback};
use insta::assert_snapshot;

use super::{FIRST, SECOND, THIRD, app, formation, repositories, world};
use crate::cloud::formation::{Formation, change, step};
use crate::cloud::stage::{Person, Stage};
use crate::cloud::world::{World, stage};

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

fn show(formation: Formation, world: World, places: &Places, json: bool) -> String {
    let (stage, _) = stage(formation, world);
    let stacks: Vec<_> = places.stacks.iter().map(|(_, stack)| stack.clone()).collect();
    let person = Person {
        json,
        ..Person::default()
    };
    person.does(&stage, &stacks, async |context| list(context, places).await)
}

#[test]
fn newest_first_with_images_and_where_they_run() {
    let mut world = world();
    world.images.get_mut("penguin/proxy").unwrap().remove(0);
    assert_snapshot!(show(formation(THIRD, SECOND), world, &everywhere(), false));
}

#[test]
fn a_program_gets_a_document() {
    assert_snapshot!(show(formation(THIRD, SECOND), world(), &everywhere(), true));
}

#[test]
fn of_one_environment_the_way_back_is_named() {
    let prod = places(&[("prod", "ProdAppStack")]);
    let told = show(formation(THIRD, SECOND), world(), &prod, false);
    assert!(
        told.contains("hint: `infra rollback prod` goes back to 00000000"),
        "{told}"
    );
}

#[test]
fn no_release_yet_is_no_failure() {
    assert_snapshot!(show(Formation::default(), World::default(), &everywhere(), false));
}

/// Prod can be updated, and the update works.
pub(super) fn stage_of(world: World) -> Stage {
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
    stage(stacks, world).0
}

pub(super) fn go_back(stage: &Stage, to: Option<&str>, person: Person<'_>) -> String {
    let places = places(&[("prod", "ProdAppStack")]);
    let stacks = vec![places.stacks[0].1.clone()];
    let request = Rollback {
        places,
        environment: "prod".into(),
        to: to.map(str::to_owned),
    };
    person.does(stage, &stacks, async |context| rollback(context, &request).await)
}

pub(super) fn yes() -> Person<'static> {
    Person {
        answers: Some("y\n"),
        ..Person::default()
    }
}

#[test]
fn going_back_shows_the_change_set_asks_and_changes_the_release_alone() {
    let stage = stage_of(world());
    assert_snapshot!(go_back(&stage, None, yes()));
    let calls = stage.server.calls();
    let made = calls
        .iter()
        .find(|call| call.operation == "CreateChangeSet")
        .unwrap();
    assert_eq!(made.get("Parameters.member.1.ParameterValue"), FIRST);
    // What was deployed, not what this checkout would deploy.
    assert_eq!(made.get("TemplateBody"), super::TEMPLATE);
}

#[test]
fn a_no_leaves_everything_as_it_is() {
    let stage = stage_of(world());
    let person = Person {
        answers: Some("n\n"),
        ..Person::default()
    };
    assert_snapshot!(go_back(&stage, None, person));
    assert_eq!(stage.server.count("ExecuteChangeSet"), 0);
    assert_eq!(
        stage.look(|formation| formation.stacks["ProdAppStack"].change_sets.len()),
        0
    );
}

#[test]
fn a_tag_may_be_named_by_its_beginning_even_a_newer_one() {
    let stage = stage_of(world());
    let told = go_back(&stage, Some("9b1c"), yes());
    assert!(
        told.contains("prod goes back from 4f2a9c01 to 9b1c2d3e"),
        "{told}"
    );
    assert!(told.ends_with("--- exit code 0\n"), "{told}");
}

#[test]
fn what_cannot_be_gone_back_to_is_explained() {
    let mut gone = world();
    gone.images.get_mut("penguin/app").unwrap().remove(0);
    let mut first = world();
    first
        .parameters
        .insert("penguinapp-imagetag".into(), vec![SECOND.into(), THIRD.into()]);
    let mut never = world();
    never.parameters.clear();
    let told: Vec<_> = [
        (gone, None),
        (first, None),
        (never, None),
        (world(), Some("4f2a9c01")),
        (world(), Some("9b1d")),
        (world(), Some("nonsense")),
    ]
    .into_iter()
    .map(|(world, to)| {
        let stage = stage_of(world);
        let told = go_back(&stage, to, yes());
        assert_eq!(stage.server.count("CreateChangeSet"), 0, "{told}");
        format!(
            "$ infra rollback prod{}\n{told}",
            to.map(|to| format!(" --to {to}")).unwrap_or_default()
        )
    })
    .collect();
    assert_snapshot!(told.join("\n"));
}

/// The update to the second release has begun and takes another look.
fn under_way() -> Stage {
    let stage = stage_of(world());
    stage.look(|formation| {
        let prod = formation.stack("ProdAppStack", "UPDATE_IN_PROGRESS");
        prod.path = vec![
            step("UPDATE_IN_PROGRESS"),
            step("UPDATE_IN_PROGRESS"),
            step("UPDATE_COMPLETE"),
        ]
        .into();
    });
    stage
}

#[test]
fn from_what_is_still_on_its_way_nobody_goes_back_unasked() {
    let stage = under_way();
    assert_snapshot!(go_back(&stage, None, yes()));
    assert_eq!(stage.server.count("CreateChangeSet"), 0);
}

#[test]
fn what_is_under_way_is_waited_for_before_a_named_release_is_gone_back_to() {
    let stage = under_way();
    let told = go_back(&stage, Some("0000"), yes());
    assert!(
        told.contains("ProdAppStack: it is being updated already; waiting for that"),
        "{told}"
    );
    assert!(
        told.contains("prod goes back from 4f2a9c01 to 00000000\n"),
        "{told}"
    );
    assert_eq!(stage.server.count("ExecuteChangeSet"), 1);
}

#[test]
fn a_release_that_is_on_its_way_already_is_waited_for() {
    let stage = under_way();
    stage.look(|formation| formation.changes.clear());
    assert_snapshot!(go_back(&stage, Some("4f2a"), yes()));
    assert_eq!(stage.status("ProdAppStack"), "UPDATE_COMPLETE");
}

#[test]
fn an_environment_that_does_not_run_cannot_go_back() {
    let (stage, _) = stage(Formation::default(), world());
    assert_snapshot!(go_back(&stage, None, yes()));
}
