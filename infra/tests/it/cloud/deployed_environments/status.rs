//! `status`, once and with `--watch`.

use std::time::Duration;

use infra::workflows::status::{Request, status};
use insta::assert_snapshot;
use serde_json::json;

use super::{SECOND, THIRD, app, fixture, formation};
use crate::cloud::fixture::{Fixture, ago, harness};
use crate::cloud::harness::{Person, spec};

fn request(every: Option<Duration>) -> Request {
    Request {
        stacks: vec![
            spec("Foundation", &[]),
            app("DevAppStack", "dev"),
            app("StagingAppStack", "staging"),
            app("ProdAppStack", "prod"),
        ],
        tag_parameter: "penguinapp-imagetag".into(),
        links: false,
        every,
    }
}

/// Two running tasks, one unhealthy; one failed 200 s ago, listed after those that scaling has ended; an alarm in ALARM state.
fn troubled() -> Fixture {
    let mut fixture = fixture();
    let task = |id: &str| format!("arn:aws:ecs:eu-west-1:123456789012:task/penguin/{id}");
    let scaled_in: Vec<_> = (0..5).map(|n| task(&format!("eeeeeeee000{n}"))).collect();
    let scaled_in_tasks = scaled_in.iter().map(|arn| {
        json!({ "taskArn": arn, "lastStatus": "STOPPED", "stoppedAt": ago(300), "taskDefinitionArn": "td:7",
            "stoppedReason": "Scaling activity initiated by (deployment ecs-svc/1)", "containers": [] })
    });
    let mut tasks = json!([
        { "taskArn": task("aaaaaaaa0001"), "lastStatus": "RUNNING", "healthStatus": "HEALTHY", "startedAt": ago(900) },
        { "taskArn": task("bbbbbbbb0002"), "lastStatus": "RUNNING", "healthStatus": "UNHEALTHY", "startedAt": ago(90) },
        { "taskArn": task("cccccccc0003"), "lastStatus": "STOPPED", "stoppedAt": ago(200), "taskDefinitionArn": "td:7",
          "stoppedReason": "Essential container in task exited",
          "containers": [{ "name": "app", "exitCode": 64 }, { "name": "proxy", "exitCode": 0 }] },
    ]);
    tasks.as_array_mut().unwrap().extend(scaled_in_tasks);
    let stopped = [scaled_in, vec![task("cccccccc0003")]].concat();
    for (operation, response) in [
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
        ("STOPPED", json!({ "taskArns": stopped })),
        ("DescribeTasks", json!({ "tasks": tasks })),
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
        fixture.ecs.insert(operation.into(), response);
    }
    fixture.ringing = vec![("penguin-errors".into(), "Visitors get errors".into())];
    fixture
}

fn ask(fixture: Fixture, person: Person<'_>) -> String {
    let mut stacks = formation(THIRD, SECOND);
    stacks.stack("Foundation", "CREATE_COMPLETE").updated = Some(20 * 3600 + 60);
    let (harness, _) = harness(stacks, fixture);
    let request = request(None);
    person.does(&harness, &request.stacks, async |context| {
        status(context, &request).await
    })
}

#[test]
fn status_shows_healthy_failing_and_missing_stacks() {
    assert_snapshot!(ask(troubled(), Person::default()));
}

/// Of the two queries in the template, one is deployed.
#[test]
fn links_lead_to_what_is_deployed() {
    let mut stacks = formation(THIRD, SECOND);
    let deployed = [
        ("Dashboard", "AWS::CloudWatch::Dashboard", "penguin-dev"),
        ("ErrorsQuery", "AWS::Logs::QueryDefinition", "0a1b2c3d"),
    ]
    .map(|(id, kind, physical)| (id.to_owned(), kind.to_owned(), physical.to_owned()));
    stacks
        .stack("DevAppStack", "UPDATE_COMPLETE")
        .resources
        .extend(deployed);
    let query = |text: &str| {
        json!({ "Type": "AWS::Logs::QueryDefinition", "Properties": {
            "Name": format!("penguin/dev/{text}"), "QueryString": text, "LogGroupNames": [{ "Ref": "ProxyLogs" }] } })
    };
    let template = json!({ "Resources": {
        "ProxyLogs": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "/penguin/dev/proxy" } },
        "Dashboard": { "Type": "AWS::CloudWatch::Dashboard", "Properties": { "DashboardName": "penguin-dev" } },
        "ErrorsQuery": query("why 5xx"),
        "SlowestQuery": query("slowest"),
    } });
    let mut request = request(None);
    request.links = true;
    request.stacks.retain(|stack| stack.name == "DevAppStack");
    request.stacks[0].body = template.to_string();
    let (harness, _) = harness(stacks, troubled());
    let told = Person::default().does(&harness, &request.stacks, async |context| {
        status(context, &request).await
    });
    assert_snapshot!(told);
}

