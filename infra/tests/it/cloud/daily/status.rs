//! How things are, once and watched.

use std::time::Duration;

use infra::operation::status::{Request, status};
use insta::assert_snapshot;
use serde_json::json;

use super::{SECOND, THIRD, app, formation, world};
use crate::cloud::stage::{Person, wanted};
use crate::cloud::world::{World, ago, stage};

fn request(every: Option<Duration>) -> Request {
    Request {
        stacks: vec![
            wanted("Foundation", &[]),
            app("DevAppStack", "dev"),
            app("StagingAppStack", "staging"),
            app("ProdAppStack", "prod"),
        ],
        tag_parameter: "penguinapp-imagetag".into(),
        every,
    }
}

/// Two tasks run, one of them ill; one died half a minute ago; an alarm rings.
fn troubled() -> World {
    let mut world = world();
    let task = |id: &str| format!("arn:aws:ecs:eu-west-1:123456789012:task/penguin/{id}");
    for (operation, answer) in [
        (
            "DescribeServices",
            json!({ "services": [{
            "deployments": [{ "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "desiredCount": 2,
                "runningCount": 2, "pendingCount": 1, "failedTasks": 1, "taskDefinition": "td:7" }],
            "events": [] }] }),
        ),
        (
            "RUNNING",
            json!({ "taskArns": [task("aaaaaaaa0001"), task("bbbbbbbb0002")] }),
        ),
        ("STOPPED", json!({ "taskArns": [task("cccccccc0003")] })),
        (
            "DescribeTasks",
            json!({ "tasks": [
            { "taskArn": task("aaaaaaaa0001"), "lastStatus": "RUNNING", "healthStatus": "HEALTHY", "startedAt": ago(900) },
            { "taskArn": task("bbbbbbbb0002"), "lastStatus": "RUNNING", "healthStatus": "UNHEALTHY", "startedAt": ago(90) },
            { "taskArn": task("cccccccc0003"), "lastStatus": "STOPPED", "stoppedAt": ago(200), "taskDefinitionArn": "td:7",
              "stoppedReason": "Essential container in task exited",
              "containers": [{ "name": "app", "exitCode": 64 }, { "name": "proxy", "exitCode": 0 }] },
        ] }),
        ),
        (
            "DescribeTaskDefinition",
            json!({ "taskDefinition": { "containerDefinitions": [{ "name": "app",
            "logConfiguration": { "logDriver": "awslogs", "options": {
                "awslogs-group": "/penguin/dev/app", "awslogs-stream-prefix": "app" } } }] } }),
        ),
        (
            "GetLogEvents",
            json!({ "events": [{ "timestamp": 1, "message": "error: APP_LISTEN: `nowhere` is no address\n" }] }),
        ),
    ] {
        world.ecs.insert(operation.into(), answer);
    }
    world.ringing = vec![("penguin-errors".into(), "Visitors get errors".into())];
    world
}

fn ask(world: World, person: Person<'_>) -> String {
    let mut stacks = formation(THIRD, SECOND);
    stacks.stack("Foundation", "CREATE_COMPLETE").updated = Some(20 * 3600 + 60);
    let (stage, _) = stage(stacks, world);
    let request = request(None);
    person.does(&stage, &request.stacks, async |context| {
        status(context, &request).await
    })
}

#[test]
fn what_runs_what_is_ill_and_what_is_not_there() {
    assert_snapshot!(ask(troubled(), Person::default()));
}

#[test]
fn a_program_gets_a_document() {
    let person = Person {
        json: true,
        ..Person::default()
    };
    assert_snapshot!(ask(troubled(), person));
}

#[test]
fn what_nobody_may_look_at_is_said_to_be_unknown() {
    let mut world = troubled();
    world.denied = ["DescribeServices", "ListTasks", "DescribeAlarms", "GetParameter"].into();
    assert_snapshot!(ask(world, Person::default()));
}

