//! The build spec that runs the command before a release, with a fake `aws`.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use infra::settings::{EXAMPLE, Settings};
use infra::stacks;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::machine::{self, Outcome};
use super::spec::{self, PhaseName};

/// Answers from the files `VERB`, or from `VERB.1`, `VERB.2` and so on if there are such; an empty one is a failure. Notes its
/// arguments.
const AWS: &str = r#"#!/bin/bash
cd "$(dirname "$0")"
shift
echo "$*" >>calls
echo >>"$1.count"
n=$(wc -l <"$1.count")
[ -e "$1.$n" ] && exec <"$1.$n" || exec <"$1"
read -r -d '' answer
[ -n "$answer" ] && echo "$answer" || { echo "aws: an error occurred" >&2; exit 254; }
"#;
const PARAMETERS: &str = r#"{"Parameters": [
    {"Name": "/penguin-school/dev/dev-task-security-group-id", "Value": "sg-1"},
    {"Name": "/penguin-school/dev/private-subnets", "Value": "subnet-1,subnet-2"}]}"#;
const TASK: &str = "arn:aws:ecs:eu-central-1:123456789012:task/penguin/0a1b";
const RUNNING: &str = r#"{"tasks": [{"lastStatus": "RUNNING", "containers": [{}]}]}"#;

fn stopped(container: &str) -> String {
    format!(
        r#"{{"tasks": [{{"lastStatus": "STOPPED", "stoppedReason": "Essential container in task exited", "containers": [{container}]}}]}}"#
    )
}

/// Runs the build of dev with these answers besides those of a command that succeeds. Returns the calls of `aws`.
fn run(minutes: &str, answers: &[(&str, &str)]) -> (Outcome, String) {
    let settings = EXAMPLE.replace("# before = ", "before = ");
    let graph = stacks::graph(&Settings::parse(&settings).unwrap()).unwrap();
    let stack = graph.get("DevPipelineStack").unwrap();
    let template: Json = serde_json::from_str(stack.body()).unwrap();
    let project = spec::project(&template, "BeforeDevProject");
    let programs = TempDir::new().unwrap();
    let program = |name: &str, content: &str| {
        let file = programs.path().join(name);
        fs_err::write(&file, content).unwrap();
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("aws", AWS);
    program("sleep", "#!/bin/sh\n");
    let started = format!(r#"{{"tasks": [{{"taskArn": "{TASK}"}}], "failures": []}}"#);
    let ended = stopped(r#"{"exitCode": 0}"#);
    for (name, content) in [
        ("get-parameters", PARAMETERS),
        ("run-task", &started),
        ("describe-tasks.1", RUNNING),
        ("describe-tasks", &ended),
        ("stop-task", "\"STOPPED\""),
        ("get-log-events", "Applying 0001_initial... OK"),
    ]
    .iter()
    .chain(answers)
    {
        fs_err::write(programs.path().join(name), content).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    let mut variables: BTreeMap<String, String> = project
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or("penguin").to_owned()))
        .collect();
    let definition =
        "arn:aws:ecs:eu-central-1:123456789012:task-definition/penguin-school-dev-before-release:7";
    assert_eq!(variables["MINUTES"], "60");
    for (name, value) in [
        ("TASK_DEFINITION", definition),
        ("MINUTES", minutes),
        ("PATH", &format!("{}:{path}", programs.path().display())),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let artifact = TempDir::new().unwrap();
    let environment = machine::environment(artifact.path(), "4f2a9c0", "eu-central-1", &variables);
    let outcome = machine::run(&project.spec, artifact.path(), environment);
    let calls = fs_err::read_to_string(programs.path().join("calls")).unwrap();
    (outcome, calls)
}

#[track_caller]
fn fails(minutes: &str, answers: &[(&str, &str)], error: &str) -> String {
    let (outcome, calls) = run(minutes, answers);
    outcome.assert_failed(PhaseName::Build, "");
    let last = outcome.log.lines().last().unwrap_or_default();
    let expected = format!("error: the command before the release {error}; nothing was rolled out to dev");
    assert_eq!(last, expected, "{}", outcome.log);
    calls
}

#[test]
fn command_that_succeeds_lets_the_release_go_on() {
    let (outcome, calls) = run("60", &[]);
    outcome.assert_succeeded();
    assert_eq!(
        outcome.log,
        "task 0a1b runs penguin-school-dev-before-release:7; log group /penguin-school/dev/app, log stream run/app/0a1b\n\
         Applying 0001_initial... OK\nthe command succeeded\n"
    );
    let calls: Vec<_> = calls.lines().collect();
    assert_eq!(calls.len(), 5, "{calls:?}");
    assert_eq!(
        calls[1],
        "run-task --cluster penguin --task-definition arn:aws:ecs:eu-central-1:123456789012:task-definition/\
         penguin-school-dev-before-release:7 --launch-type FARGATE --network-configuration \
         awsvpcConfiguration={subnets=[subnet-1,subnet-2],securityGroups=[sg-1],assignPublicIp=DISABLED} \
         --propagate-tags TASK_DEFINITION --enable-ecs-managed-tags --tags key=one-off,value=true \
         --started-by before-release --output json"
    );
    assert!(calls[4].contains("--log-stream-name run/app/0a1b "), "{calls:?}");
}

#[test]
fn failures_stop_the_release_and_name_the_cause() {
    let ended = stopped(r#"{"exitCode": 3}"#);
    let calls = fails("60", &[("describe-tasks", &ended)], "exited with 3");
    assert!(calls.contains("get-log-events"), "{calls}");
    let missing = stopped(r#"{"reason": "CannotStartContainerError: no such file"}"#);
    fails(
        "60",
        &[("describe-tasks", &missing)],
        "did not run: Essential container in task exited; CannotStartContainerError: no such file",
    );
    let none = r#"{"tasks": [], "failures": [{"reason": "RESOURCE:ENI", "detail": "no address"}]}"#;
    fails(
        "60",
        &[("run-task", none)],
        "did not start: RESOURCE:ENI: no address",
    );
    let (outcome, _) = run("60", &[("run-task", "")]);
    outcome.assert_failed(PhaseName::Build, "aws: an error occurred");
}

#[test]
fn command_that_takes_too_long_is_stopped() {
    let killed = stopped(r#"{"exitCode": 143}"#);
    let calls = fails(
        "0",
        &[("describe-tasks.2", RUNNING), ("describe-tasks", &killed)],
        "took longer than 0 minutes and was stopped",
    );
    assert_eq!(calls.matches("stop-task").count(), 1, "{calls}");
}

#[test]
fn short_outages_are_bridged_and_longer_ones_leave_the_task() {
    let outage: Vec<_> = (1..=11)
        .map(|number| format!("describe-tasks.{number}"))
        .collect();
    let outage: Vec<_> = outage.iter().map(|name| (name.as_str(), "")).collect();
    run("60", &outage).0.assert_succeeded();
    fails(
        "60",
        &[("describe-tasks.1", ""), ("describe-tasks", "")],
        "is out of sight, and its task continues",
    );
    // The result counts, not the log.
    run("60", &[("get-log-events", "")]).0.assert_succeeded();
}

#[test]
fn first_deployment_runs_nothing_before_it() {
    let nothing = r#"{"Parameters": [{"Name": "/penguin-school/dev/private-subnets", "Value": "subnet-1"}]}"#;
    let (outcome, calls) = run("60", &[("get-parameters", nothing)]);
    outcome.assert_succeeded();
    assert!(
        outcome.log.starts_with("first deployment of dev: "),
        "{}",
        outcome.log
    );
    assert_eq!(calls.lines().count(), 1, "{calls}");
}