#[test]
fn json_document() {
    let person = Person {
        json: true,
        ..Person::default()
    };
    assert_snapshot!(ask(troubled(), person));
}

#[test]
fn denied_parts_are_unknown() {
    let mut fixture = troubled();
    fixture.denied = ["DescribeServices", "ListTasks", "DescribeAlarms", "GetParameter"].into();
    assert_snapshot!(ask(fixture, Person::default()));
}

/// Faults of an operation with the expected texts.
fn faults(operation: &'static str) -> [(Fixture, String); 3] {
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
fn unknown_alarms_keep_the_rest() {
    let all = ask(troubled(), Person::default());
    let alarm = "  ALARM     penguin-errors (6 min ago): Visitors get errors";
    for (fixture, why) in faults("DescribeAlarms") {
        let expected = all.replace(alarm, &format!("  alarms    unknown: {why}"));
        assert_eq!(ask(fixture, Person::default()), expected);
    }
}

#[test]
fn json_contains_the_reason_of_unknown_alarms() {
    for (fixture, why) in faults("DescribeAlarms") {
        let person = Person {
            json: true,
            ..Person::default()
        };
        let printed = ask(fixture, person);
        let (_, document) = printed.split_once("--- stdout\n").unwrap();
        let (document, code) = document.split_once("--- exit code ").unwrap();
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let service = &document["stacks"][1]["service"];
        assert_eq!(service["unknown"], json!([format!("alarms: {why}")]));
        assert_eq!(service["tasks"].as_array().unwrap().len(), 2);
        assert_eq!(code, "0\n");
    }
}

#[test]
fn unknown_parts_keep_the_rest() {
    for (operation, line) in [
        ("GetParameter", "\n  latest    unknown: "),
        ("ListStackResources", "\n  resources unknown: "),
        ("DescribeServices", "\n  service   unknown: "),
        ("ListTasks", "\n  tasks     unknown: "),
        ("ListTasks", "\n  stopped   unknown: "),
    ] {
        for (fixture, why) in faults(operation) {
            let printed = ask(fixture, Person::default());
            assert_eq!(printed.matches(&format!("{line}{why}\n")).count(), 2, "{printed}");
            assert_eq!(printed.matches("\n  release   ").count(), 2, "{printed}");
            assert_eq!(printed.matches("\n  url       ").count(), 2, "{printed}");
            assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
        }
    }
}

#[test]
fn throttled_calls_are_retried() {
    let mut fixture = troubled();
    fixture.throttled = [
        ("DescribeStacks", 3),
        ("DescribeServices", 3),
        ("GetParameter", 2),
        ("DescribeAlarms", 3),
    ]
    .into();
    assert_eq!(
        ask(fixture, Person::default()),
        ask(troubled(), Person::default())
    );
}

#[test]
fn endless_throttling_is_an_error_with_hint() {
    let mut fixture = troubled();
    fixture.throttled = [("DescribeStacks", 1000)].into();
    assert_snapshot!(ask(fixture, Person::default()));
}

#[test]
fn nothing_deployed_is_success() {
    let (harness, _) = harness(crate::cloud::formation::Formation::default(), fixture());
    let request = request(None);
    assert_snapshot!(
        Person::default().does(&harness, &request.stacks, async |context| {
            status(context, &request).await
        })
    );
}

#[test]
fn watch_refreshes_until_ctrl_c() {
    let (harness, _) = harness(formation(THIRD, SECOND), troubled());
    let request = request(Some(Duration::from_millis(1)));
    let person = Person {
        json: true,
        // Four stacks, three refreshes.
        interrupt_after: vec![("DescribeStacks", 12)],
        ..Person::default()
    };
    let printed = person.does(&harness, &request.stacks, async |context| {
        status(context, &request).await
    });
    let documents = printed
        .lines()
        .filter(|line| line.starts_with("{\"stacks\":"))
        .count();
    assert!(documents >= 2, "{printed}");
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
}
