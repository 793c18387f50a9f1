//! Failed deployments: root cause, stopped tasks, blocked stacks.

use insta::assert_snapshot;

use super::formation::{change, step};
use super::harness::{Harness, Session, Verb, creatable, spec, updatable};
use super::wire::{Call, Response};

const CLUSTER: &str = "AWS::ECS::Cluster";
const SERVICE: &str = "AWS::ECS::Service";

#[test]
fn failed_update_prints_the_cause_first() {
    let harness = Harness::new(updatable(vec![
        step("UPDATE_IN_PROGRESS").with("Cluster", CLUSTER, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_ROLLBACK_IN_PROGRESS")
            .with(
                "Cluster",
                CLUSTER,
                "UPDATE_FAILED",
                "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: ecs:UpdateCluster on resource: x",
            )
            .with("Alarm", "AWS::CloudWatch::Alarm", "UPDATE_FAILED", "Resource update cancelled"),
        step("UPDATE_ROLLBACK_COMPLETE").with("Cluster", CLUSTER, "UPDATE_COMPLETE", ""),
    ]));
    assert_snapshot!(Session::default().run(Verb::Deploy, &harness));
}

#[test]
fn failed_service_prints_stop_reasons() {
    let mut formation = updatable(vec![
        step("UPDATE_IN_PROGRESS").with("Service", SERVICE, "UPDATE_IN_PROGRESS", ""),
        step("UPDATE_IN_PROGRESS"),
        step("UPDATE_ROLLBACK_IN_PROGRESS").with(
            "Service",
            SERVICE,
            "UPDATE_FAILED",
            "Resource handler returned message: \"Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.\" (RequestToken: 1, HandlerErrorCode: GeneralServiceException)",
        ),
        step("UPDATE_ROLLBACK_COMPLETE").with("Service", SERVICE, "UPDATE_COMPLETE", ""),
    ]);
    formation
        .changes
        .insert("DevCluster".into(), change("Modify", "Service", SERVICE, "False"));
    let harness = Harness::with(formation, ecs);
    let mut app = spec("DevCluster", &[]);
    app.release_parameter = Some("ImageTag".into());
    let session = Session {
        stacks: vec![app],
        release: Some("4f2a9c0".into()),
        ..Session::default()
    };
    assert_snapshot!(session.run(Verb::Deploy, &harness));
    let given = harness
        .server
        .calls()
        .into_iter()
        .find(|call| call.operation == "CreateChangeSet")
        .unwrap();
    assert_eq!(given.get("Parameters.member.1.ParameterValue"), "4f2a9c0");
}

/// A service with a task that failed, after many that ended before this deployment or are not yet stopped: ECS lists them in
/// any order.
fn ecs(call: &Call) -> Option<Response> {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let task = |id: &str, status: &str, at: u64, code: i32| {
        serde_json::json!({
            "taskArn": format!("arn:aws:ecs:eu-west-1:123456789012:task/penguin/{id}"),
            "lastStatus": status, "stoppedAt": at, "taskDefinitionArn": "td:7",
            "stoppedReason": "Essential container in task exited",
            "containers": [{ "name": "app", "exitCode": code }, { "name": "proxy", "exitCode": 0 }],
        })
    };
    let mut tasks: Vec<_> = (0..5)
        .flat_map(|n| {
            let before = task(&format!("old{n}aaaaaaaa"), "STOPPED", 1_000_000_000, 1);
            [before, task(&format!("new{n}aaaaaaaa"), "DEACTIVATING", now, 0)]
        })
        .collect();
    tasks.push(task("4f2a9c01aaaa", "STOPPED", now, 64));
    Some(Response::Json(match call.operation.as_str() {
        "DescribeServices" => serde_json::json!({ "services": [{
            "deployments": [{ "status": "PRIMARY", "rolloutState": "IN_PROGRESS", "desiredCount": 2,
                "runningCount": 1, "pendingCount": 0, "failedTasks": 1, "taskDefinition": "td:7" }],
            "events": [],
        }] }),
        "ListTasks" => {
            let arns: Vec<_> = tasks.iter().map(|task| task["taskArn"].clone()).collect();
            serde_json::json!({ "taskArns": arns })
        }
        "DescribeTasks" => {
            let asked = call.json["tasks"].as_array().unwrap();
            tasks.retain(|task| asked.contains(&task["taskArn"]));
            serde_json::json!({ "tasks": tasks })
        }
        "DescribeTaskDefinition" => serde_json::json!({ "taskDefinition": { "containerDefinitions": [{
            "name": "app",
            "logConfiguration": { "logDriver": "awslogs", "options": {
                "awslogs-group": "/penguin/dev/app", "awslogs-stream-prefix": "app" } },
        }] } }),
        "GetLogEvents" => serde_json::json!({ "events": [
            { "timestamp": 1, "message": "error: APP_LISTEN: `nowhere` is no address\n" },
        ] }),
        _ => return None,
    }))
}

#[test]
fn failure_blocks_only_dependent_stacks() {
    let mut formation = creatable();
    for name in ["Foundation", "DevAppStack"] {
        formation
            .changes
            .insert(name.into(), change("Add", "Cluster", CLUSTER, ""));
    }
    formation.on_execute.insert(
        "Foundation".into(),
        vec![step("CREATE_IN_PROGRESS"), step("CREATE_COMPLETE")],
    );
    formation.on_execute.insert(
        "DevCluster".into(),
        vec![
            step("CREATE_IN_PROGRESS"),
            step("ROLLBACK_IN_PROGRESS").with(
                "Cluster",
                CLUSTER,
                "CREATE_FAILED",
                "penguin-dev already exists",
            ),
            step("ROLLBACK_COMPLETE"),
        ],
    );
    let harness = Harness::new(formation);
    let session = Session {
        stacks: vec![
            spec("Foundation", &[]),
            spec("DevCluster", &[]),
            spec("DevAppStack", &["Foundation", "DevCluster"]),
        ],
        ..Session::default()
    };
    let text = session.run(Verb::Deploy, &harness);
    assert!(text.contains("DevAppStack: not started"), "{text}");
    assert!(text.contains("penguin-dev already exists"), "{text}");
    assert!(text.contains("exit code 4"), "{text}");
    assert_eq!(harness.status("Foundation"), "CREATE_COMPLETE");
    assert_eq!(harness.status("DevAppStack"), "absent");
}
