//! Change sets: of other users, outdated, declined.

use super::formation::{Formation, change, step};
use super::harness::{Harness, Session, Verb, creatable, spec, updatable};
use super::wire::Response;

const CLUSTER: &str = "AWS::ECS::Cluster";

/// A change set of another machine.
const COLLEAGUES: &str = "infra-0000beef-6a000000-1f";

fn change_sets(harness: &Harness) -> Vec<String> {
    harness.look(|formation| {
        let stack = formation.stacks.get("DevCluster");
        stack
            .into_iter()
            .flat_map(|stack| stack.change_sets.keys().cloned())
            .collect()
    })
}

#[test]
fn change_set_of_another_user_is_kept() {
    let mut formation = updatable(vec![step("UPDATE_COMPLETE")]);
    let stack = formation.stack("DevCluster", "CREATE_COMPLETE");
    for (name, hours) in [(COLLEAGUES, 20), ("infra-0000beef-69000000-1f", 30)] {
        stack.change_sets.insert(name.into(), "CREATE_COMPLETE");
        stack.hours.insert(name.into(), hours);
    }
    let harness = Harness::new(formation);
    let printed = Session::typing("n\n").run(Verb::Deploy, &harness);
    assert!(printed.ends_with("--- exit code 3\n"), "{printed}");
    // Yesterday's is abandoned; ours is deleted.
    assert_eq!(change_sets(&harness), [COLLEAGUES]);
}

#[test]
fn empty_stack_with_change_set_of_another_user_is_kept() {
    let mut formation = creatable();
    let stack = formation.stack("DevCluster", "REVIEW_IN_PROGRESS");
    stack.change_sets.insert(COLLEAGUES.into(), "CREATE_COMPLETE");
    let harness = Harness::new(formation);
    let printed = Session::typing("n\n").run(Verb::Deploy, &harness);
    assert!(
        printed.contains("DevCluster: empty stack kept: it has a change set of another user\n"),
        "{printed}"
    );
    assert_eq!(harness.status("DevCluster"), "REVIEW_IN_PROGRESS");
    assert_eq!(change_sets(&harness), [COLLEAGUES]);
}

#[test]
fn deleted_change_set_is_explained() {
    for code in ["ChangeSetNotFound", "InvalidChangeSetStatus"] {
        let harness = Harness::with(updatable(Vec::new()), move |call| {
            (call.operation == "ExecuteChangeSet")
                .then(|| Response::Error(400, code, "ChangeSet [x] does not exist".into()))
        });
        let printed = Session::default().run(Verb::Deploy, &harness);
        assert!(
            printed.contains("error: DevCluster: the previewed change set is no longer valid")
                && printed.contains("hint: run `infra deploy DevCluster` again"),
            "{printed}"
        );
        assert!(printed.ends_with("--- exit code 1\n"), "{printed}");
    }
}

