//! `infra run`: one-off tasks, their output and exit codes.

pub(super) mod ecs;

use std::time::Duration;

use infra::workflows::run::{Request, Tempo, run};
use insta::assert_snapshot;
use serde_json::json;

use super::deployed_environments::{FIRST, SECOND, app, formation};
use super::formation::Formation;
use super::harness::{Harness, Person};
use super::program::{infra, with_mock};
use ecs::{Ecs, Shared};

fn request() -> Request {
    Request {
        environment: "dev".into(),
        stack: app("DevAppStack", "dev"),
        definition_in: None,
        command: ["manage", "migrate", "--to", "it's 3"]
            .map(str::to_owned)
            .to_vec(),
        timeout: None,
        timeout_name: "--timeout",
        tempo: Tempo {
            every: Duration::from_millis(1),
            quiet: Duration::from_millis(60),
            absent: Duration::from_millis(60),
            patience: Duration::from_secs(30),
        },
    }
}

fn harness(formation: Formation, ecs: Ecs) -> (Harness, Shared) {
    let shared = Shared::new(ecs);
    let its = shared.clone();
    (
        Harness::with(formation, move |call| its.now().respond(call)),
        shared,
    )
}

fn does(harness: &Harness, request: &Request, person: Person<'_>) -> String {
    person.does(harness, std::slice::from_ref(&request.stack), async |context| {
        run(context, request).await
    })
}

/// Runs the command with this ECS.
fn session(ecs: Ecs) -> String {
    let (harness, _) = harness(formation(SECOND, FIRST), ecs);
    does(&harness, &request(), Person::default())
}

#[test]
fn output_is_printed_and_the_task_is_that_of_the_service() {
    let (harness, _) = harness(formation(SECOND, FIRST), Ecs::default());
    assert_snapshot!(does(&harness, &request(), Person::default()));
    let calls = harness.server.calls();
    let call = calls.iter().find(|call| call.operation == "RunTask").unwrap();
    let mut sent = call.json.clone();
    sent["clientToken"] = "…".into();
    assert_eq!(
        sent,
        json!({
            "cluster": "penguin", "count": 1, "launchType": "FARGATE", "startedBy": "infra", "clientToken": "…",
            "taskDefinition": "arn:aws:ecs:eu-west-1:123456789012:task-definition/web-run:3",
            "networkConfiguration": { "awsvpcConfiguration": {
                "subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED" } },
            "overrides": { "containerOverrides": [
                { "name": "app", "command": ["manage", "migrate", "--to", "it's 3"] }] },
            "propagateTags": "TASK_DEFINITION", "enableECSManagedTags": true,
            "tags": [{ "key": "one-off", "value": "true" }],
        })
    );
    assert_eq!(harness.server.count("StopTask"), 0);
}

#[test]
fn failed_commands_have_their_exit_code() {
    let died = |code, reason, container_reason| {
        session(Ecs {
            exit_code: code,
            reason,
            container_reason,
            lines: vec![(0, "error: relation \"fish\" exists")],
            ..Ecs::default()
        })
    };
    let normal = "Essential container in task exited";
    let all = [
        died(Some(3), normal, None),
        died(
            Some(137),
            normal,
            Some("OutOfMemoryError: Container killed due to memory usage"),
        ),
        died(Some(127), normal, None),
    ];
    assert_snapshot!(all.join("\n"));
}

#[test]
fn task_that_cannot_start_is_explained() {
    let died = |reason, container_reason| {
        session(Ecs {
            path: vec!["PROVISIONING", "STOPPED"],
            exit_code: None,
            reason,
            container_reason,
            lines: Vec::new(),
            stream_from: usize::MAX,
            ..Ecs::default()
        })
    };
    let all = [
        died(
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): not found",
            None,
        ),
        died(
            "Essential container in task exited",
            Some("CannotStartContainerError: exec: \"manage\": executable file not found in $PATH"),
        ),
    ];
    assert_snapshot!(all.join("\n"));
}

#[test]
fn start_refused_by_ecs_is_explained() {
    let refused = |failures| {
        session(Ecs {
            failures,
            ..Ecs::default()
        })
    };
    let denied = session(Ecs {
        errors: vec![("RunTask", 400, "AccessDeniedException", 0, 1)],
        ..Ecs::default()
    });
    let all = [
        refused(
            json!([{ "reason": "Capacity is unavailable at this time. Please try again later or in a different availability zone" }]),
        ),
        refused(json!([{ "arn": "x", "reason": "RESOURCE:ENI", "detail": "no free address" }, {}])),
        refused(json!([{}])),
        denied,
    ];
    assert_snapshot!(all.join("\n"));
}

