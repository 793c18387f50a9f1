//! How the stacks are, and the service in them: in lines for a person, as a document for a program.
//!
//! It must not know how this was found out.

mod lines;

use std::time::SystemTime;

use serde_json::{Value, json};

pub use lines::{MOST_LINES, fitted, lines};

use super::age::rfc3339;
use crate::deploy::rollout::{Rollout, StoppedTask};

/// A stack, as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackStatus {
    /// Its name.
    pub name: String,
    /// The environment that it belongs to.
    pub environment: Option<String>,
    /// What CloudFormation says; `None` if it does not exist.
    pub found: Option<Found>,
    /// It runs the service. Set even where nothing could be learned of it.
    pub service: Option<ServiceStatus>,
}

/// A stack that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// CloudFormation's status.
    pub status: String,
    /// Since when.
    pub since: SystemTime,
    /// CloudFormation's reason.
    pub reason: Option<String>,
}

/// The service of an app stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Tag of the images that the stack runs.
    pub release: Option<String>,
    /// The latest release.
    pub latest: Latest,
    /// Where visitors come.
    pub url: Option<String>,
    /// The newest rollout.
    pub rollout: Option<Rollout>,
    /// Tasks that run or start.
    pub tasks: Vec<TaskStatus>,
    /// Tasks that died in the last hour, newest first.
    pub stopped: Vec<StoppedTask>,
    /// Alarms that ring.
    pub alarms: Vec<Alarm>,
    /// What could not be looked at.
    pub unknown: Vec<Unknown>,
}

/// A part of the service that AWS did not tell of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Which.
    pub part: Part,
    /// Why not.
    pub why: String,
}

/// What can be unknown of a service by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The latest release.
    Latest,
    /// Which service and which alarms there are.
    Resources,
    /// The service's rollout.
    Service,
    /// Tasks that died.
    Stopped,
    /// Tasks that run or start.
    Tasks,
    /// Alarms that ring.
    Alarms,
}

impl Part {
    fn words(self) -> &'static str {
        match self {
            Self::Latest => "the latest release",
            Self::Resources => "resources",
            Self::Service => "the service",
            Self::Stopped => "stopped tasks",
            Self::Tasks => "tasks",
            Self::Alarms => "alarms",
        }
    }
}

/// The release that the SSM parameter names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Latest {
    /// AWS does not tell.
    #[default]
    Unknown,
    /// There is none yet.
    None,
    /// This tag.
    Is(String),
}

impl Latest {
    fn tag(&self) -> Option<&str> {
        match self {
            Self::Is(tag) => Some(tag),
            _ => None,
        }
    }
}

/// A task that runs or starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStatus {
    /// The last part of its ARN.
    pub id: String,
    /// `RUNNING`, `PENDING` and others.
    pub status: String,
    /// `HEALTHY`, `UNHEALTHY`, `UNKNOWN`.
    pub health: String,
    /// Since when it runs.
    pub started: Option<SystemTime>,
}

/// An alarm that rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// What it is about, in the words of its description.
    pub description: String,
    /// Since when.
    pub since: SystemTime,
}

/// All of it, for programs.
pub fn document(stacks: &[StackStatus]) -> Value {
    json!({ "stacks": stacks.iter().map(stack_json).collect::<Vec<_>>() })
}

fn stack_json(stack: &StackStatus) -> Value {
    json!({
        "name": stack.name,
        "environment": stack.environment,
        "status": stack.found.as_ref().map(|found| &found.status),
        "since": stack.found.as_ref().map(|found| rfc3339(found.since)),
        "reason": stack.found.as_ref().and_then(|found| found.reason.as_ref()),
        "service": stack.service.as_ref().map(service_json),
    })
}

fn service_json(service: &ServiceStatus) -> Value {
    let tasks: Vec<_> = service
        .tasks
        .iter()
        .map(|task| {
            json!({ "id": task.id, "status": task.status, "health": task.health, "started": task.started.map(rfc3339) })
        })
        .collect();
    let stopped: Vec<_> = service.stopped.iter().map(stopped_json).collect();
    let alarms: Vec<_> = service
        .alarms
        .iter()
        .map(|alarm| {
            json!({ "name": alarm.name, "description": alarm.description, "since": rfc3339(alarm.since) })
        })
        .collect();
    let unknown: Vec<_> = service
        .unknown
        .iter()
        .map(|unknown| format!("{}: {}", unknown.part.words(), unknown.why))
        .collect();
    json!({
        "release": service.release,
        "latestRelease": service.latest.tag(),
        "url": service.url,
        "rollout": service.rollout.as_ref().map(|rollout| json!({
            "service": rollout.service,
            "state": rollout.state,
            "reason": rollout.reason,
            "desired": rollout.desired,
            "running": rollout.running,
            "pending": rollout.pending,
            "failed": rollout.failed,
        })),
        "tasks": tasks,
        "stoppedTasks": stopped,
        "alarms": alarms,
        "unknown": unknown,
    })
}

fn stopped_json(task: &StoppedTask) -> Value {
    let containers: Vec<_> = task
        .containers
        .iter()
        .map(|container| {
            json!({
                "name": container.name,
                "exitCode": container.exit_code,
                "reason": container.reason,
                "lastLines": container.last_lines,
            })
        })
        .collect();
    json!({ "id": task.id, "at": rfc3339(task.at), "reason": task.reason, "containers": containers })
}
