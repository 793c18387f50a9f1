//! From day to day: how things are, which releases there were, and back to the one before.

use crate::cloud::Cloud;

/// An account whose dev environment runs the last of these releases, having run the others.
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
fn how_things_are_when_all_is_well_and_when_not() {
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
    for word in ["not known", "ALARM", "hint"] {
        assert!(!well.text.contains(word), "{}", well.text);
    }
    cloud.release("2222222");
    cloud.ring_in_dev();
    cloud.stop_tasks_in_dev();
    cloud.infra(&["status", "dev"]).with(0).said(&[
        "  release   1111111; the latest is 2222222 (`infra deploy dev`)\n",
        "  service   0 of 1 running",
        "  ALARM     penguin-school-dev-errors (",
        "): Visitors get errors\n",
    ]);
    let document = cloud.infra(&["status", "dev", "--json"]).with(0).text;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    let service = &document["stacks"][2]["service"];
    assert_eq!(service["alarms"][0]["name"], "penguin-school-dev-errors");
    assert_eq!(service["unknown"], serde_json::json!([]));
}

#[test]
fn an_update_is_watched_by_somebody_else() {
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
fn the_release_before_is_gone_back_to_and_nothing_but_that() {
    let Some(cloud) = running(&["1111111"]) else {
        return;
    };
    // A release whose build failed halfway: it was named, and has no images.
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
        "hint: `infra rollback dev` goes back to 1111111\n",
    ]);
    // What this checkout would deploy is not what is gone back to.
    let compare = ["diff", "DevAppStack", "--exit-code"];
    cloud.infra(&compare).with(0);
    cloud.edit("min-tasks = 1", "min-tasks = 2");
    cloud.infra(&compare).with(1);
    let mut terminal = cloud.terminal(&["rollback", "dev"]);
    terminal.sees("Deploy this stack to account");
    terminal.types("n\n");
    terminal.end().with(3);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    let mut terminal = cloud.terminal(&["rollback", "dev"]);
    terminal.sees("Deploy this stack to account");
    terminal.types("y\n");
    let ended = terminal.end().with(0);
    ended.said(&[
        "1500000 is passed over: its images are gone",
        "dev goes back from 2222222 to 1111111",
        "TaskDefinition             ECS::TaskDefinition",
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
        .said(&["error: there is no release before 1111111, which dev runs"]);
    // And forward again, by the beginning of its name.
    cloud.infra(&["rollback", "dev", "--to", "2222", "--yes"]).with(0);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
}

#[test]
fn a_way_back_that_fails_leaves_what_ran() {
    let Some(cloud) = running(&["1111111", "2222222"]) else {
        return;
    };
    let refusal = "Invalid request provided: Create TaskDefinition: Role is not valid";
    let failing = cloud.fail("DevAppStack", "TaskDefinition", refusal);
    cloud.infra(&["rollback", "dev", "--yes"]).with(4).said(&[
        "error: DevAppStack: the update failed and was rolled back; it is as it was before\n",
        &format!("  TaskDefinition (AWS::ECS::TaskDefinition): {refusal}\n"),
    ]);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    drop(failing);
    cloud.infra(&["rollback", "dev", "--yes"]).with(0);
    assert!(cloud.image_in_dev("app").ends_with(":1111111"));
}

#[test]
fn killed_on_the_way_back_the_same_command_does_not_go_two_releases_back() {
    let Some(cloud) = running(&["1111111", "2222222", "3333333"]) else {
        return;
    };
    let held = cloud.hold("DevAppStack", "TaskDefinition");
    let mut first = cloud.begin(&["rollback", "dev", "--yes"]);
    first.sees("updating     TaskDefinition");
    first.kill();
    cloud.infra(&["rollback", "dev", "--yes"]).with(1).said(&[
        "error: dev is being updated, with release 2222222: from which to go back is not clear\n",
        "hint: `infra status dev --watch` shows how that ends\n",
        "hint: `infra rollback dev --to 1111111` waits for that",
    ]);
    let mut second = cloud.begin(&["rollback", "dev", "--to", "2222222", "--yes"]);
    second.sees("DevAppStack: it is being updated already; waiting for that");
    drop(held);
    second.end().with(0).said(&["Nothing to do."]);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
    assert_eq!(cloud.open_change_sets("DevAppStack"), 0);
}
