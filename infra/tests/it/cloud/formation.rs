//! A CloudFormation in which nothing happens by itself: every look at a stack moves it one step along the path that
//! the test laid out. So slow operations, stuck stacks and crowds of events take no time and are the same every time.

mod change_sets;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::wire::{Answer, Call, escape};

/// An event of a resource: logical id, type, status, reason.
pub(crate) type Happening = (String, String, String, String);

/// What the next look at a stack finds.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The stack's status from then on.
    pub(crate) status: String,
    /// What happened before, oldest first.
    pub(crate) happenings: Vec<Happening>,
}

/// A step in which nothing happens to resources.
pub(crate) fn step(status: &str) -> Step {
    Step {
        status: status.into(),
        happenings: Vec::new(),
    }
}

impl Step {
    /// Something happens to a resource.
    pub(crate) fn with(mut self, resource: &str, kind: &str, status: &str, reason: &str) -> Self {
        self.happenings
            .push((resource.into(), kind.into(), status.into(), reason.into()));
        self
    }
}

/// A stack.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeStack {
    pub(crate) status: String,
    pub(crate) protected: bool,
    /// Id, happening; oldest first.
    pub(crate) events: Vec<(usize, Happening)>,
    pub(crate) path: VecDeque<Step>,
    pub(crate) change_sets: BTreeMap<String, &'static str>,
    pub(crate) outputs: Vec<(String, String)>,
    pub(crate) parameters: Vec<(String, String)>,
    /// Logical id, type, physical id; besides those that events tell of.
    pub(crate) resources: Vec<(String, String, String)>,
    /// The template that was deployed.
    pub(crate) template: String,
    /// It was updated so many seconds ago.
    pub(crate) updated: Option<u64>,
}

/// The service, and the paths that operations will take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Formation {
    pub(crate) stacks: BTreeMap<String, FakeStack>,
    /// Changes that the next change sets of a stack announce, as XML members; none means "no changes".
    pub(crate) changes: BTreeMap<String, String>,
    pub(crate) on_execute: BTreeMap<String, Vec<Step>>,
    pub(crate) on_delete: BTreeMap<String, Vec<Step>>,
    pub(crate) on_cancel: BTreeMap<String, Vec<Step>>,
    pub(crate) on_continue: VecDeque<Vec<Step>>,
    /// So many calls from now on are throttled, every second one.
    pub(crate) throttle: usize,
    /// What was changed by hand, as XML members.
    pub(crate) drifts: BTreeMap<String, String>,
    detections: usize,
    ids: usize,
    deleted: BTreeMap<String, FakeStack>,
}

/// A member of a change set's changes.
pub(crate) fn change(action: &str, resource: &str, kind: &str, replacement: &str) -> String {
    let replacement = if replacement.is_empty() {
        String::new()
    } else {
        format!("<Replacement>{replacement}</Replacement>")
    };
    format!(
        "<member><Type>Resource</Type><ResourceChange><Action>{action}</Action><LogicalResourceId>{resource}</LogicalResourceId><ResourceType>{kind}</ResourceType>{replacement}</ResourceChange></member>"
    )
}

impl Formation {
    /// A stack that is there already.
    pub(crate) fn stack(&mut self, name: &str, status: &str) -> &mut FakeStack {
        let stack = self.stacks.entry(name.into()).or_default();
        status.clone_into(&mut stack.status);
        stack
    }

