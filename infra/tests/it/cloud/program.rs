//! The program without access to AWS, and killed during a deployment.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::formation::{Formation, change, step};
use super::harness::{Harness, updatable};
use super::wire::{Response, Server};

/// Settings of a new fork.
const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings/school.toml");

/// `infra` without credentials and configuration.
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

pub(super) fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A server that accepts connections, counts them and does not answer.
struct Mute {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Mute {
    /// `holds`: it keeps the connections open, as if it were stuck; otherwise it closes them.
    fn start(holds: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::SeqCst);
                if holds {
                    held.push(stream);
                }
            }
        });
        Self { address, connections }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[test]
fn metadata_service_that_does_not_answer_is_asked_once() {
    let (home, metadata) = (tempfile::tempdir().unwrap(), Mute::start(true));
    let output = infra(home.path())
        .args(["deploy", "prod"])
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url())
        .output()
        .unwrap();
    insta::assert_snapshot!(printed(&output), @r"
    error: no AWS credentials

    hint: run `aws configure sso` once, then pass `--profile NAME`; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    ");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(metadata.connections.load(Ordering::SeqCst), 1);
}

/// Checks that every verb that calls AWS prints only this error.
pub(super) fn every_verb_says(words: &str, run: impl Fn(&[&str]) -> Output) {
    for verb in [
        "status",
        "status dev --watch",
        "logs dev",
        "logs prod --follow",
        "run dev -- migrate --all",
        "releases",
        "rollback prod",
        "push --tag own",
        "pipeline status",
        "pipeline start dev",
        "pipeline approve --yes",
        "pipeline reject",
        "destroy dev",
        "diff",
        "diff dev --drift",
    ] {
        let output = run(&verb.split(' ').collect::<Vec<_>>());
        let printed = printed(&output);
        assert!(printed.starts_with(words), "{verb}: {printed}");
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(1), 0),
            "{verb}"
        );
    }
}

#[test]
fn missing_credentials_are_reported_by_every_verb() {
    let home = tempfile::tempdir().unwrap();
    let words = "error: no AWS credentials\n\nhint: run `aws configure sso`";
    every_verb_says(words, |verb| infra(home.path()).args(verb).output().unwrap());
}

