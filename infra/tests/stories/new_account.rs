//! What ministack lacks, as a new account has it: CodePipeline, the connection to GitHub, quotas, service-linked roles.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::mocks::wire::{Call, Response, Server};

/// The services, behind one address.
pub(crate) struct NewAccount {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    connected: bool,
    roles: BTreeSet<String>,
    /// Variables of started pipelines.
    started: Vec<(String, String)>,
    waits: bool,
    comment: Option<String>,
}

const TOKEN: &str = "approval-1";

impl NewAccount {
    pub(crate) fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let its = Arc::clone(&state);
        Self {
            server: Server::start(move |call| lock(&its).respond(call)),
            state,
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.server.endpoint
    }

    /// Somebody completes the connection in the console.
    pub(crate) fn complete_connection(&self) {
        lock(&self.state).connected = true;
    }

    /// The release pipeline has deployed staging.
    pub(crate) fn waits_for_approval(&self) {
        lock(&self.state).waits = true;
    }

    /// Variables that pipelines were started with.
    pub(crate) fn started(&self) -> Vec<(String, String)> {
        lock(&self.state).started.clone()
    }

    /// The comment of the approval.
    pub(crate) fn comment(&self) -> Option<String> {
        lock(&self.state).comment.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn respond(&mut self, call: &Call) -> Option<Response> {
        Some(match call.operation.as_str() {
            "GetConnection" => {
                let status = if self.connected { "AVAILABLE" } else { "PENDING" };
                Response::Json(json!({ "Connection": { "ConnectionStatus": status } }))
            }
            "GetServiceQuota" => Response::Json(json!({ "Quota": { "Value": 1000.0 } })),
            "ListServiceQuotas" => Response::Json(json!({ "Quotas": [] })),
            "GetRole" if self.roles.contains(call.get("RoleName")) => role(call.get("RoleName")),
            "GetRole" => Response::Error(404, "NoSuchEntity", "The role cannot be found.".to_owned()),
            "CreateServiceLinkedRole" => {
                let name = match call.get("AWSServiceName") {
                    "ecs.amazonaws.com" => "AWSServiceRoleForECS",
                    "elasticloadbalancing.amazonaws.com" => "AWSServiceRoleForElasticLoadBalancing",
                    "ecs.application-autoscaling.amazonaws.com" => {
                        "AWSServiceRoleForApplicationAutoScaling_ECSService"
                    }
                    _ => return None,
                };
                self.roles.insert(name.to_owned());
                role(name)
            }
            "StartPipelineExecution" => {
                let variables = call.json["variables"].as_array();
                let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                self.started.extend(
                    variables
                        .into_iter()
                        .flatten()
                        .map(|variable| (text(&variable["name"]), text(&variable["value"]))),
                );
                Response::Json(json!({ "pipelineExecutionId": "run-1" }))
            }
            "GetPipelineState" => self.pipeline(call.text("name")),
            "ListPipelineExecutions" => Response::Json(json!({ "pipelineExecutionSummaries": [{
                "pipelineExecutionId": "run-1", "status": "InProgress", "startTime": 1_795_000_000 }] })),
            "ListActionExecutions" => Response::Json(json!({ "actionExecutionDetails": [] })),
            "PutApprovalResult" => {
                assert_eq!(call.text("token"), TOKEN);
                assert_eq!(call.json["result"]["status"], "Approved");
                self.comment = call.json["result"]["summary"].as_str().map(str::to_owned);
                self.waits = false;
                Response::Json(json!({ "approvedAt": 1_795_000_000 }))
            }
            _ => return None,
        })
    }

    fn pipeline(&self, name: &str) -> Response {
        let waits = self.waits && name.ends_with("-release");
        let (action, status) = if waits {
            ("Approve", "InProgress")
        } else {
            ("Deploy", "Succeeded")
        };
        let mut latest = json!({ "status": status, "lastStatusChange": 1_795_000_000 });
        if waits {
            latest["token"] = TOKEN.into();
        }
        Response::Json(json!({ "stageStates": [{
            "stageName": "Staging", "inboundTransitionState": { "enabled": true },
            "latestExecution": { "pipelineExecutionId": "run-1", "status": status },
            "actionStates": [{ "actionName": action, "latestExecution": latest }] }] }))
    }
}

fn role(name: &str) -> Response {
    Response::Xml(format!(
        "<Role><Path>/aws-service-role/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::123456789012:role/{name}</Arn><CreateDate>2026-11-01T10:00:00Z</CreateDate></Role>"
    ))
}