#[test]
fn environment_must_be_deployed() {
    let mut no_service = formation(SECOND, FIRST);
    let stack = no_service.stacks.get_mut("DevAppStack").unwrap();
    stack.status = "ROLLBACK_COMPLETE".into();
    stack.resources.clear();
    let mut earlier = formation(SECOND, FIRST);
    let resources = &mut earlier.stacks.get_mut("DevAppStack").unwrap().resources;
    resources.retain(|(id, ..)| id != "RunTaskDefinition");
    let mut strange = formation(SECOND, FIRST);
    strange.stacks.get_mut("DevAppStack").unwrap().tags = vec![("project".into(), "walrus".into())];
    let all = [Formation::default(), no_service, earlier, strange].map(|formation| {
        let (harness, _) = harness(formation, Ecs::default());
        let printed = does(&harness, &request(), Person::default());
        assert_eq!(harness.server.count("RunTask"), 0);
        printed
    });
    assert_snapshot!(all.join("\n"));
}

#[test]
fn late_lines_are_printed() {
    let ecs = Ecs {
        // The task ends at the fifth look. Each read of the log finds one more line.
        lines: vec![(0, "early"), (14, "late"), (16, "later")],
        stream_from: 12,
        ..Ecs::default()
    };
    let (harness, _) = harness(formation(SECOND, FIRST), ecs);
    let mut request = request();
    request.tempo.absent = Duration::from_secs(30);
    let printed = does(&harness, &request, Person::default());
    let (_, out) = printed.split_once("--- stdout\n").unwrap();
    assert_eq!(out, "early\nlate\nlater\n--- exit code 0\n", "{printed}");
}

#[test]
fn lines_that_keep_coming_after_the_end_are_printed() {
    let ecs = Ecs {
        // One line each time, for longer than the log may be quiet.
        lines: (0..30).map(|number| (14 + 2 * number, "late")).collect(),
        ..Ecs::default()
    };
    let (harness, _) = harness(formation(SECOND, FIRST), ecs);
    let mut request = request();
    request.tempo.every = Duration::from_millis(20);
    request.tempo.quiet = Duration::from_millis(500);
    request.tempo.absent = Duration::from_secs(30);
    let printed = does(&harness, &request, Person::default());
    assert_eq!(printed.matches("late\n").count(), 30, "{printed}");
}

#[test]
fn missing_output_is_a_warning() {
    let absent = session(Ecs {
        exit_code: Some(4),
        stream_from: usize::MAX,
        ..Ecs::default()
    });
    let denied = session(Ecs {
        exit_code: Some(4),
        errors: vec![("GetLogEvents", 400, "AccessDeniedException", 0, 99)],
        ..Ecs::default()
    });
    assert_snapshot!([absent, denied].join("\n"));
}

#[test]
fn json_prints_lines_events_and_the_error() {
    let (harness, _) = harness(
        formation(SECOND, FIRST),
        Ecs {
            exit_code: Some(9),
            ..Ecs::default()
        },
    );
    let person = Person {
        json: true,
        ..Person::default()
    };
    assert_snapshot!(does(&harness, &request(), person));
}

/// A task that runs until it is stopped.
fn endless() -> Ecs {
    Ecs {
        path: vec!["MISSING", "PENDING", "RUNNING"],
        ..Ecs::default()
    }
}

#[test]
fn ctrl_c_stops_the_task_and_waits_for_its_end() {
    let (harness, shared) = harness(formation(SECOND, FIRST), endless());
    let person = Person {
        interrupt_after: vec![("DescribeTasks", 5)],
        ..Person::default()
    };
    assert_snapshot!(does(&harness, &request(), person));
    assert!(shared.now().stopped);
    assert_eq!(harness.server.count("StopTask"), 1);
}

#[test]
fn ctrl_c_before_the_start_starts_nothing() {
    let (harness, _) = harness(formation(SECOND, FIRST), endless());
    let person = Person {
        interrupt_after: vec![("DescribeStacks", 0)],
        ..Person::default()
    };
    let printed = does(&harness, &request(), person);
    assert!(printed.ends_with("--- exit code 130\n"), "{printed}");
    assert_eq!(harness.server.count("RunTask"), 0);
}

