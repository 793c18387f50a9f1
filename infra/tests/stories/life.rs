//! From nothing to a site, through updates and failures, and back to nothing.

use std::time::Duration;

use crate::cloud::Cloud;

/// An account with the dev environment deployed, release `1111111`.
fn deployed() -> Option<Cloud> {
    let cloud = Cloud::open()?;
    cloud
        .infra(&["deploy", "Foundation", "DevCluster", "--yes"])
        .with(0);
    cloud.release("1111111");
    cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    Some(cloud)
}

#[test]
fn from_nothing_to_a_site() {
    let Some(cloud) = Cloud::open() else { return };
    // Nothing is there, so there is no release to run; the hints lead on.
    cloud.infra(&["deploy", "dev", "--yes"]).with(1).said(&[
        "there is no release yet",
        "hint: ",
        "infra deploy pipelines",
    ]);
    assert!(cloud.stacks().is_empty());
    // What everything needs, at the same time.
    let ended = cloud
        .infra(&["deploy", "Foundation", "clusters", "--yes"])
        .with(0);
    let ended = ended.said(&[
        "Foundation: create, 6 to add",
        "DevCluster: create",
        "Done: 3 stacks",
    ]);
    assert!(ended.text.find("ProdCluster: creating") < ended.text.find("DevCluster: created"));
    // Images were pushed by hand; nobody wrote the parameter.
    cloud.push_images("1111111");
    cloud
        .infra(&["deploy", "dev", "--yes", "--image-tag", "2222222"])
        .with(1)
        .said(&["release 2222222 has no image in the repository penguin-school/app"]);
    cloud.name_release("1111111");
    // A person, at a terminal.
    let mut terminal = cloud.terminal(&["deploy", "dev"]);
    terminal.sees("Deploy this stack to account");
    terminal.types("y\n");
    let ended = terminal.end().with(0);
    ended.said(&[
        "Foundation: no changes",
        "DevCluster: no changes",
        "DevAppStack: create, 18 to add",
        &format!("to account {}? [y/N]", cloud.account),
        "DevAppStack                  created        18 of 18",
        "Done: 1 stack deployed.",
    ]);
    assert_eq!(cloud.status("DevAppStack"), "CREATE_COMPLETE");
    assert!(cloud.image_in_dev("app").ends_with("penguin-school/app:1111111"));
}

#[test]
fn deploying_again_changes_nothing_and_is_quick() {
    let Some(cloud) = deployed() else { return };
    let ended = cloud.infra(&["deploy", "dev", "--yes"]).with(0).said(&[
        "Foundation: no changes",
        "DevCluster: no changes",
        "DevAppStack: no changes",
        "Nothing to do.",
    ]);
    assert!(ended.took < Duration::from_secs(20), "{:?}", ended.took);
    for stack in ["Foundation", "DevCluster", "DevAppStack"] {
        assert_eq!(cloud.status(stack), "CREATE_COMPLETE", "{stack}");
        assert_eq!(cloud.open_change_sets(stack), 0, "{stack}");
    }
}

#[test]
fn a_new_release_and_new_settings_are_updates_of_what_they_concern() {
    let Some(cloud) = deployed() else { return };
    cloud.release("2222222");
    let ended = cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    // The tasks of the old release go as they should: nothing to report.
    assert!(!ended.text.contains("stopped"), "{}", ended.text);
    ended.said(&[
        "DevAppStack: ",
        "may replace TaskDefinition             ECS::TaskDefinition",
        "DevAppStack: updated",
        "Done: 1 stack deployed.",
    ]);
    assert!(cloud.image_in_dev("proxy").ends_with("proxy:2222222"));
    // Back to the first, by name.
    cloud
        .infra(&["deploy", "dev", "--yes", "--image-tag", "1111111"])
        .with(0);
    assert!(cloud.image_in_dev("proxy").ends_with("proxy:1111111"));
    cloud.edit(
        "log-days = 30\n\n[clusters.prod]",
        "log-days = 14\n\n[clusters.prod]",
    );
    cloud.infra(&["deploy", "DevCluster", "--yes"]).with(0).said(&[
        "DevCluster: ",
        "to change",
        "FlowLogGroup",
        "DevCluster: updated",
    ]);
    assert_eq!(cloud.status("DevAppStack"), "UPDATE_COMPLETE");
}

