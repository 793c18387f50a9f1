//! Fixture of all AWS services but CloudFormation: parameters, images, logs, tasks, alarms, pipelines. Uses small
//! pages and rejects invalid requests like AWS.

pub(crate) mod registry;
pub(crate) mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::formation::Formation;
use super::harness::Harness;
use super::wire::{Call, Response};

/// State of the services.
#[derive(Debug, Default)]
pub(crate) struct Fixture {
    /// Parameter values, oldest first.
    pub(crate) parameters: BTreeMap<String, Vec<String>>,
    /// Tags by repository.
    pub(crate) images: BTreeMap<String, Vec<String>>,
    /// Lines of a log group: milliseconds, stream, message.
    pub(crate) logs: BTreeMap<String, Vec<(i64, String, String)>>,
    /// ECS responses by operation; of `ListTasks` by requested status.
    pub(crate) ecs: BTreeMap<String, Value>,
    /// Revisions of the task definition `web`, oldest first: tag, and whether its deployment was rolled back. All but the
    /// last are deregistered.
    pub(crate) revisions: Vec<(String, bool)>,
    /// Alarms in ALARM state: name, description.
    pub(crate) ringing: Vec<(String, String)>,
    /// Pipelines, as `GetPipelineState` returns them.
    pub(crate) pipelines: BTreeMap<String, Value>,
    /// Their newest execution.
    pub(crate) runs: BTreeMap<String, Value>,
    /// Action executions.
    pub(crate) actions: Vec<Value>,
    /// Tokens of pending approvals.
    pub(crate) tokens: BTreeSet<String>,
    pub(crate) builds: BTreeMap<String, Value>,
    /// Quotas by code or name; others are sufficient.
    pub(crate) quotas: BTreeMap<&'static str, f64>,
    /// Secrets of Secrets Manager, and whether they are scheduled for deletion.
    pub(crate) secrets: BTreeMap<String, bool>,
    /// Hosted zones.
    pub(crate) zones: Vec<zones::Zone>,
    /// Status of the connection to GitHub.
    pub(crate) connection: Option<&'static str>,
    /// Denied operations.
    pub(crate) denied: BTreeSet<&'static str>,
    /// Throttled operations with the remaining count.
    pub(crate) throttled: BTreeMap<&'static str, usize>,
    /// Operations that fail with an internal error.
    pub(crate) broken: BTreeSet<&'static str>,
}

/// A harness and its fixture.
pub(crate) fn harness(formation: Formation, fixture: Fixture) -> (Harness, Shared) {
    let shared = Shared(Arc::new(Mutex::new(fixture)));
    let its = shared.clone();
    (
        Harness::with(formation, move |call| its.now().respond(call)),
        shared,
    )
}

/// Fixture shared by test and server.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<Fixture>>);

