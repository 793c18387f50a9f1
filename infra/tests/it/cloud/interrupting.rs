//! Ctrl-C in the middle of a deployment, once and twice.

use insta::assert_snapshot;

use super::formation::step;
use super::stage::{Session, Stage, Verb, creatable, updatable};

const CLUSTER: &str = "AWS::ECS::Cluster";

#[test]
fn ctrl_c_cancels_an_update_and_watches_it_roll_back() {
    let mut forever = vec![step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", "")];
    forever.extend(std::iter::repeat_n(step("UPDATE_IN_PROGRESS"), 1000));
    let mut formation = updatable(forever);
    formation.on_cancel.insert(
        "DevCluster".into(),
        vec![
            step("UPDATE_ROLLBACK_IN_PROGRESS"),
            step("UPDATE_ROLLBACK_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
        ],
    );
    let stage = Stage::new(formation);
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3)],
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    assert_eq!(stage.server.count("CancelUpdateStack"), 1);
}

#[test]
fn a_second_ctrl_c_leaves_and_says_how_to_come_back() {
    let forever = std::iter::repeat_n(step("UPDATE_IN_PROGRESS"), 1000).collect();
    let mut formation = updatable(forever);
    formation.on_cancel.insert(
        "DevCluster".into(),
        std::iter::repeat_n(step("UPDATE_ROLLBACK_IN_PROGRESS"), 1000).collect(),
    );
    let stage = Stage::new(formation);
    let session = Session {
        interrupt_after: vec![("DescribeStackEvents", 3), ("CancelUpdateStack", 1)],
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
}

#[test]
fn ctrl_c_before_anything_ran_leaves_nothing_behind() {
    let stage = Stage::new(creatable());
    let session = Session {
        interrupt_after: vec![("CreateChangeSet", 1)],
        // A person who is slow to answer.
        answers: None,
        yes: false,
        ..Session::default()
    };
    let text = session.run(Verb::Deploy, &stage);
    // Either the press came before the question, or a script could not answer it; nothing stays in both cases.
    assert!(
        text.contains("exit code 130") || text.contains("exit code 1"),
        "{text}"
    );
    assert_eq!(stage.status("DevCluster"), "absent");
}