/// What goes wrong with a call, and what is then said of it.
fn faults(operation: &'static str) -> [(World, String); 3] {
    let (mut throttled, mut broken, mut denied) = (troubled(), troubled(), troubled());
    throttled.throttled = [(operation, 1000)].into();
    broken.broken = [operation].into();
    denied.denied = [operation].into();
    [
        (throttled, format!("AWS throttles {operation}")),
        (broken, format!("{operation}: An internal error has occurred")),
        (denied, format!("{operation} is not allowed")),
    ]
}

#[test]
fn without_the_alarms_the_rest_is_shown_and_why_they_are_not_known() {
    let all = ask(troubled(), Person::default());
    let alarm = "  ALARM     penguin-errors (6 min ago): Visitors get errors";
    for (world, why) in faults("DescribeAlarms") {
        let expected = all.replace(alarm, &format!("  alarms    not known: {why}"));
        assert_eq!(ask(world, Person::default()), expected);
    }
}

#[test]
fn a_program_is_told_why_the_alarms_are_not_known() {
    for (world, why) in faults("DescribeAlarms") {
        let person = Person {
            json: true,
            ..Person::default()
        };
        let told = ask(world, person);
        let (_, document) = told.split_once("--- stdout\n").unwrap();
        let (document, code) = document.split_once("--- exit code ").unwrap();
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let service = &document["stacks"][1]["service"];
        assert_eq!(service["unknown"], json!([format!("alarms: {why}")]));
        assert_eq!(service["tasks"].as_array().unwrap().len(), 2);
        assert_eq!(code, "0\n");
    }
}

#[test]
fn whatever_else_aws_does_not_tell_of_a_service_hides_nothing() {
    for (operation, line) in [
        ("GetParameter", "\n  latest    not known: "),
        ("ListStackResources", "\n  resources not known: "),
        ("DescribeServices", "\n  service   not known: "),
        ("ListTasks", "\n  tasks     not known: "),
        ("ListTasks", "\n  stopped   not known: "),
    ] {
        for (world, why) in faults(operation) {
            let told = ask(world, Person::default());
            assert_eq!(told.matches(&format!("{line}{why}\n")).count(), 2, "{told}");
            assert_eq!(told.matches("\n  release   ").count(), 2, "{told}");
            assert_eq!(told.matches("\n  url       ").count(), 2, "{told}");
            assert!(told.ends_with("--- exit code 0\n"), "{told}");
        }
    }
}

#[test]
fn throttling_is_waited_out() {
    let mut world = troubled();
    world.throttled = [
        ("DescribeStacks", 3),
        ("DescribeServices", 3),
        ("GetParameter", 2),
        ("DescribeAlarms", 3),
    ]
    .into();
    assert_eq!(ask(world, Person::default()), ask(troubled(), Person::default()));
}

#[test]
fn throttling_of_the_stacks_without_end_is_told_with_what_helps() {
    let mut world = troubled();
    world.throttled = [("DescribeStacks", 1000)].into();
    assert_snapshot!(ask(world, Person::default()));
}

#[test]
fn nothing_deployed_is_no_failure() {
    let (stage, _) = stage(crate::cloud::formation::Formation::default(), world());
    let request = request(None);
    assert_snapshot!(Person::default().does(&stage, &request.stacks, async |context| {
        status(context, &request).await
    }));
}

#[test]
fn watching_looks_again_and_ctrl_c_is_the_way_out() {
    let (stage, _) = stage(formation(THIRD, SECOND), troubled());
    let request = request(Some(Duration::from_millis(1)));
    let person = Person {
        json: true,
        // Four stacks, three looks.
        interrupt_after: vec![("DescribeStacks", 12)],
        ..Person::default()
    };
    let told = person.does(&stage, &request.stacks, async |context| {
        status(context, &request).await
    });
    let documents = told
        .lines()
        .filter(|line| line.starts_with("{\"stacks\":"))
        .count();
    assert!(documents >= 2, "{told}");
    assert!(told.ends_with("--- exit code 0\n"), "{told}");
}
