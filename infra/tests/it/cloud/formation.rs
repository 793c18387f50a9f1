//! A CloudFormation in which nothing happens by itself: every look at a stack moves it one step along the path that
//! the test laid out. So slow operations, stuck stacks and crowds of events take no time and are the same every time.

mod change_sets;
mod descriptions;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::wire::{Call, Response, escape};

/// Resource event: logical id, type, status, reason.
pub(crate) type Happening = (String, String, String, String);

/// Result of the next call.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The stack's new status.
    pub(crate) status: String,
    /// Events since the previous step, oldest first.
    pub(crate) happenings: Vec<Happening>,
}

/// A step without resource events.
pub(crate) fn step(status: &str) -> Step {
    Step {
        status: status.into(),
        happenings: Vec::new(),
    }
}

/// A path on which the stack keeps this status.
pub(crate) fn endless<C: FromIterator<Step>>(status: &str) -> C {
    std::iter::repeat_n(step(status), 1000).collect()
}

impl Step {
    /// Adds a resource event.
    pub(crate) fn with(mut self, resource: &str, kind: &str, status: &str, reason: &str) -> Self {
        self.happenings
            .push((resource.into(), kind.into(), status.into(), reason.into()));
        self
    }
}

/// A stack.
#[derive(Clone, Debug)]
pub(crate) struct FakeStack {
    pub(crate) status: String,
    pub(crate) protected: bool,
    /// Id, happening; oldest first.
    pub(crate) events: Vec<(usize, Happening)>,
    pub(crate) path: VecDeque<Step>,
    pub(crate) change_sets: BTreeMap<String, &'static str>,
    /// How many hours ago a change set was created; else just now.
    pub(crate) hours: BTreeMap<String, u64>,
    /// The stack's tags.
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) outputs: Vec<(String, String)>,
    pub(crate) parameters: Vec<(String, String)>,
    /// Values of SSM parameters that its parameters name.
    pub(crate) resolved: Vec<(String, String)>,
    /// Logical id, type, physical id; besides those that events tell of.
    pub(crate) resources: Vec<(String, String, String)>,
    /// The template that was deployed.
    pub(crate) template: String,
    /// It was updated so many seconds ago.
    pub(crate) updated: Option<u64>,
}

impl Default for FakeStack {
    fn default() -> Self {
        Self {
            status: String::new(),
            protected: false,
            events: Vec::new(),
            path: VecDeque::new(),
            change_sets: BTreeMap::new(),
            hours: BTreeMap::new(),
            tags: vec![("project".into(), "penguin-school".into())],
            outputs: Vec::new(),
            parameters: Vec::new(),
            resolved: Vec::new(),
            resources: Vec::new(),
            template: String::new(),
            updated: None,
        }
    }
}

