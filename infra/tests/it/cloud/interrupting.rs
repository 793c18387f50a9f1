//! Ctrl-C in the middle of a deployment, once and twice.

use insta::assert_snapshot;

use super::destroying::cluster_and_app;
use super::formation::{Formation, endless, step};
use super::harness::{Harness, Session, Verb, creatable, spec, updatable};
use super::wire::Response;

const CLUSTER: &str = "AWS::ECS::Cluster";

#[test]
fn ctrl_c_cancels_the_update_and_follows_the_rollback() {
    let mut forever = vec![step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", "")];
    forever.extend(endless::<Vec<_>>("UPDATE_IN_PROGRESS"));
    let mut formation = updatable(forever);
    formation.on_cancel.insert(
        "DevCluster".into(),
        vec![
            step("UPDATE_ROLLBACK_IN_PROGRESS"),
            step("UPDATE_ROLLBACK_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
        ],
    );
    let harness = Harness::new(formation);
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3)],
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &harness));
    assert_eq!(harness.server.count("CancelUpdateStack"), 1);
}

#[test]
fn second_ctrl_c_exits_with_a_hint() {
    let forever = endless("UPDATE_IN_PROGRESS");
    let mut formation = updatable(forever);
    formation
        .on_cancel
        .insert("DevCluster".into(), endless("UPDATE_ROLLBACK_IN_PROGRESS"));
    let harness = Harness::new(formation);
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3), ("CancelUpdateStack", 1)],
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &harness));
}

#[test]
fn ctrl_c_before_execution_deletes_change_sets() {
    let harness = Harness::new(creatable());
    let session = Session {
        interrupt_after: vec![("CreateChangeSet", 1)],
        // A person who is slow to answer.
        answers: None,
        yes: false,
        ..Session::default()
    };
    let text = session.run(Verb::Deploy, &harness);
    // Either the press came before the question, or a script could not answer it; nothing stays in both cases.
    assert!(
        text.contains("exit code 130") || text.contains("exit code 1"),
        "{text}"
    );
    assert_eq!(harness.status("DevCluster"), "absent");
}

#[test]
fn ctrl_c_lets_a_deletion_finish_and_starts_no_other() {
    let (harness, mut session) = cluster_and_app();
    session.interrupt_after = vec![("DeleteStack", 1)];
    let printed = session.run(Verb::Destroy, &harness);
    assert_eq!(harness.server.count("DeleteStack"), 1, "{printed}");
    assert!(printed.contains("DevCluster: not deleted\n"), "{printed}");
    assert!(printed.ends_with("--- exit code 130\n"), "{printed}");
}

