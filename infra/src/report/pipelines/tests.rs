//! Pipeline reports at 80 columns without color.

use std::time::Duration;

use super::*;
use crate::pipelines::FailedBuild;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn action(name: &str, status: &str, seconds: u64) -> ActionState {
    ActionState {
        name: name.into(),
        status: Some(status.into()),
        since: Some(now() - Duration::from_secs(seconds)),
        ..ActionState::default()
    }
}

fn stage(name: &str, status: &str, run: &str, actions: Vec<ActionState>) -> StageState {
    StageState {
        name: name.into(),
        status: Some(status.into()),
        run: Some(run.into()),
        closed: None,
        actions,
    }
}

fn run(status: &str) -> Run {
    Run {
        id: "new".into(),
        status: status.into(),
        began: now() - Duration::from_mins(12),
        commit: Some("4f2a9c01d7a0e5b6c8d9e0f1a2b3c4d5e6f70819".into()),
        summary: Some("The site answers 16 ms after it was started\n\nAt length.".into()),
    }
}

fn shown(pipeline: &PipelineState) -> String {
    let lines = lines(pipeline, now(), Paint::new(false));
    for line in lines.iter().filter(|line| !line.contains("https://")) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    lines.join("\n")
}

#[test]
fn failed_build_shows_reason_and_last_log_lines() {
    let mut images = action("BuildImages", "Failed", 300);
    images.build = Some(FailedBuild {
        reason: "BUILD: COMMAND_EXECUTION_ERROR: Error while executing command: docker build --file Dockerfile.app. Reason: exit status 1".into(),
        last_lines: vec!["app | error[E0432]: unresolved import".into(), "app | could not compile".into()],
    });
    images.link = Some("https://console.aws.amazon.com/codebuild/x".into());
    let pipeline = PipelineState {
        name: "penguin-dev".into(),
        run: Some(run("Failed")),
        stages: vec![
            stage(
                "Source",
                "Succeeded",
                "new",
                vec![action("Source", "Succeeded", 700)],
            ),
            stage(
                "Build",
                "Failed",
                "new",
                vec![images, action("SynthTemplate", "Succeeded", 500)],
            ),
            stage(
                "Deploy",
                "Succeeded",
                "old",
                vec![action("DeployDev", "Succeeded", 90_000)],
            ),
        ],
    };
    insta::assert_snapshot!(shown(&pipeline));
    assert!(pipeline.waiting().is_empty());
}

#[test]
fn pending_approval_is_shown_and_found() {
    let mut approve = action("Approve", "InProgress", 60);
    approve.token = Some("t0".into());
    let mut closed = StageState {
        name: "Prod".into(),
        closed: Some("frozen until Monday".into()),
        ..StageState::default()
    };
    closed.actions.push(ActionState {
        name: "DeployProd".into(),
        ..ActionState::default()
    });
    let pipeline = PipelineState {
        name: "penguin-release".into(),
        run: Some(run("InProgress")),
        stages: vec![stage("Approval", "InProgress", "new", vec![approve]), closed],
    };
    insta::assert_snapshot!(shown(&pipeline));
    let waiting = pipeline.waiting();
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (waiting[0].token.as_str(), waiting[0].run.as_deref()),
        ("t0", Some("new"))
    );
}

#[test]
fn pipeline_without_runs() {
    let pipeline = PipelineState {
        name: "penguin-dev".into(),
        ..PipelineState::default()
    };
    assert_eq!(shown(&pipeline), "penguin-dev: no runs yet");
}
