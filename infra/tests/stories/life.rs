//! Life cycle: empty account, deployment, updates, failures, deletion.

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
fn empty_account_to_running_site() {
    let Some(cloud) = Cloud::open() else { return };
    // No release yet; the hints name the next step.
    cloud.infra(&["deploy", "dev", "--yes"]).with(1).said(&[
        "no release yet",
        "hint: ",
        "infra deploy pipelines",
    ]);
    assert!(cloud.stacks().is_empty());
    // Shared stacks, concurrently.
    let ended = cloud
        .infra(&["deploy", "Foundation", "clusters", "--yes"])
        .with(0);
    let ended = ended.said(&[
        "Foundation: create, 6 to add",
        "DevCluster: create",
        "Done: 3 stacks",
    ]);
    assert!(ended.text.find("ProdCluster: creating") < ended.text.find("DevCluster: created"));
    // Images without the parameter.
    cloud.push_images("1111111");
    cloud
        .infra(&["deploy", "dev", "--yes", "--image-tag", "2222222"])
        .with(1)
        .said(&["release 2222222 has no image in the repository penguin-school/app"]);
    cloud.name_release("1111111");
    // At a terminal.
    let mut terminal = cloud.terminal(&["deploy", "dev"]);
    terminal.sees("Deploy 1 stack to account");
    terminal.types("y\n");
    let ended = terminal.end().with(0);
    ended.said(&[
        "Foundation: no changes",
        "DevCluster: no changes",
        "DevAppStack: create, 27 to add",
        &format!("to account {} in eu-west-1? [y/N]", cloud.account),
        "DevAppStack                  created        27 of 27",
        "Done: 1 stack deployed.",
    ]);
    assert_eq!(cloud.status("DevAppStack"), "CREATE_COMPLETE");
    assert!(cloud.image_in_dev("app").ends_with("penguin-school/app:1111111"));
}

#[test]
fn second_deployment_makes_no_changes() {
    let Some(cloud) = deployed() else { return };
    cloud.infra(&["deploy", "dev", "--yes"]).with(0).said(&[
        "Foundation: no changes",
        "DevCluster: no changes",
        "DevAppStack: no changes",
        "No changes.",
    ]);
    for stack in ["Foundation", "DevCluster", "DevAppStack"] {
        assert_eq!(cloud.status(stack), "CREATE_COMPLETE", "{stack}");
        assert_eq!(cloud.open_change_sets(stack), 0, "{stack}");
    }
}

