//! Rollbacks by ECS, and what stopped tasks and service events explain.

use super::*;
use std::time::Duration;

fn task(id: &str, second: u64, reason: &str, containers: Vec<StoppedContainer>) -> StoppedTask {
    StoppedTask {
        id: id.into(),
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(second),
        reason: reason.into(),
        containers,
    }
}

fn deployment(revision: u32, primary: bool, state: &str) -> Deployment {
    Deployment {
        task_definition: format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/school:{revision}"),
        primary,
        rollout: Rollout {
            state: state.into(),
            reason: (state == "FAILED").then(|| "tasks failed to start".to_owned()),
            ..Rollout::default()
        },
    }
}

#[test]
fn rollback_by_ecs_is_detected_by_the_task_definition() {
    let ours = "arn:aws:ecs:eu-west-1:123456789012:task-definition/school:8";
    let well = [
        deployment(8, true, "COMPLETED"),
        deployment(7, false, "COMPLETED"),
    ];
    assert_eq!(abandoned(&well, ours), None);
    // The rollback's own deployment is healthy; the failed one is no longer listed.
    let back = [deployment(7, true, "COMPLETED")];
    assert_eq!(
        abandoned(&back, ours).as_deref(),
        Some("ECS rolled back to school:7; the stack's task definition is school:8")
    );
    let failed = [deployment(7, true, "IN_PROGRESS"), deployment(8, false, "FAILED")];
    assert_eq!(abandoned(&failed, ours).as_deref(), Some("tasks failed to start"));
    assert_eq!(abandoned(&[], ours), None);
}

#[test]
fn newest_stopped_task_shows_exit_code_and_last_log_lines() {
    let mut evidence = Evidence::default();
    let app = StoppedContainer {
        name: "app".into(),
        exit_code: Some(64),
        reason: None,
        last_lines: vec!["error: APP_LISTEN: \"x\" is no address".into()],
    };
    let proxy = StoppedContainer {
        name: "proxy".into(),
        exit_code: Some(0),
        ..StoppedContainer::default()
    };
    evidence.absorb_task("arn/1", task("0123456789", 1, "older", Vec::new()));
    assert!(evidence.absorb_task(
        "arn/2",
        task(
            "abcdefghijk",
            2,
            "Essential container in task exited",
            vec![proxy, app]
        )
    ));
    insta::assert_snapshot!(evidence.stop_reasons().join("\n"), @r#"
        task abcdefgh stopped: Essential container in task exited
          app exited with 64 (invalid settings)
            | error: APP_LISTEN: "x" is no address
        "#);
}

#[test]
fn evidence_is_bounded() {
    let mut evidence = Evidence::default();
    for n in 0..1000_u64 {
        evidence.absorb_task(format!("arn/{n}"), task(&n.to_string(), n, "died", Vec::new()));
    }
    assert_eq!(evidence.tasks().len(), TASKS_KEPT);
    assert_eq!(evidence.tasks()[0].id, "999");
    assert_eq!(evidence.unknown(["arn/3", "arn/x"]), ["arn/x"]);
}

#[test]
fn tasks_stopped_by_scaling_are_ignored() {
    let mut evidence = Evidence::default();
    let reason = "Scaling activity initiated by (deployment ecs-svc/123)";
    assert!(!evidence.absorb_task("arn/1", task("1", 1, reason, Vec::new())));
    let obeyed = |reason: &str| {
        let code = |code| StoppedContainer {
            exit_code: Some(code),
            ..StoppedContainer::default()
        };
        task("2", 1, reason, vec![code(0), code(143)])
    };
    assert!(obeyed("Deployment completed").ended_normally());
    assert!(!obeyed("Essential container in task exited").ended_normally());
    assert!(!obeyed("Task failed ELB health checks").ended_normally());
    assert!(evidence.stop_reasons().is_empty());
    evidence.absorb_events([
        "(service web) has reached a steady state.",
        "(service web) (task 1) failed ELB health checks",
    ]);
    assert_eq!(
        evidence.stop_reasons(),
        ["ECS: (service web) (task 1) failed ELB health checks"]
    );
}

#[test]
fn exit_codes_have_their_usual_meaning() {
    let words: Vec<_> = [0, 1, 64, 126, 127, 132, 134, 137, 139, 143]
        .map(|code| format!("{code}{}", exit_code_words(code)))
        .into();
    insta::assert_snapshot!(words.join("\n"), @"
        0
        1
        64 (invalid settings)
        126 (program not found or not executable)
        127 (program not found or not executable)
        132 (crashed)
        134 (crashed)
        137 (killed)
        139 (crashed)
        143 (SIGTERM)
        ");
}

#[test]
fn hint_is_that_of_the_newest_task() {
    let mut evidence = Evidence::default();
    assert_eq!(evidence.hint(), None);
    evidence.absorb_task("arn/1", task("1", 1, "Task failed health checks", Vec::new()));
    let pull = task("2", 2, "CannotPullContainerError: manifest unknown", Vec::new());
    evidence.absorb_task("arn/2", pull.clone());
    assert_eq!(evidence.hint(), pull.hint());
}

#[test]
fn reasons_of_stopped_tasks_have_hints() {
    let container = |exit_code, reason: Option<&str>| StoppedContainer {
        exit_code,
        reason: reason.map(str::to_owned),
        ..StoppedContainer::default()
    };
    let hint = |reason: &str, container: StoppedContainer| {
        let hint = task("1", 1, reason, vec![container]).hint();
        let first_words = |hint: String| hint.split([':', ',']).next().unwrap().to_owned();
        hint.map(first_words)
    };
    let quiet = || container(None, None);
    let exited = "Essential container in task exited";
    let pull = Some("cannot pull the image".to_owned());
    assert_eq!(hint("CannotPullContainerError: manifest unknown", quiet()), pull);
    assert_eq!(hint("unable to pull image from the registry", quiet()), pull);
    assert_eq!(
        hint("ResourceInitializationError: unable to pull secrets", quiet()),
        Some("cannot start the task".to_owned())
    );
    let memory = Some("out of memory".to_owned());
    assert_eq!(hint(exited, container(None, Some("OutOfMemoryError"))), memory);
    assert_eq!(hint(exited, container(Some(137), None)), memory);
    assert_eq!(
        hint("Task failed container health checks", quiet()),
        Some("the container runs but fails its health check".to_owned())
    );
    assert_eq!(hint(exited, container(Some(1), None)), None);
}
