//! Status of stacks and services, and its JSON form.

pub mod links;

use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Value, json};

use self::links::Link;
use crate::deployment::rollout::{Rollout, StoppedTask};
use crate::timestamps::{as_rfc3339, rfc3339};

/// Status of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackStatus {
    /// Stack name.
    pub name: String,
    /// Environment of the stack.
    pub environment: Option<String>,
    /// Status in CloudFormation; `None` if the stack does not exist.
    pub found: Option<Found>,
    /// Status of the service; also set if nothing could be read.
    pub service: Option<ServiceStatus>,
    /// What its operation waits for, unless that is watched.
    pub wait: Option<String>,
}

/// An existing stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// CloudFormation status.
    pub status: String,
    /// Time of the status.
    pub since: SystemTime,
    /// CloudFormation's reason.
    pub reason: Option<String>,
}

/// Status of the service of an app stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Deployed image tag.
    pub release: Option<String>,
    /// Latest release.
    pub latest: Latest,
    /// URL of the site.
    pub url: Option<String>,
    /// Latest deployment.
    pub rollout: Option<Rollout>,
    /// Running and starting tasks.
    pub tasks: Vec<TaskStatus>,
    /// Tasks that stopped with an error in the last hour, newest first.
    pub stopped: Vec<StoppedTask>,
    /// Alarms in ALARM state.
    pub alarms: Vec<Alarm>,
    /// Links to the console, if asked for.
    pub links: Vec<Link>,
    /// Parts that could not be read.
    pub unknown: Vec<Unknown>,
}

/// A part that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The part.
    pub part: Part,
    /// Reason.
    pub why: String,
}

/// Parts of the status that are read separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Latest release.
    Latest,
    /// Names of the service and its alarms.
    Resources,
    /// Deployment of the service.
    Service,
    /// Stopped tasks.
    Stopped,
    /// Running and starting tasks.
    Tasks,
    /// Alarms in ALARM state.
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

/// Latest release, from the SSM parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Latest {
    /// It could not be read.
    #[default]
    Unknown,
    /// There is no release yet.
    None,
    /// Its tag.
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

/// A running or starting task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStatus {
    /// Last part of its ARN.
    pub id: String,
    /// Status, for example `RUNNING` or `PENDING`.
    pub status: String,
    /// Health: `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub health: String,
    /// Start time.
    pub started: Option<SystemTime>,
}

/// An alarm in ALARM state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Alarm name.
    pub name: String,
    /// Description of the alarm.
    pub description: String,
    /// Time of the state change.
    #[serde(serialize_with = "as_rfc3339")]
    pub since: SystemTime,
}

/// Returns the status as JSON.
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
    let unknown: Vec<_> = service
        .unknown
        .iter()
        .map(|unknown| format!("{}: {}", unknown.part.words(), unknown.why))
        .collect();
    json!({
        "release": service.release,
        "latestRelease": service.latest.tag(),
        "url": service.url,
        "rollout": service.rollout,
        "tasks": tasks,
        "stoppedTasks": service.stopped,
        "alarms": service.alarms,
        "links": service.links.iter().map(|link| json!({ "name": link.name, "url": link.url })).collect::<Vec<_>>(),
        "unknown": unknown,
    })
}