#[test]
fn a_refused_deployment_leaves_nothing_behind() {
    let Some(cloud) = Cloud::open() else { return };
    let mut terminal = cloud.terminal(&["deploy", "Foundation", "clusters"]);
    terminal.sees("Deploy these 3 stacks to account");
    assert_eq!(cloud.status("DevCluster"), "REVIEW_IN_PROGRESS");
    terminal.types("n\n");
    terminal
        .end()
        .with(3)
        .said(&["Nothing was changed, and nothing is left behind."]);
    assert_eq!(cloud.stacks(), Vec::<String>::new());

    // An update that is refused leaves the stack as it was, without a change set.
    cloud.infra(&["deploy", "Foundation", "--yes"]).with(0);
    cloud.edit("name = \"penguin-school\"", "name = \"penguins\"");
    let mut terminal = cloud.terminal(&["deploy", "Foundation"]);
    terminal.sees("[y/N]");
    assert_eq!(cloud.open_change_sets("Foundation"), 1);
    terminal.types("n\n");
    terminal.end().with(3);
    assert_eq!(cloud.status("Foundation"), "CREATE_COMPLETE");
    assert_eq!(cloud.open_change_sets("Foundation"), 0);
}

#[test]
fn ctrl_c_at_the_question_leaves_nothing_behind() {
    let Some(cloud) = Cloud::open() else { return };
    let mut terminal = cloud.terminal(&["deploy", "Foundation"]);
    terminal.sees("[y/N]");
    terminal.types("\x03");
    terminal
        .end()
        .with(130)
        .said(&["Interrupted before anything was changed; nothing is left behind."]);
    assert_eq!(cloud.stacks(), Vec::<String>::new());
}

#[test]
fn a_failed_update_is_rolled_back_and_its_cause_named_first() {
    let Some(cloud) = deployed() else { return };
    cloud.release("2222222");
    let refusal = "Invalid request provided: Create TaskDefinition: Role is not valid";
    let failing = cloud.fail("DevAppStack", "TaskDefinition", refusal);
    let ended = cloud.infra(&["deploy", "dev", "--yes"]).with(4);
    let ended = ended.said(&[
        "DevAppStack: rolled back",
        "error: DevAppStack: the update failed and was rolled back; it is as it was before\n",
        &format!("  TaskDefinition (AWS::ECS::TaskDefinition): {refusal}\n"),
        "hint: ",
    ]);
    assert!(!ended.text.contains("Done"), "{}", ended.text);
    assert_eq!(cloud.status("DevAppStack"), "UPDATE_ROLLBACK_COMPLETE");
    assert!(cloud.image_in_dev("app").ends_with(":1111111"));
    // The cause is mended; the same command does what it could not do.
    drop(failing);
    cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
}