#[test]
fn check_without_credentials_prints_local_findings() {
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
fn diff_against_deployed_stack() {
    let home = tempfile::tempdir().unwrap();
    let mut formation = Formation::default();
    // Deployed with another grace period and without one of the open ports.
    let mut deployed = app_template(home.path());
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
    let harness = Harness::new(formation);
    let diff = |arguments: &[&str]| {
        let mut command = infra(home.path());
        with_mock(&mut command, &harness)
            .args(["diff", "DevAppStack", "--exit-code"])
            .args(arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    insta::assert_snapshot!(diff(&["--drift"]));
    let json: serde_json::Value = serde_json::from_str(&diff(&["--drift", "--json"])).unwrap();
    assert_eq!(json["stacks"][0]["drift"][0]["properties"][0]["actual"], "1000");
    assert!(!diff(&[]).contains("manual changes"));
}

#[test]
fn unknown_profile_is_named() {
    let home = tempfile::tempdir().unwrap();
    let output = infra(home.path())
        .args(["deploy", "prod", "--profile", "nobody"])
        .output()
        .unwrap();
    let printed = printed(&output);
    assert!(printed.contains("profile `nobody`"), "{printed}");
    assert!(
        printed.contains("hint: list profiles with `aws configure list-profiles`"),
        "{printed}"
    );
}

#[test]
fn missing_network_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let output = infra(home.path())
        .args(["deploy", "prod", "--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        // No server listens here.
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .output()
        .unwrap();
    let printed = printed(&output);
    assert!(printed.starts_with("error: cannot reach AWS: "), "{printed}");
    assert!(printed.contains("hint: check the network"), "{printed}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn first_call_is_made_once() {
    let (home, aws) = (tempfile::tempdir().unwrap(), Mute::start(false));
    let output = infra(home.path())
        .args(["deploy", "prod", "--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .env("AWS_ENDPOINT_URL", aws.url())
        .output()
        .unwrap();
    let printed = printed(&output);
    assert!(printed.starts_with("error: cannot reach AWS: "), "{printed}");
    assert_eq!(aws.connections.load(Ordering::SeqCst), 1);
}

/// Output when AWS returns this error to the first call.
fn refused(code: &'static str, message: &'static str) -> String {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(move |_| Some(Response::Error(403, code, message.into())));
    let output = infra(home.path())
        .args(["deploy", "prod", "--yes", "--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .env("AWS_ENDPOINT_URL", &server.endpoint)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    // Not retried.
    assert_eq!(server.calls().len(), 1);
    printed(&output)
}

#[test]
fn unknown_credentials_are_reported() {
    let printed = refused(
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    );
    assert!(
        printed.starts_with("error: AWS rejected the credentials: The security token"),
        "{printed}"
    );
    assert!(
        printed.contains("\nhint: test them with `aws sts get-caller-identity`"),
        "{printed}"
    );
}

#[test]
fn expired_credentials_are_reported() {
    let printed = refused(
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    assert!(
        printed.starts_with("error: the AWS credentials have expired\n"),
        "{printed}"
    );
    assert!(
        printed.contains("\nhint: sign in again with `aws sso login`"),
        "{printed}"
    );
}

/// Kills a deployment of `DevCluster` at a call; the next run reaches the right state.
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
    let harness = Harness::new(formation);
    let home = tempfile::tempdir().unwrap();
    let mut first = spawn(&harness, home.path());
    let patience = Instant::now();
    while harness.server.count(operation) < times {
        assert!(
            patience.elapsed() < Duration::from_mins(1),
            "{operation} was never called"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    // SIGKILL: no cleanup.
    first.kill().unwrap();
    first.wait().unwrap();
    let second = spawn(&harness, home.path()).wait_with_output().unwrap();
    assert!(
        second.status.success(),
        "killed after {operation}: {}",
        printed(&second)
    );
    assert_eq!(
        harness.status("DevCluster"),
        "CREATE_COMPLETE",
        "killed after {operation}"
    );
    let left = harness.look(|formation| formation.stacks["DevCluster"].change_sets.len());
    assert_eq!(left, 0, "change sets left, killed after {operation}");
    assert_eq!(
        harness.server.count("ExecuteChangeSet"),
        1,
        "killed after {operation}"
    );
}

/// Returns the template of `DevAppStack`.
pub(super) fn app_template(home: &Path) -> serde_json::Value {
    let synth = infra(home).args(["synth", "DevAppStack"]).output().unwrap();
    serde_json::from_slice(&synth.stdout).unwrap()
}

/// Starts the program with credentials and endpoint of the mock.
pub(super) fn with_mock<'a>(command: &'a mut Command, harness: &Harness) -> &'a mut Command {
    command
        .args(["--region", "eu-west-1"])
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .env("AWS_ENDPOINT_URL", &harness.server.endpoint)
}

fn spawn(harness: &Harness, home: &Path) -> Child {
    with_mock(&mut infra(home), harness)
        .args(["deploy", "DevCluster", "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn run_after_kill_during_reads_starts_over() {
    kill_after("DescribeStacks", 1);
}

#[test]
fn run_after_kill_during_planning_reuses_the_empty_stack() {
    kill_after("CreateChangeSet", 1);
}

#[test]
fn run_after_kill_during_execution_follows_it() {
    kill_after("ExecuteChangeSet", 1);
}

#[test]
fn run_after_kill_during_following_follows_it() {
    kill_after("DescribeStackEvents", 3);
}

/// Peak memory of a deployment with this many events, in KiB.
#[cfg(target_os = "linux")]
fn peak_memory(events: usize) -> u64 {
    let cluster = "AWS::ECS::Cluster";
    let mut first = step("UPDATE_IN_PROGRESS");
    for number in 0..events {
        let resource = format!("Resource{}", number % 300);
        first = first.with(&resource, cluster, "UPDATE_IN_PROGRESS", "");
    }
    let harness = Harness::new(updatable(vec![
        first,
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_COMPLETE"),
    ]));
    let home = tempfile::tempdir().unwrap();
    let mut child = spawn(&harness, home.path());
    let said = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || std::io::read_to_string(said).unwrap());
    let mut peak = 0;
    let status = loop {
        // The kernel keeps the peak until the process exits.
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
fn memory_is_independent_of_the_number_of_events() {
    let (few, many) = (peak_memory(100), peak_memory(10_000));
    println!("peak memory: {few} KiB with 100 events, {many} KiB with 10,000");
    // 1 KiB per event would be 10 MiB.
    assert!(many < few + 6 * 1024, "{few} KiB, then {many} KiB");
}
