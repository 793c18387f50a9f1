//! All of AWS but CloudFormation, as a test lays it out: parameters, images, logs, tasks, alarms, pipelines. It pages in
//! small pages, and refuses what AWS would refuse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::formation::Formation;
use super::stage::Stage;
use super::wire::{Answer, Call};

/// The services.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Values that a parameter had, oldest first.
    pub(crate) parameters: BTreeMap<String, Vec<String>>,
    /// Tags by repository.
    pub(crate) images: BTreeMap<String, Vec<String>>,
    /// Lines of a log group: milliseconds, stream, message.
    pub(crate) logs: BTreeMap<String, Vec<(i64, String, String)>>,
    /// Answers of ECS, by operation; of `ListTasks` by the status asked for.
    pub(crate) ecs: BTreeMap<String, Value>,
    /// Alarms that ring: name, description.
    pub(crate) ringing: Vec<(String, String)>,
    /// States of pipelines, as `GetPipelineState` gives them.
    pub(crate) pipelines: BTreeMap<String, Value>,
    /// Their newest run.
    pub(crate) runs: BTreeMap<String, Value>,
    /// Executions of actions.
    pub(crate) actions: Vec<Value>,
    /// Tokens of the approvals that wait.
    pub(crate) tokens: BTreeSet<String>,
    pub(crate) builds: BTreeMap<String, Value>,
    /// Status of the connection to GitHub.
    pub(crate) connection: Option<&'static str>,
    /// Operations that the caller may not use.
    pub(crate) denied: BTreeSet<&'static str>,
    /// Operations that are throttled, and how often still.
    pub(crate) throttled: BTreeMap<&'static str, usize>,
    /// Operations in which AWS itself fails.
    pub(crate) broken: BTreeSet<&'static str>,
}

/// A stage with a world, and a handle of that world.
pub(crate) fn stage(formation: Formation, world: World) -> (Stage, Shared) {
    let shared = Shared(Arc::new(Mutex::new(world)));
    let its = shared.clone();
    (Stage::with(formation, move |call| its.now().answer(call)), shared)
}

/// A world that the test and the server share.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn now(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many seconds ago, in seconds since 1970.
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

fn missing(code: &'static str, what: &str) -> Answer {
    Answer::Error(400, code, format!("{what} is not there"))
}

impl World {
    pub(crate) fn answer(&mut self, call: &Call) -> Option<Answer> {
        let operation = call.operation.as_str();
        if let Some((name, left)) = self
            .throttled
            .get_mut(operation)
            .map(|left| (operation, left))
            .filter(|(_, left)| **left > 0)
        {
            *left -= 1;
            return Some(Answer::Error(
                400,
                "ThrottlingException",
                format!("{name}: rate exceeded"),
            ));
        }
        if self.broken.contains(operation) {
            let message = "An internal error has occurred".to_owned();
            return Some(Answer::Error(500, "InternalFailure", message));
        }
        if self.denied.contains(operation) {
            let message = format!("User: ada is not authorized to perform: {operation}");
            return Some(Answer::Error(400, "AccessDeniedException", message));
        }
        Some(match operation {
            "GetParameter" => match self
                .parameters
                .get(call.text("Name"))
                .and_then(|values| values.last())
            {
                Some(value) => Answer::Json(json!({ "Parameter": { "Value": value } })),
                None => missing("ParameterNotFound", call.text("Name")),
            },
            "GetParameters" => self.get_parameters(call),
            "GetParameterHistory" => self.history(call),
            "DescribeImages" => self.describe_images(call),
            "FilterLogEvents" => self.filter_log_events(call),
            "ListTasks" => Answer::Json(self.ecs.get(call.text("desiredStatus"))?.clone()),
            "DescribeTasks" => {
                let all = self.ecs.get(operation)?["tasks"].as_array().unwrap();
                let asked = call.json["tasks"].as_array().unwrap();
                let tasks: Vec<_> = all
                    .iter()
                    .filter(|task| asked.contains(&task["taskArn"]))
                    .collect();
                Answer::Json(json!({ "tasks": tasks }))
            }
            "DescribeServices" | "DescribeTaskDefinition" | "GetLogEvents" => {
                Answer::Json(self.ecs.get(operation)?.clone())
            }
            "DescribeAlarms" => self.describe_alarms(call),
            "GetPipelineState" => match self.pipelines.get(call.text("name")) {
                Some(state) => Answer::Json(state.clone()),
                None => missing("PipelineNotFoundException", call.text("name")),
            },
            "ListPipelineExecutions" => {
                let run = self.runs.get(call.text("pipelineName"));
                Answer::Json(json!({ "pipelineExecutionSummaries": run.into_iter().collect::<Vec<_>>() }))
            }
            "ListActionExecutions" => self.list_actions(call),
            "StartPipelineExecution" => match self.pipelines.get(call.text("name")) {
                Some(_) => Answer::Json(json!({ "pipelineExecutionId": "run-2" })),
                None => missing("PipelineNotFoundException", call.text("name")),
            },
            "PutApprovalResult" => self.answer_approval(call),
            "BatchGetBuilds" => {
                let id = call.json["ids"][0].as_str().unwrap();
                Answer::Json(json!({ "builds": self.builds.get(id).into_iter().collect::<Vec<_>>() }))
            }
            "GetConnection" => match self.connection {
                Some(status) => Answer::Json(json!({ "Connection": {
                    "ConnectionArn": call.text("ConnectionArn"), "ConnectionStatus": status } })),
                None => missing("ResourceNotFoundException", call.text("ConnectionArn")),
            },
            _ => return None,
        })
    }