#[test]
fn new_release_and_settings_update_only_affected_stacks() {
    let Some(cloud) = deployed() else { return };
    cloud.release("2222222");
    let ended = cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    // Tasks of the old release stop normally.
    assert!(!ended.text.contains("stopped"), "{}", ended.text);
    ended.said(&[
        "DevAppStack: ",
        "may replace TaskDefinition         AWS::ECS::TaskDefinition",
        "DevAppStack: updated",
        "Done: 1 stack deployed.",
    ]);
    assert!(cloud.image_in_dev("proxy").ends_with("proxy:2222222"));
    // Back to the first release.
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
fn declined_deployment_leaves_no_stacks() {
    let Some(cloud) = Cloud::open() else { return };
    let mut terminal = cloud.terminal(&["deploy", "Foundation", "clusters"]);
    terminal.sees("Deploy 3 stacks to account");
    assert_eq!(cloud.status("DevCluster"), "REVIEW_IN_PROGRESS");
    terminal.types("n\n");
    terminal
        .end()
        .with(3)
        .said(&["No changes made; temporary change sets were deleted."]);
    assert_eq!(cloud.stacks(), Vec::<String>::new());

    // A declined update leaves no change set.
    cloud.infra(&["deploy", "Foundation", "--yes"]).with(0);
    cloud.edit("# token-secret = ", "token-secret = ");
    let mut terminal = cloud.terminal(&["deploy", "Foundation"]);
    terminal.sees("[y/N]");
    assert_eq!(cloud.open_change_sets("Foundation"), 1);
    terminal.types("n\n");
    terminal.end().with(3);
    assert_eq!(cloud.status("Foundation"), "CREATE_COMPLETE");
    assert_eq!(cloud.open_change_sets("Foundation"), 0);
}

#[test]
fn live_table_is_redrawn_in_place_in_a_small_terminal() {
    let Some(cloud) = Cloud::open() else { return };
    let held = cloud.hold("DevCluster", "Vpc");
    let (columns, lines) = (50, 12);
    let mut terminal = cloud.terminal_of_size(columns, lines, &["deploy", "DevCluster", "--yes"]);
    // Several redraws, of lines that are wider than the terminal.
    for clock in [
        "0:00  DevCluster",
        "0:01  DevCluster",
        "0:02  DevCluster",
        "0:03  DevCluster",
    ] {
        terminal.sees(clock);
    }
    let screen = terminal.screen(columns, lines);
    let tables = screen.matches("  DevCluster   ").count();
    assert_eq!(tables, 1, "{screen}");
    assert!(screen.contains("Vpc (EC2::VPC)"), "{screen}");
    drop(held);
    // The last state stays on the screen.
    terminal
        .end()
        .with(0)
        .said(&["DevCluster                   created"]);
}

#[test]
fn ctrl_c_at_the_question_deletes_change_sets() {
    let Some(cloud) = Cloud::open() else { return };
    let mut terminal = cloud.terminal(&["deploy", "Foundation"]);
    terminal.sees("[y/N]");
    terminal.types("\x03");
    terminal.end().with(130).said(&[
        "Interrupted.",
        "No changes made; temporary change sets were deleted.",
    ]);
    assert_eq!(cloud.stacks(), Vec::<String>::new());
}

#[test]
fn failed_update_is_rolled_back_and_diagnosed() {
    let Some(cloud) = deployed() else { return };
    cloud.release("2222222");
    let reason = "Invalid request provided: Create TaskDefinition: Role is not valid";
    let failing = cloud.fail("DevAppStack", "TaskDefinition", reason);
    let ended = cloud.infra(&["deploy", "dev", "--yes"]).with(4);
    let ended = ended.said(&[
        "DevAppStack: rolled back",
        "error: DevAppStack: update failed and was rolled back\n",
        &format!("  TaskDefinition (AWS::ECS::TaskDefinition): {reason}\n"),
        "hint: ",
    ]);
    assert!(!ended.text.contains("Done"), "{}", ended.text);
    assert_eq!(cloud.status("DevAppStack"), "UPDATE_ROLLBACK_COMPLETE");
    assert!(cloud.image_in_dev("app").ends_with(":1111111"));
    // After the cause is corrected, the same command succeeds.
    drop(failing);
    cloud.infra(&["deploy", "dev", "--yes"]).with(0);
    assert!(cloud.image_in_dev("app").ends_with(":2222222"));
}

#[test]
fn stacks_of_another_project_are_not_changed() {
    let Some(cloud) = Cloud::open() else { return };
    cloud.infra(&["deploy", "Foundation", "--yes"]).with(0);
    cloud.edit("name = \"penguin-school\"", "name = \"penguins\"");
    let reason = "error: stack Foundation belongs to project `penguin-school`, not to `penguins`\n";
    for verb in [
        ["deploy", "Foundation", "--yes"],
        ["destroy", "Foundation", "--yes"],
    ] {
        cloud.infra(&verb).with(1).said(&[reason]);
    }
    assert_eq!(cloud.status("Foundation"), "CREATE_COMPLETE");
    assert_eq!(cloud.open_change_sets("Foundation"), 0);
}

#[test]
fn name_conflict_fails_creation_then_recreates() {
    let Some(cloud) = Cloud::open() else { return };
    cloud.put_parameter("/penguin-school/dev/vpc-id", "vpc-of-somebody-else");
    cloud.infra(&["deploy", "DevCluster", "--yes"]).with(4).said(&[
        "error: DevCluster: creation failed; its resources were deleted\n",
        "  VpcIdParameter (AWS::SSM::Parameter): ",
        "hint: correct the cause, then run `infra deploy DevCluster`",
    ]);
    assert_eq!(cloud.status("DevCluster"), "ROLLBACK_COMPLETE");
    cloud.delete_parameter("/penguin-school/dev/vpc-id");
    let mut terminal = cloud.terminal(&["deploy", "DevCluster"]);
    terminal.sees("Delete DevCluster and recreate it?");
    terminal.types("y\n");
    terminal.sees("Deploy 1 stack");
    terminal.types("y\n");
    terminal.end().with(0).said(&[
        "VpcIdParameter (AWS::SSM::Parameter)",
        "DevCluster: creation failed (ROLLBACK_COMPLETE)",
        "failed stack deleted",
        "Done: 1 stack deployed.",
    ]);
    assert_eq!(cloud.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn ctrl_c_cancels_an_update() {
    let Some(cloud) = deployed() else { return };
    cloud.release("2222222");
    let held = cloud.hold("DevAppStack", "TaskDefinition");
    let mut terminal = cloud.terminal(&["deploy", "dev", "--yes"]);
    terminal.sees("TaskDefinition (ECS::TaskDefinition)");
    terminal.types("\x03");
    terminal.sees("cancelling the update; press Ctrl-C again to stop waiting");
    drop(held);
    terminal
        .end()
        .with(130)
        .said(&["DevAppStack: cancelled (UPDATE_ROLLBACK_COMPLETE)"]);
    assert_eq!(cloud.status("DevAppStack"), "UPDATE_ROLLBACK_COMPLETE");
    assert!(cloud.image_in_dev("app").ends_with(":1111111"));
}

#[test]
fn destroy_follows_dependencies() {
    let Some(cloud) = deployed() else { return };
    cloud.infra(&["destroy", "DevCluster", "--yes"]).with(1).said(&[
        "cannot delete DevCluster: DevAppStack depends on it",
        "`infra destroy DevAppStack DevCluster` deletes all in this order",
    ]);
    let held = cloud.hold("DevAppStack", "Service");
    let mut terminal = cloud.terminal(&["destroy", "dev"]);
    terminal.sees("[y/N]");
    terminal.types("y\n");
    terminal.sees("Service (ECS::Service)");
    // The cluster waits for the deletion of the service.
    assert_eq!(cloud.status("DevAppStack"), "DELETE_IN_PROGRESS");
    assert_eq!(cloud.status("DevCluster"), "CREATE_COMPLETE");
    drop(held);
    terminal.end().with(0).said(&[
        "DevAppStack: delete, 27 resources",
        "DevCluster: delete, 49 resources",
        "Delete DevAppStack, DevCluster in account",
        "Done: 2 stacks deleted.",
    ]);
    // Images are shared.
    assert_eq!(cloud.stacks(), ["Foundation"]);
    cloud
        .infra(&["destroy", "dev", "--yes"])
        .with(0)
        .said(&["No changes"]);
}

#[test]
fn protected_stack_requires_force_and_confirmation() {
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
        .said(&["error: DevAppStack: deletion protection is enabled\n", "--force"]);
    // Undeployed settings do not matter.
    cloud.edit("min-tasks = 1", "min-tasks = 2");
    let mut terminal = cloud.terminal(&["destroy", "DevAppStack", "--force"]);
    terminal.sees("[y/N]");
    terminal.types("y\n");
    terminal.end().with(0).said(&[
        "deletion protection is disabled first",
        "DevAppStack: disabling deletion protection of LoadBalancer",
        "DevAppStack                  updated  ",
        "DevAppStack                  deleted  ",
        "Done: 1 stack deleted.",
    ]);
    assert_eq!(cloud.status("DevAppStack"), "absent");
}

#[test]
fn refused_destroy_names_a_command_that_works() {
    let Some(cloud) = deployed() else { return };
    let refused = cloud
        .infra(&["destroy", "DevCluster", "Foundation", "--yes"])
        .with(1);
    let (_, command) = refused.text.split_once("`infra ").unwrap();
    let (command, _) = command.split_once('`').unwrap();
    assert_eq!(command, "destroy DevAppStack DevCluster Foundation --force");
    let mut arguments: Vec<&str> = command.split(' ').collect();
    arguments.push("--yes");
    cloud.infra(&arguments).with(0).said(&["Done: 3 stacks deleted."]);
    assert_eq!(cloud.stacks(), Vec::<String>::new());
}

#[test]
fn refusal_of_protected_stacks_names_all_stacks() {
    let Some(cloud) = deployed() else { return };
    // Only Foundation is protected.
    cloud
        .infra(&["destroy", "dev", "Foundation", "--yes"])
        .with(1)
        .said(&[
            "error: Foundation: deletion protection is enabled\n",
            "hint: `infra destroy DevAppStack DevCluster Foundation --force` disables it",
        ]);
}