/// The service, and the paths that operations will take.
#[derive(Clone, Debug, Default)]
pub(crate) struct Formation {
    pub(crate) stacks: BTreeMap<String, FakeStack>,
    /// Changes that the next change sets of a stack announce, as XML members; none means "no changes".
    pub(crate) changes: BTreeMap<String, String>,
    pub(crate) on_execute: BTreeMap<String, Vec<Step>>,
    /// When the first stack is executed, the second one's change sets announce these changes from then on.
    pub(crate) on_execute_changes: Vec<(String, String, String)>,
    pub(crate) on_delete: BTreeMap<String, Vec<Step>>,
    pub(crate) on_cancel: BTreeMap<String, Vec<Step>>,
    pub(crate) on_continue: VecDeque<Vec<Step>>,
    /// Service-linked roles that the account does not have.
    pub(crate) missing_roles: BTreeSet<String>,
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
    pub(crate) fn respond(&mut self, call: &Call) -> Option<Response> {
        if self.throttle > 0 && call.operation != "GetCallerIdentity" {
            self.throttle -= 1;
            if self.throttle % 2 == 1 {
                return Some(Response::Error(400, "Throttling", "Rate exceeded".into()));
            }
        }
        Some(match call.operation.as_str() {
            "GetCallerIdentity" => Response::Xml(
                "<Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>A</UserId><Account>123456789012</Account>".into(),
            ),
            "GetRole" => {
                let name = call.get("RoleName");
                if self.missing_roles.contains(name) {
                    return Some(Response::Error(
                        404,
                        "NoSuchEntity",
                        format!("The role with name {name} cannot be found."),
                    ));
                }
                Response::Xml(role(name))
            }
            "CreateServiceLinkedRole" => {
                let service = call.get("AWSServiceName");
                assert!(service.ends_with(".amazonaws.com"), "{service}");
                self.missing_roles.clear();
                Response::Xml(role("AWSServiceRole"))
            }
            "DescribeStacks" => self.describe_stacks(call),
            "DescribeStackEvents" => self.describe_events(call),
            "CreateChangeSet" => self.create_change_set(call),
            "DescribeChangeSet" => self.describe_change_set(call),
            "DescribeEvents" => Response::Xml("<OperationEvents></OperationEvents>".into()),
            "ListChangeSets" => self.list_change_sets(call),
            "DeleteChangeSet" => self.delete_change_set(call),
            "ExecuteChangeSet" => self.execute(call),
            "DeleteStack" => self.delete(call),
            "CancelUpdateStack" => self.cancel(call),
            "ContinueUpdateRollback" => self.continue_rollback(call),
            "UpdateTerminationProtection" => {
                let name = name_of(call.get("StackName"));
                self.stacks.get_mut(&name)?.protected = call.get("EnableTerminationProtection") == "true";
                Response::Xml(format!("<StackId>{}</StackId>", arn(&name)))
            }
            "ListStackResources" => self.list_resources(call),
            "DetectStackDrift" => {
                self.detections += 1;
                Response::Xml("<StackDriftDetectionId>d-1</StackDriftDetectionId>".into())
            }
            "DescribeStackDriftDetectionStatus" => {
                // It takes a look or two.
                let under_way = std::mem::take(&mut self.detections) > 0;
                let status = if under_way { "DETECTION_IN_PROGRESS" } else { "DETECTION_COMPLETE" };
                Response::Xml(format!(
                    "<StackId>x</StackId><StackDriftDetectionId>d-1</StackDriftDetectionId><DetectionStatus>{status}</DetectionStatus><Timestamp>2026-11-01T10:00:00Z</Timestamp>"
                ))
            }
            "DescribeStackResourceDrifts" => {
                let name = name_of(call.get("StackName"));
                let drifts = self.drifts.get(&name).cloned().unwrap_or_default();
                Response::Xml(format!("<StackResourceDrifts>{drifts}</StackResourceDrifts>"))
            }
            "GetTemplate" => {
                let name = name_of(call.get("StackName"));
                match self.stacks.get(&name) {
                    Some(stack) => Response::Xml(format!(
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

    fn delete(&mut self, call: &Call) -> Response {
        let name = name_of(call.get("StackName"));
        let path = self.on_delete.get(&name).cloned();
        let Some(stack) = self.stacks.get_mut(&name) else {
            return Response::Xml(String::new());
        };
        if stack.protected {
            return Response::Error(400, "ValidationError", format!("Stack [{name}] is protected"));
        }
        if stack.status == "REVIEW_IN_PROGRESS" {
            self.stacks.remove(&name);
            return Response::Xml(String::new());
        }
        stack.path = path
            .unwrap_or_else(|| vec![step("DELETE_IN_PROGRESS"), step("DELETE_COMPLETE")])
            .into();
        self.advance(&name);
        Response::Xml(String::new())
    }

    fn cancel(&mut self, call: &Call) -> Response {
        let name = name_of(call.get("StackName"));
        let path = self.on_cancel.get(&name).cloned().unwrap_or_default();
        match self.stacks.get_mut(&name) {
            Some(stack) if stack.status == "UPDATE_IN_PROGRESS" => {
                stack.path = path.into();
                Response::Xml(String::new())
            }
            _ => Response::Error(
                400,
                "ValidationError",
                "CancelUpdateStack cannot be called now".into(),
            ),
        }
    }

    fn continue_rollback(&mut self, call: &Call) -> Response {
        let name = name_of(call.get("StackName"));
        let path = self
            .on_continue
            .pop_front()
            .unwrap_or_else(|| panic!("nothing to continue with"));
        if let Some(stack) = self.stacks.get_mut(&name) {
            stack.path = path.into();
        }
        self.advance(&name);
        Response::Xml(String::new())
    }
}

/// A role, as IAM describes it.
fn role(name: &str) -> String {
    format!(
        "<Role><Path>/aws-service-role/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::123456789012:role/{name}</Arn><CreateDate>2026-11-01T10:00:00Z</CreateDate></Role>"
    )
}

/// The physical id that a resource gets in an operation.
fn physical(resource: &str, kind: &str) -> String {
    match kind {
        "AWS::ECS::TaskDefinition" => "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:9".to_owned(),
        _ => format!("{resource}-1"),
    }
}

fn missing(name: &str) -> Response {
    Response::Error(
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
