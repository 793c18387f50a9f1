//! Descriptions of stacks, their events and their resources.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use super::{Call, Formation, Response, arn, escape, missing, name_of, physical, timestamp};

impl Formation {
    pub(super) fn describe_stacks(&mut self, call: &Call) -> Response {
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
                let mut tags = String::new();
                for (key, value) in &stack.tags {
                    let _ = write!(tags, "<member><Key>{key}</Key><Value>{value}</Value></member>");
                }
                for (key, value) in &stack.resolved {
                    let _ = write!(
                        parameters,
                        "<member><ParameterKey>{key}</ParameterKey><ParameterValue>/name</ParameterValue><ResolvedValue>{value}</ResolvedValue></member>"
                    );
                }
                let updated = stack.updated.map_or(String::new(), |seconds| {
                    let at = SystemTime::now() - Duration::from_secs(seconds);
                    format!(
                        "<LastUpdatedTime>{}</LastUpdatedTime>",
                        humantime::format_rfc3339_seconds(at)
                    )
                });
                Response::Xml(format!(
                    "<Stacks><member><StackId>{}</StackId><StackName>{name}</StackName><CreationTime>2026-11-01T10:00:00Z</CreationTime>{updated}<StackStatus>{}</StackStatus><EnableTerminationProtection>{}</EnableTerminationProtection><Outputs>{outputs}</Outputs><Parameters>{parameters}</Parameters><Tags>{tags}</Tags></member></Stacks>",
                    arn(&name),
                    stack.status,
                    stack.protected,
                ))
            }
        }
    }

    pub(super) fn describe_events(&self, call: &Call) -> Response {
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
                physical(resource, kind)
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
        Response::Xml(format!("<StackEvents>{members}</StackEvents>{token}"))
    }

    pub(super) fn list_resources(&self, call: &Call) -> Response {
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
                "<member><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{}</PhysicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-11-01T10:00:00Z</LastUpdatedTimestamp></member>",
                physical(resource, kind)
            );
        }
        let others = self.stacks.get(&name).map(|stack| stack.resources.clone());
        for (resource, kind, physical) in others.unwrap_or_default() {
            let _ = write!(
                members,
                "<member><LogicalResourceId>{resource}</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId><ResourceType>{kind}</ResourceType><ResourceStatus>CREATE_COMPLETE</ResourceStatus><LastUpdatedTimestamp>2026-11-01T10:00:00Z</LastUpdatedTimestamp></member>"
            );
        }
        Response::Xml(format!(
            "<StackResourceSummaries>{members}</StackResourceSummaries>"
        ))
    }
}