#[test]
fn ctrl_c_lets_a_creation_finish_and_starts_no_other() {
    let mut formation = creatable();
    let changes = super::formation::change("Add", "Cluster", CLUSTER, "");
    formation.changes.insert("ProdCluster".into(), changes);
    let harness = Harness::new(formation);
    let session = Session {
        stacks: vec![spec("DevCluster", &[]), spec("ProdCluster", &["DevCluster"])],
        interrupt_after: vec![("ExecuteChangeSet", 1)],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert_eq!(harness.status("DevCluster"), "CREATE_COMPLETE", "{printed}");
    assert_eq!(harness.server.count("ExecuteChangeSet"), 1, "{printed}");
    assert!(printed.contains("ProdCluster: not started\n"), "{printed}");
    assert!(printed.ends_with("--- exit code 130\n"), "{printed}");
}

/// Two stacks that are being created and never get there.
fn two_creations() -> Formation {
    let mut formation = creatable();
    for name in ["DevCluster", "ProdCluster"] {
        let changes = super::formation::change("Add", "Cluster", CLUSTER, "");
        formation.changes.insert(name.into(), changes);
        formation
            .on_execute
            .insert(name.into(), endless("CREATE_IN_PROGRESS"));
    }
    formation
}

#[test]
fn questions_of_several_creations_are_serialized() {
    let harness = Harness::new(two_creations());
    let session = Session {
        stacks: vec![spec("DevCluster", &[]), spec("ProdCluster", &[])],
        // `--yes` agrees to the deployment, not to the deletion of new stacks.
        answers: Some("n\ny\n"),
        interrupt_after: vec![("DescribeStackEvents", 6), ("DeleteStack", 1)],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    let asked: Vec<_> = printed
        .lines()
        .filter(|line| line.contains("[y/N]") || line.contains("but the new stack can be deleted"))
        .collect();
    let (first, second) = if asked[0].starts_with("Dev") {
        ("DevCluster", "ProdCluster")
    } else {
        ("ProdCluster", "DevCluster")
    };
    let words = |name: &str| {
        [
            format!("{name}: a creation cannot be cancelled, but the new stack can be deleted"),
            format!("Delete {name}? [y/N]"),
        ]
    };
    assert_eq!(asked, [words(first), words(second)].concat(), "{printed}");
    assert_eq!(harness.server.count("DeleteStack"), 1);
    assert_ne!(harness.status(second), "CREATE_IN_PROGRESS", "{printed}");
    assert_eq!(harness.status(first), "CREATE_IN_PROGRESS", "{printed}");
    assert!(
        printed.contains(&format!("{first}: the operation continues in AWS\n"))
            || printed.contains("the operation continues in AWS\n"),
        "{printed}"
    );
    assert!(printed.ends_with("--- exit code 130\n"), "{printed}");
}

#[test]
fn second_ctrl_c_with_several_stacks_exits_soon() {
    let forever = endless("UPDATE_IN_PROGRESS");
    let mut formation = updatable(forever);
    formation
        .on_cancel
        .insert("DevCluster".into(), endless("UPDATE_ROLLBACK_IN_PROGRESS"));
    formation.stack("DevAppStack", "CREATE_COMPLETE");
    formation.changes.insert(
        "DevAppStack".into(),
        super::formation::change("Modify", "Service", CLUSTER, "False"),
    );
    let harness = Harness::new(formation);
    let session = Session {
        stacks: vec![spec("DevCluster", &[]), spec("DevAppStack", &["DevCluster"])],
        interrupt_after: vec![("DescribeStackEvents", 3), ("CancelUpdateStack", 1)],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(
        printed.contains("DevAppStack: not started\n")
            && printed.contains("DevCluster: the operation continues in AWS\n")
            && printed.contains("hint: follow it again with `infra deploy DevCluster`\n"),
        "{printed}"
    );
    assert!(printed.ends_with("--- exit code 130\n"), "{printed}");
    // The change set of what was not started is removed; the one that executes is nobody's to remove.
    let deleted: Vec<_> = harness
        .server
        .calls()
        .iter()
        .filter(|call| call.operation == "DeleteChangeSet")
        .map(|call| call.get("StackName").to_owned())
        .collect();
    assert_eq!(deleted, ["DevAppStack"]);
}

#[test]
fn failed_cancellation_keeps_following() {
    let mut path = vec![step("UPDATE_IN_PROGRESS"); 9];
    path.push(step("UPDATE_COMPLETE"));
    let harness = Harness::with(updatable(path), |call| {
        (call.operation == "CancelUpdateStack")
            .then(|| Response::Error(403, "AccessDenied", "ada may not call CancelUpdateStack".into()))
    });
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3)],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(
        printed
            .contains("DevCluster: cannot cancel, the operation continues: CancelUpdateStack is not allowed"),
        "{printed}"
    );
    assert!(printed.contains("Done: 1 stack deployed.\n"), "{printed}");
    assert_eq!(harness.status("DevCluster"), "UPDATE_COMPLETE");
}

#[test]
fn ctrl_c_while_the_update_starts_cancels_it() {
    let mut formation = updatable(endless("UPDATE_IN_PROGRESS"));
    formation.on_cancel.insert(
        "DevCluster".into(),
        vec![
            step("UPDATE_ROLLBACK_IN_PROGRESS"),
            step("UPDATE_ROLLBACK_COMPLETE"),
        ],
    );
    let harness = Harness::new(formation);
    let session = Session {
        interrupt_after: vec![("ExecuteChangeSet", 1)],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert_eq!(harness.server.count("CancelUpdateStack"), 1, "{printed}");
    assert!(
        printed.ends_with("DevCluster: cancelled (UPDATE_ROLLBACK_COMPLETE)\n--- exit code 130\n"),
        "{printed}"
    );
}

#[test]
fn ctrl_c_while_a_later_change_set_is_created_starts_nothing() {
    let harness = Harness::new(creatable());
    let session = Session {
        stacks: vec![spec("DevCluster", &[]), spec("DevAppStack", &["DevCluster"])],
        // The change set of the app stack follows the creation of its cluster.
        interrupt_after: vec![("CreateChangeSet", 2)],
        ..Session::default()
    };
    harness.look(|formation| {
        let changes = super::formation::change("Add", "Service", CLUSTER, "");
        formation.changes.insert("DevAppStack".into(), changes);
    });
    let printed = session.run(Verb::Deploy, &harness);
    assert_eq!(harness.server.count("ExecuteChangeSet"), 1, "{printed}");
    assert!(printed.contains("DevAppStack: not started\n"), "{printed}");
    assert!(printed.ends_with("--- exit code 130\n"), "{printed}");
    assert_eq!(harness.status("DevAppStack"), "absent", "{printed}");
}

#[test]
fn two_presses_at_once_are_both_counted() {
    let harness = Harness::new(updatable(endless("UPDATE_IN_PROGRESS")));
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3), ("DescribeStackEvents", 3)],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert_eq!(harness.server.count("CancelUpdateStack"), 1, "{printed}");
    assert!(
        printed.contains("DevCluster: the operation continues in AWS\n"),
        "{printed}"
    );
}

#[test]
fn ctrl_c_while_a_failed_stack_is_deleted_says_what_continues() {
    let mut formation = creatable();
    formation.stack("DevCluster", "ROLLBACK_COMPLETE");
    formation
        .on_delete
        .insert("DevCluster".into(), endless("DELETE_IN_PROGRESS"));
    let harness = Harness::new(formation);
    let session = Session {
        interrupt_after: vec![("DeleteStack", 1)],
        ..Session::default()
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(
        printed.ends_with(
            "Interrupted.\nNot deployed; temporary change sets were deleted.\nDevCluster: the deletion continues in AWS\nhint: follow it again with `infra deploy DevCluster`\n--- exit code 130\n"
        ),
        "{printed}"
    );
}

#[test]
fn declined_deployment_says_what_was_done_before() {
    let mut formation = creatable();
    formation.stack("DevCluster", "ROLLBACK_COMPLETE");
    formation.stack("ProdCluster", "ROLLBACK_COMPLETE");
    let harness = Harness::new(formation);
    let session = Session {
        stacks: vec![spec("DevCluster", &[]), spec("ProdCluster", &[])],
        ..Session::typing("y\nn\n")
    };
    let printed = session.run(Verb::Deploy, &harness);
    assert!(!printed.contains("No changes made"), "{printed}");
    assert!(
        printed.ends_with("Not deployed; temporary change sets were deleted.\nDevCluster: failed stack deleted, not recreated\n--- exit code 3\n"),
        "{printed}"
    );
    assert_eq!(harness.status("DevCluster"), "absent");
}
