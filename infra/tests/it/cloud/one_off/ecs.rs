//! ECS and the log of one task. Each look at the task moves it one step.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::cloud::wire::{Call, Response};

pub(crate) const TASK: &str = "arn:aws:ecs:eu-west-1:123456789012:task/penguin/0a1b2c3d4e5f";

/// One task, and what AWS says about it.
#[derive(Debug)]
pub(crate) struct Ecs {
    /// Status at each look; the last one stays.
    pub(crate) path: Vec<&'static str>,
    /// Exit code and reason of the container, and reason of the task, once it has stopped.
    pub(crate) exit_code: Option<i32>,
    pub(crate) container_reason: Option<&'static str>,
    pub(crate) reason: &'static str,
    /// Exit code after `StopTask`.
    pub(crate) obeys_with: i32,
    /// Whether the task stops when asked.
    pub(crate) obeys: bool,
    /// Log lines, and at which look at the log each becomes visible.
    pub(crate) lines: Vec<(usize, &'static str)>,
    /// The stream exists from this look at the log on.
    pub(crate) stream_from: usize,
    /// Why ECS does not start the task.
    pub(crate) failures: Value,
    /// Operations that fail: with which code, from which look at the task on, and how often.
    pub(crate) errors: Vec<(&'static str, u16, &'static str, usize, usize)>,
    pub(crate) looks: usize,
    pub(crate) log_looks: usize,
    pub(crate) stopped: bool,
}

impl Default for Ecs {
    fn default() -> Self {
        Self {
            path: vec!["PROVISIONING", "PENDING", "RUNNING", "RUNNING", "STOPPED"],
            exit_code: Some(0),
            container_reason: None,
            reason: "Essential container in task exited",
            obeys_with: 143,
            obeys: true,
            lines: vec![(0, "first"), (2, r#"{"level":"INFO","message":"second"}"#)],
            stream_from: 0,
            failures: json!([]),
            errors: Vec::new(),
            looks: 0,
            log_looks: 0,
            stopped: false,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Ecs>>);

impl Shared {
    pub(crate) fn new(ecs: Ecs) -> Self {
        Self(Arc::new(Mutex::new(ecs)))
    }

    pub(crate) fn now(&self) -> MutexGuard<'_, Ecs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ecs {
    pub(crate) fn respond(&mut self, call: &Call) -> Option<Response> {
        let looks = self.looks;
        for (operation, status, code, from, left) in &mut self.errors {
            if call.operation == *operation && looks >= *from && *left > 0 {
                *left -= 1;
                let message = format!("{operation} fails with {code}");
                return Some(Response::Error(*status, code, message));
            }
        }
        Some(Response::Json(match call.operation.as_str() {
            "DescribeTaskDefinition" => {
                assert!(
                    call.text("taskDefinition")
                        .ends_with(":task-definition/web-run:3")
                );
                json!({ "taskDefinition": { "containerDefinitions": [{
                    "name": "app", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/penguin/app:4f2a9c01d7",
                    "stopTimeout": 30,
                    "logConfiguration": { "logDriver": "awslogs", "options": {
                        "awslogs-group": "/penguin/dev/app", "awslogs-stream-prefix": "run" } } }] } })
            }
            "DescribeServices" => {
                assert_eq!(
                    (call.text("cluster"), &call.json["services"]),
                    ("penguin", &json!(["web"]))
                );
                json!({ "services": [{ "networkConfiguration": { "awsvpcConfiguration": {
                    "subnets": ["subnet-1", "subnet-2"], "securityGroups": ["sg-1"] } } }] })
            }
            "RunTask" => {
                // AWS rejects longer tokens.
                assert!((1..=64).contains(&call.text("clientToken").len()));
                if self.failures == json!([]) {
                    json!({ "tasks": [{ "taskArn": TASK, "lastStatus": "PROVISIONING" }], "failures": [] })
                } else {
                    json!({ "tasks": [], "failures": self.failures })
                }
            }
            "DescribeTasks" => {
                assert_eq!(
                    (call.text("cluster"), &call.json["tasks"]),
                    ("penguin", &json!([TASK]))
                );
                self.describe()
            }
            "StopTask" => {
                assert_eq!((call.text("cluster"), call.text("task")), ("penguin", TASK));
                assert!(!call.text("reason").is_empty());
                self.stopped = self.obeys;
                json!({})
            }
            "GetLogEvents" => return Some(self.log(call)),
            _ => return None,
        }))
    }

    fn describe(&mut self) -> Value {
        let at = self.looks.min(self.path.len() - 1);
        self.looks += 1;
        let status = if self.stopped { "STOPPED" } else { self.path[at] };
        match status {
            // A new task that ECS does not know yet.
            "MISSING" => json!({ "tasks": [], "failures": [{ "arn": TASK, "reason": "MISSING" }] }),
            "STOPPED" => {
                let (code, reason) = if self.stopped {
                    (Some(self.obeys_with), "Stopped by somebody")
                } else {
                    (self.exit_code, self.reason)
                };
                json!({ "tasks": [{ "taskArn": TASK, "lastStatus": status, "stoppedReason": reason,
                    "stoppedAt": 1_793_613_600, "containers": [
                        { "name": "app", "exitCode": code, "reason": self.container_reason }] }] })
            }
            _ => json!({ "tasks": [{ "taskArn": TASK, "lastStatus": status }] }),
        }
    }

    /// Pages of one line; the token counts lines.
    fn log(&mut self, call: &Call) -> Response {
        assert_eq!(call.text("logGroupName"), "/penguin/dev/app");
        assert_eq!(call.text("logStreamName"), "run/app/0a1b2c3d4e5f");
        assert_eq!(call.json["startFromHead"], true);
        self.log_looks += 1;
        if self.log_looks < self.stream_from {
            let message = "The specified log stream does not exist.".to_owned();
            return Response::Error(400, "ResourceNotFoundException", message);
        }
        let from: usize = call.json["nextToken"]
            .as_str()
            .map_or(0, |token| token.strip_prefix("f/").unwrap().parse().unwrap());
        let visible = self.lines.iter().filter(|(at, _)| *at <= self.log_looks);
        let events: Vec<_> = visible
            .skip(from)
            .take(1)
            .map(|(_, line)| json!({ "timestamp": 1_793_613_600_000_i64, "message": line }))
            .collect();
        let next = from + events.len();
        Response::Json(json!({ "events": events, "nextForwardToken": format!("f/{next}") }))
    }
}