    /// Answers a call to CloudFormation or STS; `None` for other services.
    pub(crate) fn answer(&mut self, call: &Call) -> Option<Answer> {
        if self.throttle > 0 && call.operation != "GetCallerIdentity" {
            self.throttle -= 1;
            if self.throttle % 2 == 1 {
                return Some(Answer::Error(400, "Throttling", "Rate exceeded".into()));
            }
        }
        Some(match call.operation.as_str() {
            "GetCallerIdentity" => Answer::Xml(
                "<Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>A</UserId><Account>123456789012</Account>".into(),
            ),
            "DescribeStacks" => self.describe_stacks(call),
            "DescribeStackEvents" => self.describe_events(call),
            "CreateChangeSet" => self.create_change_set(call),
            "DescribeChangeSet" => self.describe_change_set(call),
            "DescribeEvents" => Answer::Xml("<OperationEvents></OperationEvents>".into()),
            "ListChangeSets" => self.list_change_sets(call),
            "DeleteChangeSet" => self.delete_change_set(call),
            "ExecuteChangeSet" => self.execute(call),
            "DeleteStack" => self.delete(call),
            "CancelUpdateStack" => self.cancel(call),
            "ContinueUpdateRollback" => self.continue_rollback(call),
            "UpdateTerminationProtection" => {
                let name = name_of(call.get("StackName"));
                self.stacks.get_mut(&name)?.protected = call.get("EnableTerminationProtection") == "true";
                Answer::Xml(format!("<StackId>{}</StackId>", arn(&name)))
            }
            "ListStackResources" => self.list_resources(call),
            "DetectStackDrift" => {
                self.detections += 1;
                Answer::Xml("<StackDriftDetectionId>d-1</StackDriftDetectionId>".into())
            }
            "DescribeStackDriftDetectionStatus" => {
                // It takes a look or two.
                let under_way = std::mem::take(&mut self.detections) > 0;
                let status = if under_way { "DETECTION_IN_PROGRESS" } else { "DETECTION_COMPLETE" };
                Answer::Xml(format!(
                    "<StackId>x</StackId><StackDriftDetectionId>d-1</StackDriftDetectionId><DetectionStatus>{status}</DetectionStatus><Timestamp>2026-11-01T10:00:00Z</Timestamp>"
                ))
            }
            "DescribeStackResourceDrifts" => {
                let name = name_of(call.get("StackName"));
                let drifts = self.drifts.get(&name).cloned().unwrap_or_default();
                Answer::Xml(format!("<StackResourceDrifts>{drifts}</StackResourceDrifts>"))
            }
            "GetTemplate" => {
                let name = name_of(call.get("StackName"));
                match self.stacks.get(&name) {
                    Some(stack) => Answer::Xml(format!(
                        "<TemplateBody>{}</TemplateBody>",
                        escape(if stack.template.is_empty() {
                            "{\"Resources\":{}}"
                        } else {
                            &stack.template
                        })
                    )),
                    None => missing(&name),
                }
            }
            _ => return None,
        })
    }

    fn advance(&mut self, name: &str) {
        let Some(stack) = self.stacks.get_mut(name) else {
            return;
        };
        let Some(step) = stack.path.pop_front() else {
            return;
        };
        if stack.status != step.status {
            let of_stack = (
                name.to_owned(),
                "AWS::CloudFormation::Stack".to_owned(),
                step.status.clone(),
                String::new(),
            );
            self.ids += 1;
            stack.events.push((self.ids, of_stack));
        }
        for happening in step.happenings {
            self.ids += 1;
            stack.events.push((self.ids, happening));
        }
        stack.status = step.status;
        if stack.status == "DELETE_COMPLETE" {
            let gone = self.stacks.remove(name).unwrap_or_default();
            self.deleted.insert(name.to_owned(), gone);
        }
    }

    fn describe_stacks(&mut self, call: &Call) -> Answer {
        let asked = call.get("StackName");
        let name = name_of(asked);
        self.advance(&name);
        let by_id = asked.starts_with("arn:");
        let found = self
            .stacks
            .get(&name)
            .or_else(|| self.deleted.get(&name).filter(|_| by_id));
        match found {
            None => missing(&name),
            Some(stack) => {
                let mut outputs = String::new();
                for (key, value) in &stack.outputs {
                    let _ = write!(
                        outputs,
                        "<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
                    );
                }
                let mut parameters = String::new();
                for (key, value) in &stack.parameters {
                    let _ = write!(
                        parameters,
                        "<member><ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
                    );
                }
                let updated = stack.updated.map_or(String::new(), |seconds| {
                    let at = SystemTime::now() - Duration::from_secs(seconds);
                    format!(
                        "<LastUpdatedTime>{}</LastUpdatedTime>",
                        humantime::format_rfc3339_seconds(at)
                    )
                });
                Answer::Xml(format!(
                    "<Stacks><member><StackId>{}</StackId><StackName>{name}</StackName><CreationTime>2026-11-01T10:00:00Z</CreationTime>{updated}<StackStatus>{}</StackStatus><EnableTerminationProtection>{}</EnableTerminationProtection><Outputs>{outputs}</Outputs><Parameters>{parameters}</Parameters></member></Stacks>",
                    arn(&name),
                    stack.status,
                    stack.protected,
                ))
            }
        }
    }

