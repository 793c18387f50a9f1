//! Every state in which a stack can be stuck: what the tool says about it, asks, and does.

use insta::assert_snapshot;

use super::formation::{Formation, step};
use super::stage::{Session, Stage, Verb, creatable, updatable};

const CLUSTER: &str = "AWS::ECS::Cluster";
const SERVICE: &str = "AWS::ECS::Service";

#[test]
fn a_stack_that_never_came_into_being_is_created_anew_with_consent() {
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
    let stage = Stage::new(formation);
    let session = Session {
        answers: Some("y\ny\n"),
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    assert_eq!(stage.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn an_empty_stack_that_an_earlier_run_left_is_used() {
    let mut formation = creatable();
    let stack = formation.stack("DevCluster", "REVIEW_IN_PROGRESS");
    stack.change_sets.insert("infra-0001".into(), "CREATE_COMPLETE");
    stack
        .change_sets
        .insert("infra-review-0001".into(), "CREATE_COMPLETE");
    let stage = Stage::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &stage));
    assert_eq!(stage.status("DevCluster"), "CREATE_COMPLETE");
}

#[test]
fn an_operation_under_way_is_joined_and_then_the_deployment_goes_on() {
    let mut formation = updatable(vec![step("UPDATE_IN_PROGRESS"), step("UPDATE_COMPLETE")]);
    let stack = formation.stack("DevCluster", "UPDATE_IN_PROGRESS");
    stack.path = vec![
        step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
    ]
    .into();
    let stage = Stage::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &stage));
}

#[test]
fn a_stuck_rollback_is_continued_and_what_holds_it_up_skipped_with_consent() {
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
    let stage = Stage::new(formation);
    let session = Session {
        answers: Some("y\ny\ny\n"),
        yes: false,
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &stage));
    let calls = stage.server.calls();
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
fn a_deletion_that_failed_is_explained() {
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
    let stage = Stage::new(formation);
    assert_snapshot!(Session::default().run(Verb::Deploy, &stage));
}

#[test]
fn a_failed_update_without_a_rollback_is_updated() {
    let mut formation = updatable(vec![
        step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
    ]);
    formation.stack("DevCluster", "UPDATE_FAILED");
    let stage = Stage::new(formation);
    let text = Session::default().run(Verb::Deploy, &stage);
    assert!(
        text.contains("Done: 1 stack deployed.") && text.contains("exit code 0"),
        "{text}"
    );
    assert_eq!(stage.status("DevCluster"), "UPDATE_COMPLETE");
}

#[test]
fn a_status_that_nobody_knows_stops_the_tool() {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "MIGRATION_IN_LIMBO");
    let stage = Stage::new(formation);
    let text = Session::default().run(Verb::Deploy, &stage);
    assert!(
        text.starts_with(
            "error: DevCluster is in a status that this tool does not know: MIGRATION_IN_LIMBO\n"
        ) && text.contains("exit code 1"),
        "{text}"
    );
    assert_eq!(stage.server.count("CreateChangeSet"), 0);
}

#[test]
fn a_rollback_that_stays_stuck_is_never_skipped_by_a_script() {
    let mut formation = updatable(Vec::new());
    formation.stack("DevCluster", "UPDATE_ROLLBACK_FAILED");
    formation.on_continue = vec![vec![
        step("UPDATE_ROLLBACK_IN_PROGRESS"),
        step("UPDATE_ROLLBACK_FAILED").with("Service", SERVICE, "UPDATE_FAILED", "the image is gone"),
    ]]
    .into();
    let stage = Stage::new(formation);
    let text = Session::default().run(Verb::Deploy, &stage);
    assert!(
        text.contains("error: DevCluster: the rollback stays stuck at Service\n")
            && text.contains("without `--yes` offers to skip them")
            && text.contains("exit code 4"),
        "{text}"
    );
    assert_eq!(stage.server.count("ContinueUpdateRollback"), 1);
}