/// `DevAppStack` depends on `DevCluster`; both exist and are updated.
fn two() -> (Formation, Vec<infra::deployment::stack_spec::StackSpec>) {
    let mut formation = updatable(vec![step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")]);
    formation.stack("DevAppStack", "CREATE_COMPLETE");
    formation
        .changes
        .insert("DevAppStack".into(), change("Modify", "Alarm", CLUSTER, "False"));
    formation.on_execute.insert(
        "DevAppStack".into(),
        vec![step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")],
    );
    let stacks = vec![spec("DevCluster", &[]), spec("DevAppStack", &["DevCluster"])];
    (formation, stacks)
}

/// Change set operations of a stack, in order.
fn of(harness: &Harness, stack: &str) -> Vec<&'static str> {
    let known = ["CreateChangeSet", "ExecuteChangeSet", "DeleteChangeSet"];
    let calls = harness.server.calls();
    calls
        .iter()
        .filter_map(|call| {
            let operation = known.iter().find(|known| **known == call.operation)?;
            let its = call.form.get("StackName").is_some_and(|name| name == stack)
                || call.get("ChangeSetName").ends_with(&format!("/{stack}"));
            its.then_some(*operation)
        })
        .collect()
}

#[test]
fn plan_is_recreated_after_its_dependency_changed() {
    let (formation, stacks) = two();
    let harness = Harness::new(formation);
    let session = Session {
        stacks,
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(printed.contains("Done: 2 stacks deployed.\n"), "{printed}");
    assert!(!printed.contains("a dependency changed"), "{printed}");
    assert_eq!(
        of(&harness, "DevAppStack"),
        [
            "CreateChangeSet",
            "DeleteChangeSet",
            "CreateChangeSet",
            "ExecuteChangeSet"
        ]
    );
    assert_eq!(
        of(&harness, "DevCluster"),
        ["CreateChangeSet", "ExecuteChangeSet"]
    );
}

#[test]
fn changed_plan_is_confirmed_again() {
    let (mut formation, stacks) = two();
    formation.on_execute_changes = vec![(
        "DevCluster".into(),
        "DevAppStack".into(),
        change("Remove", "Alarm", CLUSTER, ""),
    )];
    let harness = Harness::new(formation);
    let session = Session {
        stacks,
        ..Session::typing("y\nn\n")
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(
        printed.contains("DevAppStack: a dependency changed, which changed the plan:\n")
            && printed.contains("Deploy DevAppStack? [y/N]\n"),
        "{printed}"
    );
    assert!(printed.ends_with("--- exit code 3\n"), "{printed}");
    assert_eq!(
        of(&harness, "DevAppStack"),
        [
            "CreateChangeSet",
            "DeleteChangeSet",
            "CreateChangeSet",
            "DeleteChangeSet"
        ]
    );
    assert_eq!(harness.status("DevCluster"), "UPDATE_COMPLETE");
}

#[test]
fn declined_later_plan_leaves_no_empty_stack() {
    let mut formation = creatable();
    formation.changes.insert(
        "DevAppStack".into(),
        change("Import", "Repository", "AWS::ECR::Repository", ""),
    );
    let harness = Harness::new(formation);
    let session = Session {
        stacks: vec![spec("DevCluster", &[]), spec("DevAppStack", &["DevCluster"])],
        ..Session::typing("y\nn\n")
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(printed.ends_with("--- exit code 3\n"), "{printed}");
    assert_eq!(harness.status("DevCluster"), "CREATE_COMPLETE");
    assert_eq!(harness.status("DevAppStack"), "absent");
}

#[test]
fn yes_does_not_delete_retained_resources() {
    for status in ["CREATE_FAILED", "ROLLBACK_FAILED"] {
        let mut formation = creatable();
        formation.stack("DevCluster", status);
        let harness = Harness::new(formation.clone());
        let printed = Session::default().run(Verb::Deploy, &harness);
        assert!(
            printed.contains("`--yes` does not delete them\n")
                && printed.contains("hint: run `infra deploy DevCluster` without `--yes` to confirm")
                && printed.ends_with("--- exit code 4\n"),
            "{printed}"
        );
        assert_eq!(harness.server.count("DeleteStack"), 0);
        // The user may confirm it.
        let harness = Harness::new(formation);
        let printed = Session::typing("y\ny\n").run(Verb::Deploy, &harness);
        assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
    }
}

#[test]
fn stale_status_is_not_taken_for_the_end() {
    // CloudFormation is eventually consistent: the first calls may return the previous status.
    let path = vec![
        step("CREATE_COMPLETE"),
        step("CREATE_COMPLETE"),
        step("CREATE_COMPLETE"),
        step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_ROLLBACK_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_FAILED", "it broke"),
        step("UPDATE_ROLLBACK_COMPLETE"),
    ];
    let harness = Harness::new(updatable(path));
    let printed = Session::default().run(Verb::Deploy, &harness);
    assert!(
        printed.contains("it broke") && printed.ends_with("--- exit code 4\n"),
        "{printed}"
    );
}

#[test]
fn each_operation_has_its_own_client_token() {
    let mut formation = creatable();
    formation.stack("DevCluster", "ROLLBACK_COMPLETE");
    let harness = Harness::new(formation);
    let printed = Session::default().run(Verb::Deploy, &harness);
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
    let calls = harness.server.calls();
    let mut tokens: Vec<_> = calls
        .iter()
        .filter_map(|call| call.form.get("ClientRequestToken"))
        .collect();
    assert_eq!(tokens.len(), 2, "{tokens:?}");
    tokens.dedup();
    assert_eq!(tokens.len(), 2, "{tokens:?}");
}

#[test]
fn retained_resources_are_imported() {
    let retained = r#"{"Resources":{"Repository":{"Type":"AWS::ECR::Repository","DeletionPolicy":"Retain","Properties":{"RepositoryName":"a/b"}}}}"#;
    for (body, adopts) in [(Some(retained), Some("true")), (None, None)] {
        let harness = Harness::new(creatable());
        let mut stack = spec("DevCluster", &[]);
        if let Some(body) = body {
            body.clone_into(&mut stack.body);
        }
        let session = Session {
            stacks: vec![stack],
            ..Session::default()
        };
        session.run(Verb::Deploy, &harness);
        let calls = harness.server.calls();
        let made = calls
            .iter()
            .find(|call| call.operation == "CreateChangeSet")
            .unwrap();
        assert_eq!(
            made.form.get("ImportExistingResources").map(String::as_str),
            adopts
        );
    }
}

/// CloudFormation with findings of its validation, the last on the second page; `rejects` is why the change set fails.
fn validated(mode: &'static str, rejects: Option<&'static str>) -> Harness {
    Harness::with(creatable(), move |call| match call.operation.as_str() {
        "DescribeEvents" => {
            let event = |resource: &str, status: &str, reason: &str| {
                format!(
                    "<member><LogicalResourceId>{resource}</LogicalResourceId><ValidationStatus>{status}</ValidationStatus><ValidationFailureMode>{mode}</ValidationFailureMode><ValidationStatusReason>{reason}</ValidationStatusReason></member>"
                )
            };
            let page = if call.form.contains_key("NextToken") {
                event("Cluster", "FAILED", "unsupported property [Size]")
            } else {
                let passed = event("Vpc", "PASSED", "all right");
                format!("{passed}</OperationEvents><NextToken>2</NextToken><OperationEvents>")
            };
            Some(Response::Xml(format!(
                "<OperationEvents>{page}</OperationEvents>"
            )))
        }
        "DescribeChangeSet" => rejects.map(|reason| {
            Response::Xml(format!(
                "<Status>FAILED</Status><StatusReason>{reason}</StatusReason>"
            ))
        }),
        _ => None,
    })
}

#[test]
fn warnings_of_the_validation_are_shown_with_the_plan() {
    let printed = Session::default().run(Verb::Deploy, &validated("WARN", None));
    assert!(
        printed.contains("  warning: Cluster: unsupported property [Size]\n")
            && !printed.contains("all right"),
        "{printed}"
    );
}

#[test]
fn failed_validations_reject_the_change_set_by_name() {
    let vague = Some("The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]");
    let printed = Session::default().run(Verb::Deploy, &validated("FAIL", vague));
    assert!(
        printed.contains(
            "error: DevCluster: cannot create the change set: Cluster: unsupported property [Size]\n"
        ),
        "{printed}"
    );
    // Without findings, CloudFormation's own reason.
    let printed = Session::default().run(Verb::Deploy, &validated("WARN", Some("Quota exceeded")));
    assert!(
        printed.contains("error: DevCluster: cannot create the change set: Quota exceeded\n"),
        "{printed}"
    );
}

#[test]
fn no_execute_keeps_the_change_set_for_review() {
    let harness = Harness::new(creatable());
    let printed = Session::default().run(Verb::Review, &harness);
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
    let kept = change_sets(&harness);
    assert_eq!(kept.len(), 1, "{printed}");
    assert!(kept[0].starts_with("infra-review-"), "{kept:?}");
    assert!(
        printed.contains("DevCluster: change set created, not executed: arn:") && printed.contains(&kept[0]),
        "{printed}"
    );
    assert_eq!(harness.status("DevCluster"), "REVIEW_IN_PROGRESS");
    for operation in ["ExecuteChangeSet", "DeleteStack"] {
        assert_eq!(harness.server.count(operation), 0, "{operation}: {printed}");
    }
}

#[test]
fn no_execute_neither_deletes_nor_rolls_back() {
    for (status, offer) in [
        ("ROLLBACK_COMPLETE", "delete and recreate it"),
        ("ROLLBACK_FAILED", "delete and recreate it"),
        ("UPDATE_ROLLBACK_FAILED", "continue its rollback"),
    ] {
        let mut formation = Formation::default();
        formation.stack("DevCluster", status);
        let harness = Harness::new(formation);
        let printed = Session::default().run(Verb::Review, &harness);
        assert!(
            printed.contains(&format!("DevCluster: no change set is possible ({status})\n"))
                && printed.contains(&format!("without `--no-execute`: it offers to {offer}\n"))
                && printed.ends_with("--- exit code 4\n"),
            "{printed}"
        );
        assert_eq!(harness.status("DevCluster"), status);
    }
}