    fn describe_events(&self, call: &Call) -> Answer {
        const PAGE: usize = 100;
        let name = name_of(call.get("StackName"));
        let Some(stack) = self.stacks.get(&name).or_else(|| self.deleted.get(&name)) else {
            return missing(&name);
        };
        let skip: usize = call
            .form
            .get("NextToken")
            .map_or(0, |token| token.parse().unwrap());
        let mut members = String::new();
        for (id, (resource, kind, status, reason)) in stack.events.iter().rev().skip(skip).take(PAGE) {
            let physical = if kind == "AWS::CloudFormation::Stack" {
                arn(&name)
            } else if kind == "AWS::ECS::Service" {
                format!("arn:aws:ecs:eu-west-1:123456789012:service/penguin/{resource}")
            } else {
                format!("{resource}-1")
            };
            let _ = write!(
                members,
                "<member><StackId>{}</StackId><EventId>{id}</EventId><StackName>{name}</StackName><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>{kind}</ResourceType><Timestamp>{}</Timestamp><ResourceStatus>{status}</ResourceStatus>{}</member>",
                arn(&name),
                timestamp(*id),
                if reason.is_empty() {
                    String::new()
                } else {
                    format!("<ResourceStatusReason>{}</ResourceStatusReason>", escape(reason))
                },
            );
        }
        let more = skip + PAGE < stack.events.len();
        let token = if more {
            format!("<NextToken>{}</NextToken>", skip + PAGE)
        } else {
            String::new()
        };
        Answer::Xml(format!("<StackEvents>{members}</StackEvents>{token}"))
    }

    fn delete(&mut self, call: &Call) -> Answer {
        let name = name_of(call.get("StackName"));
        let path = self.on_delete.get(&name).cloned();
        let Some(stack) = self.stacks.get_mut(&name) else {
            return Answer::Xml(String::new());
        };
        if stack.protected {
            return Answer::Error(400, "ValidationError", format!("Stack [{name}] is protected"));
        }
        if stack.status == "REVIEW_IN_PROGRESS" {
            self.stacks.remove(&name);
            return Answer::Xml(String::new());
        }
        stack.path = path
            .unwrap_or_else(|| vec![step("DELETE_IN_PROGRESS"), step("DELETE_COMPLETE")])
            .into();
        self.advance(&name);
        Answer::Xml(String::new())
    }

    fn cancel(&mut self, call: &Call) -> Answer {
        let name = name_of(call.get("StackName"));
        let path = self.on_cancel.get(&name).cloned().unwrap_or_default();
        match self.stacks.get_mut(&name) {
            Some(stack) if stack.status == "UPDATE_IN_PROGRESS" => {
                stack.path = path.into();
                Answer::Xml(String::new())
            }
            _ => Answer::Error(
                400,
                "ValidationError",
                "CancelUpdateStack cannot be called now".into(),
            ),
        }
    }

    fn continue_rollback(&mut self, call: &Call) -> Answer {
        let name = name_of(call.get("StackName"));
        let path = self
            .on_continue
            .pop_front()
            .unwrap_or_else(|| panic!("nothing to continue with"));
        if let Some(stack) = self.stacks.get_mut(&name) {
            stack.path = path.into();
        }
        self.advance(&name);
        Answer::Xml(String::new())
    }

    fn list_resources(&self, call: &Call) -> Answer {
        let name = name_of(call.get("StackName"));
        let mut members = String::new();
        let events = self
            .stacks
            .get(&name)
            .map(|stack| stack.events.clone())
            .unwrap_or_default();
        for (_, (resource, kind, ..)) in events.iter().filter(|(_, event)| event.0 != name) {
            let _ = write!(
                members,
                "<member><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{resource}-1</PhysicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-11-01T10:00:00Z</LastUpdatedTimestamp></member>"
            );
        }
        let others = self.stacks.get(&name).map(|stack| stack.resources.clone());
        for (resource, kind, physical) in others.unwrap_or_default() {
            let _ = write!(
                members,
                "<member><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-11-01T10:00:00Z</LastUpdatedTimestamp></member>"
            );
        }
        Answer::Xml(format!(
            "<StackResourceSummaries>{members}</StackResourceSummaries>"
        ))
    }
}

fn missing(name: &str) -> Answer {
    Answer::Error(
        400,
        "ValidationError",
        format!("Stack with id {name} does not exist"),
    )
}

/// One second per event, long ago: only the order matters.
fn timestamp(id: usize) -> String {
    format!(
        "2026-11-01T{:02}:{:02}:{:02}Z",
        10 + id / 3600,
        id / 60 % 60,
        id % 60
    )
}

pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:cloudformation:eu-west-1:123456789012:stack/{name}/0001")
}

fn name_of(name_or_arn: &str) -> String {
    match name_or_arn.split_once(":stack/") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default().to_owned(),
        None => name_or_arn.to_owned(),
    }
}
