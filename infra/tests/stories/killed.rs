//! `kill -9` in every phase, then the same command again reaches the right state.

use crate::cloud::Cloud;

/// Number of concurrent runs.
const SIDE_BY_SIDE: usize = 4;

/// Checks that no executable change set is left.
fn assert_tidy(cloud: &Cloud, stack: &str, status: &str) {
    assert_eq!(cloud.status(stack), status);
    assert_eq!(cloud.open_change_sets(stack), 0, "{stack}");
}

#[test]
fn killed_at_the_question() {
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
            "Foundation: reusing the empty stack left by an interrupted run",
            "DevCluster: reusing the empty stack left by an interrupted run",
            "Done: 2 stacks deployed.",
        ]);
    assert_tidy(&cloud, "Foundation", "CREATE_COMPLETE");
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

#[test]
fn killed_during_creation_next_run_follows() {
    let Some(cloud) = Cloud::open() else { return };
    let held = cloud.hold("DevCluster", "Vpc");
    let mut first = cloud.begin(&["deploy", "Foundation", "DevCluster", "--yes"]);
    first.sees("DevCluster  creating     Vpc (EC2::VPC)");
    first.kill();
    assert_eq!(cloud.status("DevCluster"), "CREATE_IN_PROGRESS");
    let mut second = cloud.begin(&["deploy", "Foundation", "DevCluster", "--yes"]);
    second.sees("DevCluster: already being created; waiting for it to finish");
    drop(held);
    second.end().with(0).said(&[
        "the other update finished (CREATE_COMPLETE); planning again",
        "DevCluster: no changes",
        "No changes.",
    ]);
    assert_tidy(&cloud, "Foundation", "CREATE_COMPLETE");
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

#[test]
fn killed_during_failing_creation() {
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
        "DevCluster: creation failed (ROLLBACK_COMPLETE)",
        "failed stack deleted",
        "Done: 1 stack deployed.",
    ]);
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

/// An account with a cluster, and settings that change its flow logs.
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
fn killed_during_update_next_run_follows() {
    let Some(cloud) = updatable() else { return };
    let held = cloud.hold("DevCluster", "FlowLogGroup");
    let mut first = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    first.sees("DevCluster  updating     FlowLogGroup");
    first.kill();
    let mut second = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    second.sees("DevCluster: already being updated; waiting for it to finish");
    drop(held);
    second
        .end()
        .with(0)
        .said(&["DevCluster: no changes", "No changes."]);
    assert_tidy(&cloud, "DevCluster", "UPDATE_COMPLETE");
}

#[test]
fn killed_during_rollback() {
    let Some(cloud) = updatable() else { return };
    // Two resources change: the log group fails, and the rollback of the bucket is blocked.
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
    second.sees("DevCluster: already being rolled back; waiting for it to finish");
    drop(held_back);
    second.end().with(0).said(&[
        "the other update finished (UPDATE_ROLLBACK_COMPLETE); planning again",
        "FlowLogGroup (AWS::Logs::LogGroup): Rate of changes exceeded",
        "to change",
        "Done: 1 stack deployed.",
    ]);
    assert_tidy(&cloud, "DevCluster", "UPDATE_COMPLETE");
}

#[test]
fn killed_during_recreation() {
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
fn killed_during_destroy() {
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
    second.sees("DevCluster: already being deleted; waiting for it to finish");
    // A concurrent deployment.
    let mut third = cloud.begin(&["deploy", "DevCluster", "--yes"]);
    third.sees("DevCluster: already being deleted; waiting for it to finish");
    drop(held);
    second.end().with(0).said(&["Done: 1 stack deleted."]);
    third
        .end()
        .with(0)
        .said(&["DevCluster: create, 49 to add", "Done: 1 stack deployed."]);
    assert_tidy(&cloud, "DevCluster", "CREATE_COMPLETE");
}

#[test]
fn killed_at_every_call_of_a_deployment() {
    let Some(cloud) = Cloud::open() else { return };
    let deploy = ["deploy", "Foundation", "--yes"];
    // Count the calls of a deployment, then kill it at each of them.
    let whole = cloud.relay(usize::MAX);
    cloud.begin_at(&whole.endpoint, &deploy).end().with(0);
    let calls = whole.calls();
    assert!((8..40).contains(&calls), "{calls} calls");
    let at = |last: usize| {
        let Some(cloud) = Cloud::open() else { return };
        let relay = cloud.relay(last);
        let mut run = cloud.begin_at(&relay.endpoint, &deploy);
        if !relay.withholds_from(&mut run) {
            // The number of polls varies; this run made fewer.
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
