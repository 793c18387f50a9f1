//! The program itself, where it cannot reach AWS: one sentence, the remedy, quickly; and where it was killed.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::formation::{Formation, change, step};
use super::stage::{Stage, updatable};
use super::wire::{Answer, Server};

/// Settings of a fork's first hour.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings/school.toml");

/// `infra` with nobody's credentials and nobody's configuration.
pub(super) fn infra(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command
        .args(["--config", SETTINGS, "--color", "never"])
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null());
    command
}

pub(super) fn told(output: &Output) -> String {
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

/// Every verb that asks AWS begins with these words, says nothing else, and ends soon.
pub(super) fn every_verb_says(words: &str, run: impl Fn(&[&str]) -> Output) {
    for verb in [
        "status",
        "status dev --watch",
        "logs dev",
        "logs prod --follow",
        "releases",
        "rollback prod",
        "pipeline status",
        "pipeline start dev",
        "pipeline approve --yes",
        "pipeline reject",
        "destroy dev",
        "diff",
        "diff dev --drift",
    ] {
        let began = Instant::now();
        let output = run(&verb.split(' ').collect::<Vec<_>>());
        let told = told(&output);
        assert!(told.starts_with(words), "{verb}: {told}");
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(1), 0),
            "{verb}"
        );
        // The metadata service would be asked for longer.
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "{verb}: {:?}",
            began.elapsed()
        );
    }
}

#[test]
fn without_credentials_every_verb_says_so_and_soon() {
    let home = tempfile::tempdir().unwrap();
    let words = "error: no AWS credentials\n\nhint: `aws configure sso`";
    every_verb_says(words, |verb| infra(home.path()).args(verb).output().unwrap());
}

#[test]
fn check_without_credentials_tells_what_it_knows_and_then_that() {
    let home = tempfile::tempdir().unwrap();
    let output = infra(home.path()).arg("check").output().unwrap();
    let found = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(found.starts_with("ok       settings: "), "{found}");
    let last: Vec<_> = found
        .lines()
        .skip_while(|line| !line.starts_with("error"))
        .collect();
    assert_eq!(last[0], "error    account: no AWS credentials", "{found}");
    assert!(last[1].contains("`aws configure sso` once"), "{found}");
    assert_eq!(output.status.code(), Some(1), "{found}");
}

#[test]
fn what_is_deployed_is_compared_with_what_would_be() {
    let home = tempfile::tempdir().unwrap();
    let synth = infra(home.path())
        .args(["synth", "DevAppStack"])
        .output()
        .unwrap();
    let ours = String::from_utf8(synth.stdout).unwrap();
    let mut formation = Formation::default();
    // Deployed with another grace period, and with a port closed that ours opens.
    let mut deployed: serde_json::Value = serde_json::from_str(&ours).unwrap();
    deployed["Resources"]["Service"]["Properties"]["HealthCheckGracePeriodSeconds"] = 30.into();
    let resources = deployed["Resources"].as_object_mut().unwrap();
    let opening = resources.iter().find(|(_, resource)| {
        resource["Type"] == "AWS::EC2::SecurityGroupIngress"
            && resource["Properties"]["CidrIp"] == "0.0.0.0/0"
    });
    let name = opening.unwrap().0.clone();
    resources.remove(&name);
    formation.stack("DevAppStack", "UPDATE_COMPLETE").template = deployed.to_string();
    formation.drifts.insert(
        "DevAppStack".into(),
        "<member><StackId>x</StackId><LogicalResourceId>ErrorsAlarm</LogicalResourceId><ResourceType>AWS::CloudWatch::Alarm</ResourceType><StackResourceDriftStatus>MODIFIED</StackResourceDriftStatus><PropertyDifferences><member><PropertyPath>/Threshold</PropertyPath><ExpectedValue>10</ExpectedValue><ActualValue>1000</ActualValue><DifferenceType>NOT_EQUAL</DifferenceType></member></PropertyDifferences><Timestamp>2026-11-01T10:00:00Z</Timestamp></member>".into(),
    );
    let stage = Stage::new(formation);
    let diff = |arguments: &[&str]| {
        let mut command = infra(home.path());
        on_stage(&mut command, &stage)
            .args(["diff", "DevAppStack", "--exit-code"])
            .args(arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", told(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    insta::assert_snapshot!(diff(&["--drift"]));
    let json: serde_json::Value = serde_json::from_str(&diff(&["--drift", "--json"])).unwrap();
    assert_eq!(json["stacks"][0]["drift"][0]["properties"][0]["actual"], "1000");
    assert!(!diff(&[]).contains("changed by hand"));
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

/// What it says when AWS answers the first call with this error.
fn refused(code: &'static str, message: &'static str) -> String {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(move |_| Some(Answer::Error(403, code, message.into())));
    let output = infra(home.path())
        .args(["deploy", "prod", "--yes", "--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .env("AWS_ENDPOINT_URL", &server.endpoint)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    // Asking again would not help.
    assert_eq!(server.calls().len(), 1);
    told(&output)
}

#[test]
fn credentials_that_aws_does_not_know_are_said_to_be_so() {
    let told = refused(
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    );
    assert!(
        told.starts_with("error: AWS does not accept these credentials: The security token"),
        "{told}"
    );
    assert!(
        told.contains("\nhint: `aws sts get-caller-identity` tests them"),
        "{told}"
    );
}

#[test]
fn credentials_that_have_expired_are_said_to_be_so() {
    let told = refused(
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    assert!(
        told.starts_with("error: the AWS credentials have expired\n"),
        "{told}"
    );
    assert!(told.contains("\nhint: `aws sso login` signs in again"), "{told}");
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

/// With credentials for the stage, and its address.
pub(super) fn on_stage<'a>(command: &'a mut Command, stage: &Stage) -> &'a mut Command {
    command
        .args(["--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .env("AWS_ENDPOINT_URL", &stage.server.endpoint)
}

fn spawn(stage: &Stage, home: &Path) -> Child {
    on_stage(&mut infra(home), stage)
        .args(["deploy", "DevCluster", "--yes"])
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

/// The most memory that a deployment took, in KiB, whose update brings so many events.
#[cfg(target_os = "linux")]
fn peak_memory(events: usize) -> u64 {
    let cluster = "AWS::ECS::Cluster";
    let mut first = step("UPDATE_IN_PROGRESS");
    for number in 0..events {
        let resource = format!("Resource{}", number % 300);
        first = first.with(&resource, cluster, "UPDATE_IN_PROGRESS", "");
    }
    let stage = Stage::new(updatable(vec![
        first,
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_COMPLETE"),
    ]));
    let home = tempfile::tempdir().unwrap();
    let mut child = spawn(&stage, home.path());
    let said = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(said).unwrap());
    let mut peak = 0;
    let status = loop {
        // The system keeps the peak, so that it does not matter when it is read; but not after the end.
        let now = fs_err::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = now.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kib) = line.and_then(|line| line.trim().strip_suffix(" kB")) {
            peak = peak.max(kib.parse().unwrap());
        }
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = reader.join().unwrap();
    assert!(status.success() && peak > 0, "{text}");
    peak
}

#[cfg(target_os = "linux")]
#[test]
#[expect(
    clippy::print_stdout,
    reason = "figures for whoever asks for them with --nocapture"
)]
fn ten_thousand_events_take_hardly_more_memory_than_a_hundred() {
    let (few, many) = (peak_memory(100), peak_memory(10_000));
    println!("peak memory: {few} KiB with 100 events, {many} KiB with 10,000");
    // A kilobyte for each event would be 10 MiB.
    assert!(many < few + 6 * 1024, "{few} KiB, then {many} KiB");
}
