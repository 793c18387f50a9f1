//! `kill -9` in the middle of every phase, then the same command again: it ends in the right state.

use crate::cloud::Cloud;

/// Runs that are killed at the same time, where many are.
const SIDE_BY_SIDE: usize = 4;

/// Nothing of an earlier run may be left that could still be executed.
fn assert_tidy(cloud: &Cloud, stack: &str, status: &str) {
    assert_eq!(cloud.status(stack), status);
    assert_eq!(cloud.open_change_sets(stack), 0, "{stack}");
}

#[test]
fn at_the_question() {
    let Some(cloud) = Cloud::open() else { return };
    let mut terminal = cloud.terminal(&["deploy", "Foundation", "DevCluster"]);
    terminal.sees("[y/N]");
    terminal.kill();
    assert_eq!(cloud.status("Foundation"), "REVIEW_IN_PROGRESS");
    assert_eq!(cloud.open_change_sets("Foundation"), 1);
    cloud
        .infra(&["deploy", "Foundation", "DevCluster", "--yes"])
        .with(0)
        .said(&[
            "Foundation: an earlier run left an empty stack; it is used again",
            "DevCluster: an earlier run left an empty stack; it is used again",
            "Done: 2 stacks deployed.",
        ]);
    assert_tidy(&cloud, "Foundation", "CREATE_COMPLETE");
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

#[test]
fn while_stacks_are_created_and_the_next_run_joins() {
    let Some(cloud) = Cloud::open() else { return };
    let held = cloud.hold("DevCluster", "Vpc");
    let mut first = cloud.begin(&["deploy", "Foundation", "DevCluster", "--yes"]);
    first.sees("DevCluster  creating     Vpc (EC2::VPC)");
    first.kill();
    assert_eq!(cloud.status("DevCluster"), "CREATE_IN_PROGRESS");
    let mut second = cloud.begin(&["deploy", "Foundation", "DevCluster", "--yes"]);
    second.sees("DevCluster: it is being created already; waiting for that");
    drop(held);
    second.end().with(0).said(&[
        "that has ended (CREATE_COMPLETE); looking again",
        "DevCluster: no changes",
        "Nothing to do.",
    ]);
    assert_tidy(&cloud, "Foundation", "CREATE_COMPLETE");
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

#[test]
fn while_a_stack_is_created_that_then_fails() {
    let Some(cloud) = Cloud::open() else { return };
    let held = cloud.hold("DevCluster", "Vpc");
    let failing = cloud.fail(
        "DevCluster",
        "Vpc",
        "The maximum number of VPCs has been reached.",
    );
    let mut first = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    first.sees("DevCluster  creating     Vpc (EC2::VPC)");
    first.kill();
    drop(held);
    cloud.reaches("DevCluster", "ROLLBACK_COMPLETE");
    drop(failing);
    cloud.infra(&["deploy", "DevCluster", "--yes"]).with(0).said(&[
        "Vpc (AWS::EC2::VPC): The maximum number of VPCs has been reached\n",
        "DevCluster never came into being (ROLLBACK_COMPLETE)",
        "the remains are deleted",
        "Done: 1 stack deployed.",
    ]);
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

/// An account whose cluster is there, and settings that change its flow logs.
fn updatable() -> Option<Cloud> {
    let cloud = Cloud::open()?;
    cloud.infra(&["deploy", "DevCluster", "--yes"]).with(0);
    cloud.edit(
        "log-days = 30\n\n[clusters.prod]",
        "log-days = 14\n\n[clusters.prod]",
    );
    Some(cloud)
}

#[test]
fn while_a_stack_is_updated_and_the_next_run_joins() {
    let Some(cloud) = updatable() else { return };
    let held = cloud.hold("DevCluster", "FlowLogGroup");
    let mut first = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    first.sees("DevCluster  updating     FlowLogGroup");
    first.kill();
    let mut second = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    second.sees("DevCluster: it is being updated already; waiting for that");
    drop(held);
    second
        .end()
        .with(0)
        .said(&["DevCluster: no changes", "Nothing to do."]);
    assert_tidy(&cloud, "DevCluster", "UPDATE_COMPLETE");
}

#[test]
fn while_an_update_is_rolled_back() {
    let Some(cloud) = updatable() else { return };
    // Two resources change: the log group fails, and the bucket is held on its way back.
    let held = cloud.hold("DevCluster", "FlowLogGroup");
    let failing = cloud.fail("DevCluster", "FlowLogGroup", "Rate of changes exceeded.");
    let mut first = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    first.sees("DevCluster  updating     FlowLogGroup");
    let held_back = cloud.hold("DevCluster", "AccessLogs");
    drop(held);
    first.sees("FAILED       FlowLogGroup");
    first.kill();
    drop(failing);
    assert_eq!(cloud.status("DevCluster"), "UPDATE_ROLLBACK_IN_PROGRESS");
    let mut second = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    second.sees("DevCluster: it is being rolled back already; waiting for that");
    drop(held_back);
    second.end().with(0).said(&[
        "that has ended (UPDATE_ROLLBACK_COMPLETE); looking again",
        "FlowLogGroup (AWS::Logs::LogGroup): Rate of changes exceeded",
        "to change",
        "Done: 1 stack deployed.",
    ]);
    assert_tidy(&cloud, "DevCluster", "UPDATE_COMPLETE");
}

#[test]
fn while_a_stack_is_deleted_to_be_created_anew() {
    let Some(cloud) = Cloud::open() else { return };
    let failing = cloud.fail(
        "DevCluster",
        "Vpc",
        "The maximum number of VPCs has been reached.",
    );
    cloud.infra(&["deploy", "DevCluster", "--yes"]).with(4);
    drop(failing);
    assert_eq!(cloud.status("DevCluster"), "ROLLBACK_COMPLETE");
    let mut first = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    first.sees("DevCluster: deleting");
    first.kill();
    cloud.infra(&["deploy", "DevCluster", "--yes"]).with(0);
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

#[test]
fn while_stacks_are_destroyed() {
    let Some(cloud) = Cloud::open() else { return };
    cloud
        .infra(&["deploy", "Foundation", "DevCluster", "--yes"])
        .with(0);
    let held = cloud.hold("DevCluster", "Vpc");
    let mut first = cloud.begin(&["destroy", "DevCluster", "--yes"]);
    first.sees("DevCluster  deleting     Vpc");
    first.kill();
    assert_eq!(cloud.status("DevCluster"), "DELETE_IN_PROGRESS");
    let mut second = cloud.begin(&["destroy", "DevCluster", "--yes"]);
    second.sees("DevCluster: it is being deleted already; waiting for that");
    // Somebody wants it back meanwhile.
    let mut third = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    third.sees("DevCluster: it is being deleted already; waiting for that");
    drop(held);
    second.end().with(0).said(&["Done: 1 stack deleted."]);
    third
        .end()
        .with(0)
        .said(&["DevCluster: create, 40 to add", "Done: 1 stack deployed."]);
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

#[test]
fn at_any_call_of_a_deployment() {
    let Some(cloud) = Cloud::open() else { return };
    let deploy = ["deploy", "Foundation", "--yes"];
    // How many calls a deployment makes; then killed at the first, the second, … the last of them.
    let whole = cloud.relay(usize::MAX);
    cloud.begin_at(&whole.endpoint, &deploy).end().with(0);
    let calls = whole.calls();
    assert!((8..40).contains(&calls), "{calls} calls");
    let at = |last: usize| {
        let Some(cloud) = Cloud::open() else { return };
        let relay = cloud.relay(last);
        let mut run = cloud.begin_at(&relay.endpoint, &deploy);
        if !relay.withholds_from(&mut run) {
            // A busier machine has more looks at the same deployment; this time there were fewer.
            run.end().with(0);
            return;
        }
        run.kill();
        let ended = cloud.infra(&deploy);
        assert_eq!(ended.code, Some(0), "killed at call {last}:\n{}", ended.text);
        assert_tidy(&cloud, "Foundation", "CREATE_COMPLETE");
    };
    std::thread::scope(|scope| {
        for first in 1..=SIDE_BY_SIDE {
            scope.spawn(move || (first..=calls).step_by(SIDE_BY_SIDE).for_each(at));
        }
    });
}