impl Shared {
    pub(crate) fn now(&self) -> MutexGuard<'_, Fixture> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time this many seconds ago, in seconds since 1970.
pub(crate) fn ago(seconds: u64) -> u64 {
    let at = SystemTime::now() - Duration::from_secs(seconds);
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

const PAGE: usize = 2;

/// A page of `all`, and the token of the next one.
fn page<T: Clone>(all: &[T], token: &Value) -> (Vec<T>, Option<String>) {
    let from: usize = token.as_str().map_or(0, |token| token.parse().unwrap());
    let items = all[from..].iter().take(PAGE).cloned().collect();
    let next = from + PAGE;
    (items, (next < all.len()).then(|| next.to_string()))
}

/// The ARN of a revision.
fn definition(number: usize) -> String {
    format!("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:{number}")
}

fn missing(code: &'static str, what: &str) -> Response {
    Response::Error(400, code, format!("{what} is not there"))
}

impl Fixture {
    pub(crate) fn respond(&mut self, call: &Call) -> Option<Response> {
        let operation = call.operation.as_str();
        if let Some((name, left)) = self
            .throttled
            .get_mut(operation)
            .map(|left| (operation, left))
            .filter(|(_, left)| **left > 0)
        {
            *left -= 1;
            return Some(Response::Error(
                400,
                "ThrottlingException",
                format!("{name}: rate exceeded"),
            ));
        }
        if self.broken.contains(operation) {
            let message = "An internal error has occurred".to_owned();
            return Some(Response::Error(500, "InternalFailure", message));
        }
        if self.denied.contains(operation) {
            let message = format!("User: ada is not authorized to perform: {operation}");
            return Some(Response::Error(400, "AccessDeniedException", message));
        }
        Some(match operation {
            "GetParameter" => match self
                .parameters
                .get(call.text("Name"))
                .and_then(|values| values.last())
            {
                Some(value) => Response::Json(json!({ "Parameter": { "Value": value } })),
                None => missing("ParameterNotFound", call.text("Name")),
            },
            "GetParameters" => self.get_parameters(call),
            "GetParameterHistory" => self.history(call),
            "PutParameter" => self.put_parameter(call),
            "DescribeImages" | "BatchGetImage" | "PutImage" | "GetAuthorizationToken" => self.registry(call),
            "ListHostedZonesByName" | "GetHostedZone" | "ListResourceRecordSets" => self.route_53(call),
            "FilterLogEvents" => self.filter_log_events(call),
            "ListTasks" => Response::Json(self.ecs.get(call.text("desiredStatus"))?.clone()),
            "DescribeTasks" => {
                let all = self.ecs.get(operation)?["tasks"].as_array().unwrap();
                let asked = call.json["tasks"].as_array().unwrap();
                let tasks: Vec<_> = all
                    .iter()
                    .filter(|task| asked.contains(&task["taskArn"]))
                    .collect();
                Response::Json(json!({ "tasks": tasks }))
            }
            "DescribeTaskDefinition" if call.text("taskDefinition").contains(":task-definition/web:") => {
                self.revision(call)
            }
            "DescribeServices" | "DescribeTaskDefinition" | "GetLogEvents" => {
                Response::Json(self.ecs.get(operation)?.clone())
            }
            "ListTaskDefinitions" | "ListServiceDeployments" | "DescribeServiceRevisions" => {
                self.revisions(call)
            }
            "DescribeAlarms" => self.describe_alarms(call),
            "GetServiceQuota" => {
                let value = self.quotas.get(call.text("QuotaCode")).copied().unwrap_or(1000.0);
                Response::Json(json!({ "Quota": { "Value": value } }))
            }
            "ListServiceQuotas" => {
                let quotas = self.quotas.iter();
                let quotas: Vec<_> = quotas
                    .map(|(name, value)| json!({ "QuotaName": name, "Value": value }))
                    .collect();
                let (quotas, next) = page(&quotas, &call.json["NextToken"]);
                Response::Json(json!({ "Quotas": quotas, "NextToken": next }))
            }
            "GetPipelineState" => match self.pipelines.get(call.text("name")) {
                Some(state) => Response::Json(state.clone()),
                None => missing("PipelineNotFoundException", call.text("name")),
            },
            "ListPipelineExecutions" => {
                let run = self.runs.get(call.text("pipelineName"));
                Response::Json(json!({ "pipelineExecutionSummaries": run.into_iter().collect::<Vec<_>>() }))
            }
            "ListActionExecutions" => self.list_actions(call),
            "StartPipelineExecution" => match self.pipelines.get(call.text("name")) {
                Some(_) => Response::Json(json!({ "pipelineExecutionId": "run-2" })),
                None => missing("PipelineNotFoundException", call.text("name")),
            },
            "PutApprovalResult" => self.record_approval(call),
            "BatchGetBuilds" => {
                let id = call.json["ids"][0].as_str().unwrap();
                Response::Json(json!({ "builds": self.builds.get(id).into_iter().collect::<Vec<_>>() }))
            }
            "DescribeParameters" | "DescribeSecret" => self.describe_secret(call),
            "GetConnection" => match self.connection {
                Some(status) => Response::Json(json!({ "Connection": {
                    "ConnectionArn": call.text("ConnectionArn"), "ConnectionStatus": status } })),
                None => missing("ResourceNotFoundException", call.text("ConnectionArn")),
            },
            _ => return None,
        })
    }

    /// Describes an SSM parameter or a secret of Secrets Manager.
    fn describe_secret(&self, call: &Call) -> Response {
        if call.operation == "DescribeParameters" {
            let name = call.json["ParameterFilters"][0]["Values"][0].as_str().unwrap();
            let found = self.parameters.keys().filter(|known| *known == name);
            let found: Vec<_> = found.map(|name| json!({ "Name": name })).collect();
            // An empty page before the last one, as AWS sends them.
            let first = call.json["NextToken"].is_null();
            return Response::Json(
                json!({ "Parameters": if first { &[] } else { &found[..] }, "NextToken": first.then_some("2") }),
            );
        }
        let name = call.text("SecretId");
        match self.secrets.get(name) {
            Some(deleted) => {
                Response::Json(json!({ "Name": name, "DeletedDate": deleted.then_some(1_700_000_000) }))
            }
            None => missing("ResourceNotFoundException", name),
        }
    }

    /// Answers about the revisions of the task definition `web`.
    fn revisions(&self, call: &Call) -> Response {
        match call.operation.as_str() {
            "ListTaskDefinitions" => {
                assert_eq!(call.text("familyPrefix"), "web");
                let last = self.revisions.len();
                let active = call.text("status") == "ACTIVE";
                let arns: Vec<_> = (1..=last)
                    .rev()
                    .filter(|number| (*number == last) == active)
                    .map(definition)
                    .collect();
                Response::Json(json!({ "taskDefinitionArns": arns }))
            }
            "ListServiceDeployments" => {
                let all: Vec<_> = (1..)
                    .zip(&self.revisions)
                    .map(|(number, (_, failed))| {
                        let status = if *failed {
                            "ROLLBACK_SUCCESSFUL"
                        } else {
                            "SUCCESSFUL"
                        };
                        json!({ "targetServiceRevisionArn": format!("revision/{number}"), "status": status })
                    })
                    .collect();
                let (deployments, next) = page(&all, &call.json["nextToken"]);
                Response::Json(json!({ "serviceDeployments": deployments, "nextToken": next }))
            }
            _ => {
                let asked = call.json["serviceRevisionArns"].as_array().unwrap();
                let revisions: Vec<_> = asked
                    .iter()
                    .map(|arn| {
                        let number = arn.as_str().unwrap().rsplit('/').next().unwrap();
                        json!({ "serviceRevisionArn": arn, "taskDefinition": definition(number.parse().unwrap()) })
                    })
                    .collect();
                Response::Json(json!({ "serviceRevisions": revisions }))
            }
        }
    }

    fn revision(&self, call: &Call) -> Response {
        let number: usize = call
            .text("taskDefinition")
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let (tag, _) = &self.revisions[number - 1];
        let image = |name: &str| {
            json!({ "name": name,
                        "image": format!("123456789012.dkr.ecr.eu-west-1.amazonaws.com/penguin/{name}:{tag}") })
        };
        Response::Json(
            json!({ "taskDefinition": { "revision": number, "registeredAt": ago(60),
                    "containerDefinitions": [image("proxy"), image("app")] } }),
        )
    }

    fn put_parameter(&mut self, call: &Call) -> Response {
        assert_eq!(
            (call.text("Type"), &call.json["Overwrite"]),
            ("String", &json!(true))
        );
        let values = self.parameters.entry(call.text("Name").to_owned()).or_default();
        values.push(call.text("Value").to_owned());
        Response::Json(json!({ "Version": values.len() }))
    }

    fn get_parameters(&self, call: &Call) -> Response {
        let names = call.json["Names"].as_array().unwrap();
        assert!(names.len() <= 10, "SSM takes ten names");
        let (there, not): (Vec<_>, Vec<_>) = names
            .iter()
            .map(|name| name.as_str().unwrap())
            .partition(|name| self.parameters.contains_key(*name));
        let found: Vec<_> = there
            .iter()
            .map(|name| json!({ "Name": name, "Value": self.parameters[*name].last() }))
            .collect();
        Response::Json(json!({ "Parameters": found, "InvalidParameters": not }))
    }

    fn history(&self, call: &Call) -> Response {
        let name = call.text("Name");
        let Some(values) = self.parameters.get(name) else {
            return missing("ParameterNotFound", name);
        };
        // One per day from the first of the month.
        let all: Vec<_> = (1_u64..)
            .zip(values)
            .map(|(version, value)| {
                json!({ "Value": value, "Version": version, "LastModifiedDate": 1_793_527_200 + 86_400 * version })
            })
            .collect();
        let (versions, next) = page(&all, &call.json["NextToken"]);
        Response::Json(json!({ "Parameters": versions, "NextToken": next }))
    }

    fn filter_log_events(&self, call: &Call) -> Response {
        let Some(lines) = self.logs.get(call.text("logGroupName")) else {
            return missing("ResourceNotFoundException", call.text("logGroupName"));
        };
        let from = call.json["startTime"].as_i64().unwrap();
        let token = &call.json["nextToken"];
        // CloudWatch returns empty pages while it searches.
        if token.is_null() && !lines.is_empty() {
            return Response::Json(json!({ "events": [], "nextToken": "0" }));
        }
        let group = call.text("logGroupName");
        let events: Vec<_> = lines
            .iter()
            .enumerate()
            .filter(|(_, (at, ..))| *at >= from)
            .map(|(index, (at, stream, message))| {
                json!({ "eventId": format!("{group}-{index}"), "timestamp": at, "logStreamName": stream, "message": message })
            })
            .collect();
        let (events, next) = page(&events, token);
        Response::Json(json!({ "events": events, "nextToken": next }))
    }

    fn describe_alarms(&self, call: &Call) -> Response {
        assert_eq!(call.json["StateValue"], "ALARM");
        let asked = call.json["AlarmNames"].as_array().unwrap();
        let alarms: Vec<_> = self
            .ringing
            .iter()
            .filter(|(name, _)| asked.iter().any(|asked| asked == name))
            .map(|(name, description)| {
                json!({ "AlarmName": name, "AlarmDescription": description,
                    "StateTransitionedTimestamp": super::wire::cbor::time(ago(400)) })
            })
            .collect();
        Response::Json(json!({ "MetricAlarms": alarms }))
    }

    fn list_actions(&self, call: &Call) -> Response {
        let run = call.json["filter"]["pipelineExecutionId"].as_str().unwrap();
        let of_run: Vec<_> = self
            .actions
            .iter()
            .filter(|action| action["pipelineExecutionId"] == run)
            .cloned()
            .collect();
        let (actions, next) = page(&of_run, &call.json["nextToken"]);
        Response::Json(json!({ "actionExecutionDetails": actions, "nextToken": next }))
    }

    fn record_approval(&mut self, call: &Call) -> Response {
        assert!(
            !call.json["result"]["summary"].as_str().unwrap().is_empty(),
            "no summary"
        );
        if self.tokens.remove(call.text("token")) {
            Response::Json(json!({ "approvedAt": ago(0) }))
        } else {
            missing("InvalidApprovalTokenException", "the approval")
        }
    }
}