    fn get_parameters(&self, call: &Call) -> Answer {
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
        Answer::Json(json!({ "Parameters": found, "InvalidParameters": not }))
    }

    fn history(&self, call: &Call) -> Answer {
        let name = call.text("Name");
        let Some(values) = self.parameters.get(name) else {
            return missing("ParameterNotFound", name);
        };
        // From the first of the month on, one each day.
        let all: Vec<_> = (1_u64..)
            .zip(values)
            .map(|(version, value)| {
                json!({ "Value": value, "Version": version, "LastModifiedDate": 1_793_527_200 + 86_400 * version })
            })
            .collect();
        let (versions, next) = page(&all, &call.json["NextToken"]);
        Answer::Json(json!({ "Parameters": versions, "NextToken": next }))
    }

    fn describe_images(&self, call: &Call) -> Answer {
        let Some(tags) = self.images.get(call.text("repositoryName")) else {
            return missing("RepositoryNotFoundException", call.text("repositoryName"));
        };
        if let Some(tag) = call.json["imageIds"][0]["imageTag"].as_str() {
            return if tags.iter().any(|known| known == tag) {
                Answer::Json(
                    json!({ "imageDetails": [{ "imageTags": [tag], "imagePushedAt": 1_793_000_000 }] }),
                )
            } else {
                missing("ImageNotFoundException", tag)
            };
        }
        let (tags, next) = page(tags, &call.json["nextToken"]);
        let details: Vec<_> = tags.iter().map(|tag| json!({ "imageTags": [tag] })).collect();
        Answer::Json(json!({ "imageDetails": details, "nextToken": next }))
    }

    fn filter_log_events(&self, call: &Call) -> Answer {
        let Some(lines) = self.logs.get(call.text("logGroupName")) else {
            return missing("ResourceNotFoundException", call.text("logGroupName"));
        };
        let from = call.json["startTime"].as_i64().unwrap();
        let token = &call.json["nextToken"];
        // CloudWatch likes to search a while and to give out nothing meanwhile.
        if token.is_null() && !lines.is_empty() {
            return Answer::Json(json!({ "events": [], "nextToken": "0" }));
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
        Answer::Json(json!({ "events": events, "nextToken": next }))
    }

    fn describe_alarms(&self, call: &Call) -> Answer {
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
        Answer::Json(json!({ "MetricAlarms": alarms }))
    }

    fn list_actions(&self, call: &Call) -> Answer {
        let run = call.json["filter"]["pipelineExecutionId"].as_str().unwrap();
        let of_run: Vec<_> = self
            .actions
            .iter()
            .filter(|action| action["pipelineExecutionId"] == run)
            .cloned()
            .collect();
        let (actions, next) = page(&of_run, &call.json["nextToken"]);
        Answer::Json(json!({ "actionExecutionDetails": actions, "nextToken": next }))
    }

    fn answer_approval(&mut self, call: &Call) -> Answer {
        assert!(
            !call.json["result"]["summary"].as_str().unwrap().is_empty(),
            "no summary"
        );
        if self.tokens.remove(call.text("token")) {
            Answer::Json(json!({ "approvedAt": ago(0) }))
        } else {
            missing("InvalidApprovalTokenException", "the approval")
        }
    }
}
