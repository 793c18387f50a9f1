//! What both forms of a picture say about a thing, in the same words.

use crate::facts::{Action, ActionKind, App, Cluster, Pipeline};

/// `zone 1`, `2 zones`.
pub(super) fn counted<N: TryInto<u32>>(count: N, one: &str) -> String {
    let count: u32 = count.try_into().unwrap_or(u32::MAX);
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {one}{s}")
}

/// How visitors come in.
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

/// How much there is of a service: a line each.
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
        lines.push(format!("spot after {}", counted(capacity.base, "task")));
    } else if capacity.spot > 0 {
        let share = f64::from(capacity.spot) * 100.0 / f64::from(capacity.spot + capacity.steady);
        lines.push(format!("{share:.0} % on spot"));
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

/// How tasks of a cluster call out.
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

/// What starts a pipeline, and what becomes of a second start.
pub(super) fn start(pipeline: &Pipeline) -> String {
    let start = if pipeline.on_push {
        format!("every push to {}", pipeline.branch)
    } else {
        format!("started by hand, from {}", pipeline.branch)
    };
    let second = match pipeline.mode.as_str() {
        "superseded" => "; a newer one overtakes",
        "queued" => "; one after the other",
        _ => "",
    };
    format!("{start}{second}")
}

/// What an action does, in a line.
pub(super) fn action(action: &Action) -> String {
    match &action.kind {
        ActionKind::Source { repository } => repository.clone(),
        ActionKind::Build(build) if build.images => "both images".to_owned(),
        ActionKind::Build(build) if build.tag_parameter.is_some() => "the tag".to_owned(),
        ActionKind::Build(_) => "templates".to_owned(),
        ActionKind::Deploy { stack } => stack.clone(),
        ActionKind::Approval => "asks by e-mail".to_owned(),
    }
}

/// What happens when a stage fails.
pub(super) fn on_failure(result: &str) -> Option<&'static str> {
    match result {
        "retry" => Some("fails: once more"),
        "rollback" => Some("fails: rolled back"),
        _ => None,
    }
}