#[test]
fn second_ctrl_c_leaves_the_task() {
    let ecs = Ecs {
        obeys: false,
        ..endless()
    };
    let (harness, _) = harness(formation(SECOND, FIRST), ecs);
    let person = Person {
        interrupt_after: vec![("DescribeTasks", 5), ("StopTask", 1)],
        ..Person::default()
    };
    assert_snapshot!(does(&harness, &request(), person));
    assert_eq!(harness.server.count("StopTask"), 1);
}

#[test]
fn ctrl_c_without_permission_to_stop_says_how() {
    let ecs = Ecs {
        errors: vec![("StopTask", 400, "AccessDeniedException", 0, 9)],
        ..endless()
    };
    let (harness, _) = harness(formation(SECOND, FIRST), ecs);
    let person = Person {
        interrupt_after: vec![("DescribeTasks", 5)],
        ..Person::default()
    };
    assert_snapshot!(does(&harness, &request(), person));
}

#[test]
fn timeout_stops_the_task_and_exits_with_124() {
    let (harness, _) = harness(formation(SECOND, FIRST), endless());
    let mut request = request();
    request.timeout = Some(Duration::from_secs(1));
    assert_snapshot!(does(&harness, &request, Person::default()));
    assert_eq!(harness.server.count("StopTask"), 1);
}

#[test]
fn short_outages_of_aws_are_survived() {
    let printed = session(Ecs {
        errors: vec![
            // ECS and CloudWatch Logs each have a code of their own.
            ("DescribeTasks", 500, "ServerException", 2, 9),
            ("GetLogEvents", 503, "ServiceUnavailableException", 3, 10),
            ("GetLogEvents", 400, "ThrottlingException", 3, 20),
        ],
        ..Ecs::default()
    });
    assert!(
        printed.ends_with("first\nINFO second\n--- exit code 0\n"),
        "{printed}"
    );
}

#[test]
fn task_out_of_sight_is_left_and_the_commands_are_named() {
    let outage = Ecs {
        path: vec!["RUNNING"],
        errors: vec![("DescribeTasks", 500, "InternalFailure", 3, usize::MAX)],
        ..Ecs::default()
    };
    let unknown = Ecs {
        path: vec!["MISSING"],
        ..Ecs::default()
    };
    let printed = [outage, unknown].map(|ecs| {
        let (harness, _) = harness(formation(SECOND, FIRST), ecs);
        let mut request = request();
        request.tempo.patience = Duration::from_millis(20);
        let printed = does(&harness, &request, Person::default());
        assert_eq!(harness.server.count("StopTask"), 0);
        printed
    });
    assert_snapshot!(printed.join("\n"));
}

#[test]
fn program_exits_with_the_code_of_the_command() {
    let codes = [0, 7].map(|code| {
        std::thread::spawn(move || {
            let ecs = Ecs {
                exit_code: Some(code),
                path: vec!["RUNNING", "STOPPED"],
                ..Ecs::default()
            };
            let (harness, _) = harness(formation(SECOND, FIRST), ecs);
            let home = tempfile::tempdir().unwrap();
            let mut command = infra(home.path());
            let output = with_mock(&mut command, &harness)
                .args(["run", "dev", "--", "manage", "migrate", "--json", "--help"])
                .output()
                .unwrap();
            let sent = harness.server.calls();
            let sent = sent.iter().find(|call| call.operation == "RunTask").unwrap();
            assert_eq!(
                sent.json["overrides"]["containerOverrides"][0]["command"],
                json!(["manage", "migrate", "--json", "--help"])
            );
            let out = String::from_utf8(output.stdout).unwrap();
            assert_eq!(out, "first\nINFO second\n");
            output.status.code()
        })
    });
    let codes = codes.map(|thread| thread.join().unwrap());
    assert_eq!(codes, [Some(0), Some(7)]);
}

#[test]
fn command_and_time_are_required_to_make_sense() {
    let home = tempfile::tempdir().unwrap();
    let says = |arguments: &[&str]| {
        let output = infra(home.path()).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text)
    };
    let (code, text) = says(&["run", "dev"]);
    assert!(code == Some(2) && text.contains("COMMAND"), "{text}");
    // Options of `infra` and of the command are told apart.
    let (code, text) = says(&["run", "dev", "manage", "migrate"]);
    assert!(code == Some(2) && text.contains("-- "), "{text}");
    let (code, text) = says(&["run", "dev", "--timeout", "10", "--", "manage"]);
    assert_eq!(code, Some(2));
    assert!(
        text.starts_with("error: `--timeout 10` is not a duration: missing unit"),
        "{text}"
    );
}
