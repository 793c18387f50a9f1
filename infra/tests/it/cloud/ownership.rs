//! Stacks of another project with the same names are never changed.

use super::deployed_environments::{fixture, formation};
use super::formation::{Formation, change, step};
use super::harness::{Harness, Session, Verb, spec, updatable};

/// Operations that change resources.
const CHANGES: [&str; 9] = [
    "CreateChangeSet",
    "ExecuteChangeSet",
    "DeleteChangeSet",
    "DeleteStack",
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "UpdateTerminationProtection",
    "PutParameter",
    "RollbackStack",
];

fn untouched(harness: &Harness, printed: &str) {
    for operation in CHANGES {
        assert_eq!(harness.server.count(operation), 0, "{operation}: {printed}");
    }
}

/// Sets the tags of a stack.
fn tag(formation: &mut Formation, stack: &str, project: Option<&str>) {
    formation.stacks.get_mut(stack).unwrap().tags = project
        .map(|project| ("project".to_owned(), project.to_owned()))
        .into_iter()
        .collect();
}

#[test]
fn stack_of_another_project_is_never_changed() {
    for (project, words) in [
        (
            Some("walrus"),
            "error: stack DevCluster belongs to project `walrus`, not to `penguin-school`\n",
        ),
        (
            None,
            "error: stack DevCluster has no tag `project`, so it may not belong to project `penguin-school`\n",
        ),
    ] {
        for status in [
            "CREATE_COMPLETE",
            "UPDATE_IN_PROGRESS",
            "ROLLBACK_COMPLETE",
            "CREATE_FAILED",
            "UPDATE_ROLLBACK_FAILED",
            "DELETE_FAILED",
        ] {
            for (verb, yes) in [
                (Verb::Deploy, true),
                (Verb::Destroy, true),
                (Verb::Destroy, false),
            ] {
                let mut formation = updatable(vec![step("UPDATE_COMPLETE")]);
                formation.stack("DevCluster", status);
                tag(&mut formation, "DevCluster", project);
                let harness = Harness::new(formation);
                let session = Session {
                    answers: Some("y\ny\ny\n"),
                    yes,
                    force: true,
                    ..Session::default()
                };
                let printed = session.run(verb, &harness);
                assert!(printed.starts_with(words), "{status}: {printed}");
                assert!(
                    printed.contains("hint: ")
                        && printed.contains("`stack-prefix`")
                        && printed.ends_with("--- exit code 1\n"),
                    "{printed}"
                );
                untouched(&harness, &printed);
            }
        }
    }
}

#[test]
fn empty_stack_of_another_project_is_not_used() {
    let mut formation = super::harness::creatable();
    formation.stack("DevCluster", "REVIEW_IN_PROGRESS");
    tag(&mut formation, "DevCluster", Some("walrus"));
    let harness = Harness::new(formation.clone());
    let printed = Session::default().run(Verb::Deploy, &harness);
    assert!(printed.contains("belongs to project `walrus`"), "{printed}");
    untouched(&harness, &printed);
    // An empty stack without tags may be used.
    tag(&mut formation, "DevCluster", None);
    let harness = Harness::new(formation);
    let printed = Session::default().run(Verb::Deploy, &harness);
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
}

#[test]
fn dependency_of_another_project_is_rejected() {
    let mut formation = updatable(vec![step("UPDATE_COMPLETE")]);
    formation.stack("Foundation", "CREATE_COMPLETE");
    tag(&mut formation, "Foundation", Some("walrus"));
    let harness = Harness::new(formation);
    let session = Session {
        stacks: vec![spec("DevCluster", &["Foundation"])],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(
        printed.starts_with("error: stack Foundation belongs to project `walrus`"),
        "{printed}"
    );
    untouched(&harness, &printed);
}

#[test]
fn stack_of_another_project_is_never_rolled_back() {
    let mut stacks = formation(
        super::deployed_environments::THIRD,
        super::deployed_environments::SECOND,
    );
    tag(&mut stacks, "ProdAppStack", Some("walrus"));
    stacks.changes.insert(
        "ProdAppStack".into(),
        change("Modify", "TaskDefinition", "AWS::ECS::TaskDefinition", "True"),
    );
    let (harness, _) = super::fixture::harness(stacks, fixture());
    let printed = super::deployed_environments::releases::go_back(
        &harness,
        None,
        super::deployed_environments::releases::yes(),
    );
    assert!(
        printed
            .starts_with("error: stack ProdAppStack belongs to project `walrus`, not to `penguin-school`\n"),
        "{printed}"
    );
    untouched(&harness, &printed);
}
