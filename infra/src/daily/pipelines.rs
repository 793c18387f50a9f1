//! Where a release is: stages and actions of a pipeline, why one failed, which approval waits.
//!
//! It must not know how this was found out.

mod lines;

use std::time::SystemTime;

use serde_json::{Value, json};

pub use lines::{lines, words};

use super::age::rfc3339;

/// A pipeline, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineState {
    /// Its name.
    pub name: String,
    /// The newest run.
    pub run: Option<Run>,
    /// Its stages, in order.
    pub stages: Vec<StageState>,
}

/// A run of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// CodePipeline's name for it.
    pub id: String,
    /// `InProgress`, `Succeeded`, `Failed`, `Stopped`, `Superseded` …
    pub status: String,
    /// When it began.
    pub began: SystemTime,
    /// The commit that it is about, if its source is known.
    pub commit: Option<String>,
    /// The commit's first line.
    pub summary: Option<String>,
}

/// A stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageState {
    /// Its name.
    pub name: String,
    /// How its last run went; `None` if it never ran.
    pub status: Option<String>,
    /// Which run that was.
    pub run: Option<String>,
    /// Why nothing gets in, if somebody closed the way.
    pub closed: Option<String>,
    /// Its actions.
    pub actions: Vec<ActionState>,
}

/// An action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionState {
    /// Its name.
    pub name: String,
    /// `InProgress`, `Succeeded`, `Failed`, `Abandoned`; `None` if it never ran.
    pub status: Option<String>,
    /// When that changed last.
    pub since: Option<SystemTime>,
    /// CodePipeline's words.
    pub summary: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// What runs on its behalf, as a build's id.
    pub external_id: Option<String>,
    /// Where to see that in the console.
    pub link: Option<String>,
    /// Names a request for approval that waits.
    pub token: Option<String>,
    /// Why the build failed, if it is one that did.
    pub build: Option<FailedBuild>,
}

/// A build that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedBuild {
    /// The phase that failed, and CodeBuild's words.
    pub reason: String,
    /// Its last log lines.
    pub last_lines: Vec<String>,
}

/// How a connection to GitHub is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// It can be used.
    Available,
    /// Nobody has agreed to it yet.
    Pending,
    /// GitHub has taken it back, or something else is wrong with it.
    Broken,
}

/// An approval that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// In which pipeline.
    pub pipeline: String,
    /// In which stage.
    pub stage: String,
    /// Of which action.
    pub action: String,
    /// Names this request, so that no other is answered.
    pub token: String,
    /// The run that waits.
    pub run: Option<String>,
    /// Since when.
    pub since: Option<SystemTime>,
}

/// What an approval is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Tag of the images.
    pub release: Option<String>,
    /// The message that was sent.
    pub message: Option<String>,
    /// Where to look at it.
    pub url: Option<String>,
}

impl PipelineState {
    /// Its approvals that wait.
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

    /// The actions that failed, to be asked about.
    pub fn failed_mut(&mut self) -> impl Iterator<Item = &mut ActionState> {
        self.stages
            .iter_mut()
            .flat_map(|stage| &mut stage.actions)
            .filter(|action| action.status.as_deref() == Some("Failed"))
    }

    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "name": self.name,
            "run": self.run.as_ref().map(|run| json!({
                "id": run.id,
                "status": run.status,
                "began": rfc3339(run.began),
                "commit": run.commit,
                "summary": run.summary,
            })),
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
            "build": self.build.as_ref().map(|build| json!({
                "reason": build.reason,
                "lastLines": build.last_lines,
            })),
        })
    }
}
