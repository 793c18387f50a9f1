//! Status, releases and rollback.

use crate::cloud::Cloud;

/// An account whose dev environment has run these releases in order.
fn running(releases: &[&str]) -> Option<Cloud> {
    let cloud = Cloud::open()?;
    cloud
        .infra(&["deploy", "Foundation", "DevCluster", "--yes"])
        .with(0);
    for release in releases {
        cloud.release(release);
        cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    }
    Some(cloud)
}

#[test]
fn status_of_healthy_and_failing_service() {
    let Some(cloud) = running(&["1111111"]) else {
        return;
    };
    let well = cloud.infra(&["status"]).with(0).said(&[
        "Foundation                created         ",
        "DevCluster                created         ",
        "ProdCluster               not deployed\n",
        "DevAppStack               created         ",
        "  release   1111111, the latest\n",
        "  service   1 of 1 running, ",
        "  url       http://",
        "ProdAppStack              not deployed\n",
    ]);
    for word in [" unknown: ", "ALARM", "hint"] {
        assert!(!well.text.contains(word), "{}", well.text);
    }
    cloud.release("2222222");
    cloud.ring_in_dev();
    cloud.stop_tasks_in_dev();
    cloud.infra(&["status", "dev"]).with(0).said(&[
        "  release   1111111; the latest is 2222222 (`infra deploy dev`)\n",
        "  service   0 of 1 running",
        "  ALARM     penguin-school-dev-errors (",
        "): 5xx responses from the tasks\n",
    ]);
    let document = cloud.infra(&["status", "dev", "--json"]).with(0).text;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let service = &document["stacks"][2]["service"];
    assert_eq!(service["alarms"][0]["name"], "penguin-school-dev-errors");
    assert_eq!(service["unknown"], serde_json::json!([]));
}

#[test]
fn status_watch_shows_another_runs_update() {
    let Some(cloud) = running(&["1111111"]) else {
        return;
    };
    cloud.release("2222222");
    let held = cloud.hold("DevAppStack", "TaskDefinition");
    let mut deployment = cloud.begin(&["deploy", "dev", "--yes"]);
    deployment.sees("updating     TaskDefinition");
    let mut watching = cloud.terminal(&["status", "dev", "--watch"]);
    watching.sees("DevAppStack  updating ");
    drop(held);
    deployment.end().with(0);
    watching.sees("DevAppStack  updated ");
    watching.types("\x03");
    watching.end().with(0);
}

#[test]
fn rollback_changes_only_the_release() {
    let Some(cloud) = running(&["1111111"]) else {
        return;
    };
    // A release without images.
    cloud.name_release("1500000");
    cloud.release("2222222");
    cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    cloud.infra(&["releases", "dev"]).with(0).said(&[
        "2222222  ",
        "  both           dev\n",
        "1500000  ",
        "  no app, proxy\n",
        "1111111  ",
        "  both\n",
        "hint: `infra rollback dev` rolls back to 1111111\n",
    ]);
    // Undeployed settings are not rolled back to.
    let compare = ["diff", "DevAppStack", "--exit-code"];
    cloud.infra(&compare).with(0);
    cloud.edit("min-tasks = 1", "min-tasks = 2");
    cloud.infra(&compare).with(1);
    let mut terminal = cloud.terminal(&["rollback", "dev"]);
    terminal.sees("Deploy 1 stack to account");
    terminal.types("n\n");
    terminal.end().with(3);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    let mut terminal = cloud.terminal(&["rollback", "dev"]);
    terminal.sees("Deploy 1 stack to account");
    terminal.types("y\n");
    let ended = terminal.end().with(0);
    ended.said(&[
        "rolling dev back from 2222222 to 1111111",
        "TaskDefinition         AWS::ECS::TaskDefinition",
        "Done: 1 stack deployed.",
        "hint: the latest release is still 2222222",
    ]);
    for container in ["app", "proxy"] {
        assert!(cloud.image_in_dev(container).ends_with(":1111111"), "{container}");
    }
    cloud.infra(&compare).with(1);
    cloud
        .infra(&["rollback", "dev", "--yes"])
        .with(1)
        .said(&["error: no release before 1111111 in the task definitions of dev"]);
    // Forward again, by tag prefix.
    cloud.infra(&["rollback", "dev", "--to", "2222", "--yes"]).with(0);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
}

#[test]
fn failed_rollback_keeps_the_running_release() {
    let Some(cloud) = running(&["1111111", "2222222"]) else {
        return;
    };
    let reason = "Invalid request provided: Create TaskDefinition: Role is not valid";
    let failing = cloud.fail("DevAppStack", "TaskDefinition", reason);
    cloud.infra(&["rollback", "dev", "--yes"]).with(4).said(&[
        "error: DevAppStack: update failed and was rolled back\n",
        &format!("  TaskDefinition (AWS::ECS::TaskDefinition): {reason}\n"),
    ]);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    drop(failing);
    cloud.infra(&["rollback", "dev", "--yes"]).with(0);
    assert!(cloud.image_in_dev("app").ends_with(":1111111"));
}

#[test]
fn killed_rollback_does_not_go_two_releases_back() {
    let Some(cloud) = running(&["1111111", "2222222", "3333333"]) else {
        return;
    };
    let held = cloud.hold("DevAppStack", "TaskDefinition");
    let mut first = cloud.begin(&["rollback", "dev", "--yes"]);
    first.sees("updating     TaskDefinition");
    first.kill();
    cloud.infra(&["rollback", "dev", "--yes"]).with(1).said(&[
        "error: dev is being updated to release 2222222: the previous release is ambiguous\n",
        "hint: follow it with `infra status dev --watch`\n",
        "hint: `infra rollback dev --to 1111111` waits for it",
    ]);
    let mut second = cloud.begin(&["rollback", "dev", "--to", "2222222", "--yes"]);
    second.sees("DevAppStack: already being updated; waiting for it to finish");
    drop(held);
    second.end().with(0).said(&["No changes."]);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    assert_eq!(cloud.open_change_sets("DevAppStack"), 0);
}
