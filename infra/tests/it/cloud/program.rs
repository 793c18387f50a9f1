//! The program itself, where it cannot reach AWS: one sentence, the remedy, quickly; and where it was killed.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::formation::{Formation, change, step};
use super::stage::Stage;

/// Settings of a fork's first hour.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings/school.toml");

/// `infra` with nobody's credentials and nobody's configuration.
fn infra(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command
        .args(["--config", SETTINGS, "--color", "never"])
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null());
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn without_credentials_it_says_so_within_two_seconds() {
    let home = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let output = infra(home.path()).args(["deploy", "prod"]).output().unwrap();
    let took = began.elapsed();
    insta::assert_snapshot!(told(&output), @r"
    error: no AWS credentials

    hint: `aws configure sso` once, then `--profile NAME`; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    ");
    assert_eq!(output.status.code(), Some(1));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_profile_that_does_not_exist_is_named() {
    let home = tempfile::tempdir().unwrap();
    let output = infra(home.path())
        .args(["deploy", "prod", "--profile", "nobody"])
        .output()
        .unwrap();
    let told = told(&output);
    assert!(told.contains("the profile `nobody`"), "{told}");
    assert!(told.contains("hint: `aws configure list-profiles`"), "{told}");
}

#[test]
fn without_a_network_it_says_so() {
    let home = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let output = infra(home.path())
        .args(["deploy", "prod", "--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        // A port that nobody listens on.
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .output()
        .unwrap();
    let told = told(&output);
    assert!(told.starts_with("error: cannot reach AWS: "), "{told}");
    assert!(told.contains("hint: check the network"), "{told}");
    assert_eq!(output.status.code(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

/// A deployment of `DevCluster` that takes `looks` looks; killed and begun again it ends in the right state.
fn kill_after(operation: &str, times: usize) {
    let cluster = "AWS::ECS::Cluster";
    let mut formation = Formation::default();
    formation
        .changes
        .insert("DevCluster".into(), change("Add", "Cluster", cluster, ""));
    let mut path = vec![step("CREATE_IN_PROGRESS").with("Cluster", cluster, "CREATE_IN_PROGRESS", "")];
    path.extend(std::iter::repeat_n(step("CREATE_IN_PROGRESS"), 4));
    path.push(step("CREATE_COMPLETE").with("Cluster", cluster, "CREATE_COMPLETE", ""));
    formation.on_execute.insert("DevCluster".into(), path);
    let stage = Stage::new(formation);
    let home = tempfile::tempdir().unwrap();
    let mut first = spawn(&stage, home.path());
    let patience = Instant::now();
    while stage.server.count(operation) < times {
        assert!(
            patience.elapsed() < Duration::from_mins(1),
            "{operation} was never called"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    // SIGKILL: nothing can be tidied up.
    first.kill().unwrap();
    first.wait().unwrap();
    let second = spawn(&stage, home.path()).wait_with_output().unwrap();
    assert!(
        second.status.success(),
        "killed after {operation}: {}",
        told(&second)
    );
    assert_eq!(
        stage.status("DevCluster"),
        "CREATE_COMPLETE",
        "killed after {operation}"
    );
    let left = stage.look(|formation| formation.stacks["DevCluster"].change_sets.len());
    assert_eq!(left, 0, "change sets left, killed after {operation}");
    assert_eq!(
        stage.server.count("ExecuteChangeSet"),
        1,
        "killed after {operation}"
    );
}

fn spawn(stage: &Stage, home: &Path) -> Child {
    infra(home)
        .args(["deploy", "DevCluster", "--yes", "--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .env("AWS_ENDPOINT_URL", &stage.server.endpoint)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn killed_while_it_looks_it_begins_anew() {
    kill_after("DescribeStacks", 1);
}

#[test]
fn killed_while_the_change_set_is_made_the_next_run_uses_the_empty_stack() {
    kill_after("CreateChangeSet", 1);
}

#[test]
fn killed_while_the_change_set_runs_the_next_run_joins_it() {
    kill_after("ExecuteChangeSet", 1);
}

#[test]
fn killed_while_it_follows_events_the_next_run_joins_it() {
    kill_after("DescribeStackEvents", 3);
}
