//! Pipeline model: stages, actions, failure reasons, pending approvals.
//!
//! Plain data, independent of AWS calls.

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use crate::timestamps::{as_rfc3339, rfc3339};

/// State of a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineState {
    /// Pipeline name.
    pub name: String,
    /// Newest run.
    pub run: Option<Run>,
    /// Stages in order.
    pub stages: Vec<StageState>,
}

/// A run of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Execution id.
    pub id: String,
    /// `InProgress`, `Succeeded`, `Failed`, `Stopped`, `Superseded` …
    pub status: String,
    /// Start time.
    #[serde(serialize_with = "as_rfc3339")]
    pub began: SystemTime,
    /// Commit of its source, if known.
    pub commit: Option<String>,
    /// Commit message.
    pub summary: Option<String>,
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageState {
    /// Stage name.
    pub name: String,
    /// Status of its last run; `None` without runs.
    pub status: Option<String>,
    /// Id of that run.
    pub run: Option<String>,
    /// Reason of a disabled inbound transition.
    pub closed: Option<String>,
    /// Actions.
    pub actions: Vec<ActionState>,
}

/// An action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionState {
    /// Action name.
    pub name: String,
    /// `InProgress`, `Succeeded`, `Failed`, `Abandoned`; `None` without runs.
    pub status: Option<String>,
    /// Time of the last status change.
    pub since: Option<SystemTime>,
    /// Status summary.
    pub summary: Option<String>,
    /// Error message.
    pub error: Option<String>,
    /// External execution id, for example a build id.
    pub external_id: Option<String>,
    /// Console link.
    pub link: Option<String>,
    /// Token of a pending approval.
    pub token: Option<String>,
    /// Failure of its build.
    pub build: Option<FailedBuild>,
}

/// A failed build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedBuild {
    /// Failed phase and its message.
    pub reason: String,
    /// Last log lines.
    pub last_lines: Vec<String>,
}

/// State of a connection to GitHub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// Usable.
    Available,
    /// Not yet confirmed in the console.
    Pending,
    /// Revoked or in error.
    Broken,
}

/// A pending approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Pipeline.
    pub pipeline: String,
    /// Stage.
    pub stage: String,
    /// Action.
    pub action: String,
    /// Approval token.
    pub token: String,
    /// Execution id.
    pub run: Option<String>,
    /// Pending since.
    pub since: Option<SystemTime>,
}

/// Subject of an approval.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Image tag.
    pub release: Option<String>,
    /// Message of the approval.
    pub message: Option<String>,
    /// URL to review.
    pub url: Option<String>,
}

impl PipelineState {
    /// Returns pending approvals.
    pub fn waiting(&self) -> Vec<Waiting> {
        let of_stage = |stage: &StageState| -> Vec<Waiting> {
            stage
                .actions
                .iter()
                .filter(|action| action.status.as_deref() == Some("InProgress"))
                .filter_map(|action| {
                    Some(Waiting {
                        pipeline: self.name.clone(),
                        stage: stage.name.clone(),
                        action: action.name.clone(),
                        token: action.token.clone()?,
                        run: stage.run.clone(),
                        since: action.since,
                    })
                })
                .collect()
        };
        self.stages.iter().flat_map(of_stage).collect()
    }

    /// Returns failed actions.
    pub fn failed_mut(&mut self) -> impl Iterator<Item = &mut ActionState> {
        self.stages
            .iter_mut()
            .flat_map(|stage| &mut stage.actions)
            .filter(|action| action.status.as_deref() == Some("Failed"))
    }

    /// Returns the JSON document.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "run": self.run,
            "stages": self.stages.iter().map(StageState::json).collect::<Vec<_>>(),
        })
    }
}

impl StageState {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "status": self.status,
            "run": self.run,
            "closed": self.closed,
            "actions": self.actions.iter().map(ActionState::json).collect::<Vec<_>>(),
        })
    }
}

impl ActionState {
    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "status": self.status,
            "since": self.since.map(rfc3339),
            "summary": self.summary,
            "error": self.error,
            "link": self.link,
            "waitsForApproval": self.token.is_some() && self.status.as_deref() == Some("InProgress"),
            "build": self.build,
        })
    }
}