#[test]
fn a_name_that_is_taken_fails_a_creation_which_is_then_made_anew() {
    let Some(cloud) = Cloud::open() else { return };
    cloud.put_parameter("/penguin-school/dev/vpc-id", "vpc-of-somebody-else");
    cloud.infra(&["deploy", "DevCluster", "--yes"]).with(4).said(&[
        "error: DevCluster: could not be created; what was created has been removed again\n",
        "  VpcIdParameter (AWS::SSM::Parameter): ",
        "hint: mend the cause, then `infra deploy DevCluster`",
    ]);
    assert_eq!(cloud.status("DevCluster"), "ROLLBACK_COMPLETE");
    cloud.delete_parameter("/penguin-school/dev/vpc-id");
    let mut terminal = cloud.terminal(&["deploy", "DevCluster"]);
    terminal.sees("Delete what is left of DevCluster, then create it?");
    terminal.types("y\n");
    terminal.sees("Deploy this stack");
    terminal.types("y\n");
    terminal.end().with(0).said(&[
        "VpcIdParameter (AWS::SSM::Parameter)",
        "DevCluster never came into being (ROLLBACK_COMPLETE)",
        "the remains are deleted",
        "Done: 1 stack deployed.",
    ]);
    assert_eq!(cloud.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn ctrl_c_cancels_an_update_that_is_then_rolled_back() {
    let Some(cloud) = deployed() else { return };
    cloud.release("2222222");
    let held = cloud.hold("DevAppStack", "TaskDefinition");
    let mut terminal = cloud.terminal(&["deploy", "dev", "--yes"]);
    terminal.sees("TaskDefinition (ECS::TaskDefinition)");
    terminal.types("\x03");
    terminal.sees("cancelling the update; Ctrl-C again leaves it alone");
    drop(held);
    terminal
        .end()
        .with(130)
        .said(&["DevAppStack: cancelled (UPDATE_ROLLBACK_COMPLETE)"]);
    assert_eq!(cloud.status("DevAppStack"), "UPDATE_ROLLBACK_COMPLETE");
    assert!(cloud.image_in_dev("app").ends_with(":1111111"));
}

#[test]
fn destroying_goes_in_order_and_what_others_use_stays() {
    let Some(cloud) = deployed() else { return };
    cloud
        .infra(&["destroy", "DevCluster", "--yes"])
        .with(1)
        .said(&["DevCluster cannot be destroyed: DevAppStack uses it"]);
    let held = cloud.hold("DevAppStack", "Service");
    let mut terminal = cloud.terminal(&["destroy", "dev"]);
    terminal.sees("[y/N]");
    terminal.types("y\n");
    terminal.sees("Service (ECS::Service)");
    // The service is still being deleted: its cluster waits.
    assert_eq!(cloud.status("DevAppStack"), "DELETE_IN_PROGRESS");
    assert_eq!(cloud.status("DevCluster"), "CREATE_COMPLETE");
    drop(held);
    terminal.end().with(0).said(&[
        "DevAppStack: delete, 18 resources",
        "DevCluster: delete, 40 resources",
        "Destroy DevAppStack, DevCluster in account",
        "Done: 2 stacks deleted.",
    ]);
    // The images belong to no environment.
    assert_eq!(cloud.stacks(), ["Foundation"]);
    cloud
        .infra(&["destroy", "dev", "--yes"])
        .with(0)
        .said(&["Nothing to do"]);
}

#[test]
fn what_is_protected_goes_by_force_and_with_consent_only() {
    let Some(cloud) = Cloud::open() else { return };
    cloud.edit("deletion-protection = false", "deletion-protection = true");
    cloud
        .infra(&["deploy", "Foundation", "DevCluster", "--yes"])
        .with(0);
    cloud.release("1111111");
    cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    cloud
        .infra(&["destroy", "DevAppStack", "--yes"])
        .with(1)
        .said(&["error: DevAppStack: protected against deletion\n", "--force"]);
    // What this checkout would deploy is none of its business.
    cloud.edit("min-tasks = 1", "min-tasks = 2");
    let mut terminal = cloud.terminal(&["destroy", "DevAppStack", "--force"]);
    terminal.sees("[y/N]");
    terminal.types("y\n");
    terminal.end().with(0).said(&[
        "its protection against deletion is taken off first",
        "DevAppStack: taking the protection of LoadBalancer off",
        "DevAppStack                  updated  ",
        "DevAppStack                  deleted  ",
        "Done: 1 stack deleted.",
    ]);
    assert_eq!(cloud.status("DevAppStack"), "absent");
}
