//! Labels shared by both formats.

use crate::inventory::{Action, ActionKind, App, Cluster, Pipeline, Purpose};

/// `zone 1`, `2 zones`.
pub(super) fn counted<N: TryInto<u32>>(count: N, one: &str) -> String {
    let count: u32 = count.try_into().unwrap_or(u32::MAX);
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {one}{s}")
}

/// Describes the listeners of a load balancer.
pub(super) fn listeners(app: &App) -> String {
    let all: Vec<_> = app
        .listeners
        .0
        .iter()
        .rev()
        .map(|one| {
            if one.redirects {
                format!("{} redirects", one.port)
            } else {
                format!("{} {}", one.protocol, one.port)
            }
        })
        .collect();
    all.join(", ")
}

/// Describes size and capacity of a service, one line each.
pub(super) fn service(app: &App) -> Vec<String> {
    let (least, most) = app.tasks;
    let vcpu = f64::from(app.cpu) / 1024.0;
    let mut lines = vec![
        if least == most {
            counted(most, "task")
        } else {
            format!("{least} to {most} tasks")
        },
        format!("{vcpu} vCPU {}", app.architecture),
        memory(app.memory),
    ];
    let capacity = app.capacity;
    if capacity.spot > 0 && capacity.steady == 0 {
        lines.push(format!("Spot after {}", counted(capacity.base, "task")));
    } else if capacity.spot > 0 {
        let share = f64::from(capacity.spot) * 100.0 / f64::from(capacity.spot + capacity.steady);
        lines.push(format!("{share:.0} % Spot"));
    }
    lines.push(format!("{} updates", app.deployment));
    lines.push(format!("{} alarms roll back", app.alarms));
    lines
}

fn memory(mib: u32) -> String {
    if mib.is_multiple_of(1024) {
        format!("{} GiB", mib / 1024)
    } else {
        format!("{mib} MiB")
    }
}

/// Describes how tasks of a cluster reach the internet.
pub(super) fn ways_out(cluster: &Cluster) -> Vec<String> {
    let mut ways = Vec::new();
    if cluster.s3_endpoint {
        ways.push("S3 endpoint".to_owned());
    }
    if !cluster.endpoints.is_empty() {
        ways.push(counted(cluster.endpoints.len(), "endpoint"));
    }
    ways
}

/// Describes what starts a pipeline and how concurrent executions are handled.
pub(super) fn start(pipeline: &Pipeline) -> String {
    let start = if pipeline.on_push {
        format!("every push to {}", pipeline.branch)
    } else {
        format!("manual start, from {}", pipeline.branch)
    };
    let second = match pipeline.mode.as_str() {
        "superseded" => "; newer supersedes older",
        "queued" => "; queued",
        _ => "",
    };
    format!("{start}{second}")
}

/// Describes an action in one line.
pub(super) fn action(action: &Action) -> String {
    match &action.kind {
        ActionKind::Source { repository } => repository.clone(),
        ActionKind::Build(build) => match build.purpose {
            Purpose::Images => "both images",
            Purpose::Templates => "templates",
            Purpose::Tag { .. } => "the tag",
            Purpose::Tests => "of the commit",
            Purpose::BeforeRelease => "command in a task",
            Purpose::SmokeTest => "from the internet",
        }
        .to_owned(),
        ActionKind::Deploy { stack } => stack.clone(),
        ActionKind::Approval => "approval by e-mail".to_owned(),
    }
}

/// Describes the failure handling of a stage.
pub(super) fn on_failure(result: &str) -> Option<&'static str> {
    match result {
        "retry" => Some("retried once"),
        _ => None,
    }
}
