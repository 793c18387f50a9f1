//! Stuck stacks: messages, questions and actions for every status.

use insta::assert_snapshot;

use super::formation::{Formation, step};
use super::harness::{Harness, Session, Verb, creatable, updatable};

const CLUSTER: &str = "AWS::ECS::Cluster";
const SERVICE: &str = "AWS::ECS::Service";

#[test]
fn failed_creation_is_recreated_after_confirmation() {
    let mut formation = creatable();
    let stack = formation.stack("DevCluster", "ROLLBACK_COMPLETE");
    stack.events = vec![
        (
            1,
            (
                "DevCluster".into(),
                "AWS::CloudFormation::Stack".into(),
                "CREATE_IN_PROGRESS".into(),
                String::new(),
            ),
        ),
        (
            2,
            (
                "Vpc".into(),
                "AWS::EC2::VPC".into(),
                "CREATE_FAILED".into(),
                "The maximum number of VPCs has been reached.".into(),
            ),
        ),
        (
            3,
            (
                "DevCluster".into(),
                "AWS::CloudFormation::Stack".into(),
                "ROLLBACK_COMPLETE".into(),
                String::new(),
            ),
        ),
    ];
    let harness = Harness::new(formation);
    let session = Session::typing("y\ny\n");
    assert_snapshot!(session.run(Verb::Deploy, &harness));
    assert_eq!(harness.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn empty_stack_of_an_earlier_run_is_reused() {
    let mut formation = creatable();
    let stack = formation.stack("DevCluster", "REVIEW_IN_PROGRESS");
    stack.change_sets.insert("infra-0001".into(), "CREATE_COMPLETE");
    stack
        .change_sets
        .insert("infra-review-0001".into(), "CREATE_COMPLETE");
    let harness = Harness::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &harness));
    assert_eq!(harness.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn running_operation_is_followed_before_deployment() {
    let mut formation = updatable(vec![step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")]);
    let stack = formation.stack("DevCluster", "UPDATE_IN_PROGRESS");
    stack.path = vec![
        step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
    ]
    .into();
    let harness = Harness::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &harness));
}

#[test]
fn failed_rollback_is_continued_and_resources_skipped() {
    let mut formation = updatable(vec![step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")]);
    let stack = formation.stack("DevCluster", "UPDATE_ROLLBACK_FAILED");
    stack.events = vec![
        (
            1,
            (
                "DevCluster".into(),
                "AWS::CloudFormation::Stack".into(),
                "UPDATE_IN_PROGRESS".into(),
                String::new(),
            ),
        ),
        (
            2,
            (
                "Service".into(),
                SERVICE.into(),
                "UPDATE_FAILED".into(),
                "the image is gone".into(),
            ),
        ),
    ];
    formation.on_continue = vec![
        vec![
            step("UPDATE_ROLLBACK_IN_PROGRESS"),
            step("UPDATE_ROLLBACK_FAILED").with(
                "Service",
                SERVICE,
                "UPDATE_FAILED",
                "the image is still gone",
            ),
        ],
        vec![
            step("UPDATE_ROLLBACK_IN_PROGRESS"),
            step("UPDATE_ROLLBACK_COMPLETE"),
        ],
    ]
    .into();
    let harness = Harness::new(formation);
    let session = Session::typing("y\ny\ny\n");
    assert_snapshot!(session.run(Verb::Deploy, &harness));
    let calls = harness.server.calls();
    let mut continued = calls
        .iter()
        .filter(|call| call.operation == "ContinueUpdateRollback");
    assert!(
        !continued
            .next()
            .unwrap()
            .form
            .contains_key("ResourcesToSkip.member.1")
    );
    assert_eq!(
        continued.next().unwrap().get("ResourcesToSkip.member.1"),
        "Service"
    );
}

#[test]
fn failed_deletion_is_explained() {
    let mut formation = Formation::default();
    let stack = formation.stack("DevCluster", "DELETE_FAILED");
    stack.events = vec![
        (
            1,
            (
                "DevCluster".into(),
                "AWS::CloudFormation::Stack".into(),
                "DELETE_IN_PROGRESS".into(),
                String::new(),
            ),
        ),
        (
            2,
            (
                "Logs".into(),
                "AWS::S3::Bucket".into(),
                "DELETE_FAILED".into(),
                "The bucket you tried to delete is not empty".into(),
            ),
        ),
    ];
    let harness = Harness::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &harness));
}

#[test]
fn failed_update_without_rollback_is_updated() {
    let mut formation = updatable(vec![
        step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
    ]);
    formation.stack("DevCluster", "UPDATE_FAILED");
    let harness = Harness::new(formation);
    let text = Session::default().run(Verb::Deploy, &harness);
    assert!(
        text.contains("Done: 1 stack deployed.") && text.contains("exit code 0"),
        "{text}"
    );
    assert_eq!(harness.status("DevCluster"), "UPDATE_COMPLETE");
}

#[test]
fn unknown_status_is_an_error() {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "MIGRATION_IN_LIMBO");
    let harness = Harness::new(formation);
    let text = Session::default().run(Verb::Deploy, &harness);
    assert!(
        text.starts_with("error: DevCluster has an unknown status: MIGRATION_IN_LIMBO\n")
            && text.contains("exit code 1"),
        "{text}"
    );
    assert_eq!(harness.server.count("CreateChangeSet"), 0);
}

#[test]
fn yes_never_skips_resources_of_a_failed_rollback() {
    let mut formation = updatable(Vec::new());
    formation.stack("DevCluster", "UPDATE_ROLLBACK_FAILED");
    formation.on_continue = vec![vec![
        step("UPDATE_ROLLBACK_IN_PROGRESS"),
        step("UPDATE_ROLLBACK_FAILED").with("Service", SERVICE, "UPDATE_FAILED", "the image is gone"),
    ]]
    .into();
    let harness = Harness::new(formation);
    let text = Session::default().run(Verb::Deploy, &harness);
    assert!(
        text.contains("error: DevCluster: the rollback failed again at Service\n")
            && text.contains("without `--yes` to skip these resources")
            && text.contains("exit code 4"),
        "{text}"
    );
    assert_eq!(harness.server.count("ContinueUpdateRollback"), 1);
}
