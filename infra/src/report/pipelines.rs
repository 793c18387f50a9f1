//! Pipeline progress within 80 columns: one line per stage, more for failures and pending approvals.

use std::time::SystemTime;

use crate::console::{Paint, Style};
use crate::logs::clean;
use crate::pipelines::{ActionState, PipelineState, Run, StageState};
use crate::releases::tag::short;
use crate::report::progress_table::fit;
use crate::timestamps::ago;

/// Returns the pipeline as lines.
pub fn lines(pipeline: &PipelineState, now: SystemTime, paint: Paint) -> Vec<String> {
    let mut lines = vec![paint.apply(Style::Bold, &fit(&headline(pipeline, now)))];
    let newest = pipeline.run.as_ref().map(|run| run.id.as_str());
    for stage in &pipeline.stages {
        lines.extend(stage_lines(stage, newest, now, paint));
    }
    lines
}

fn headline(pipeline: &PipelineState, now: SystemTime) -> String {
    match &pipeline.run {
        None => format!("{}: no runs yet", pipeline.name),
        Some(run) => format!(
            "{}: {}, started {}{}",
            pipeline.name,
            words(&run.status),
            ago(run.began, now),
            about(run)
        ),
    }
}

fn about(run: &Run) -> String {
    let commit = run.commit.as_deref().map(|commit| format!(", {}", short(commit)));
    let first_line = run.summary.as_deref().and_then(|text| text.lines().next());
    let summary = first_line.map(|line| format!(" {}", clean(line)));
    commit.unwrap_or_default() + &summary.unwrap_or_default()
}

/// Returns the words for a CodePipeline status.
pub fn words(status: &str) -> &str {
    match status {
        "InProgress" => "running",
        "Succeeded" => "succeeded",
        "Failed" => "FAILED",
        "Stopped" => "stopped",
        "Stopping" => "stopping",
        "Superseded" => "superseded by a newer run",
        "Cancelled" => "cancelled",
        "Abandoned" => "abandoned",
        "Skipped" => "skipped",
        other => other,
    }
}

fn stage_lines(stage: &StageState, newest: Option<&str>, now: SystemTime, paint: Paint) -> Vec<String> {
    let waits = stage
        .actions
        .iter()
        .any(|action| action.token.is_some() && action.status.as_deref() == Some("InProgress"));
    let status = match stage.status.as_deref() {
        _ if waits => "waiting for approval",
        None => "not reached",
        Some(status) => words(status),
    };
    let last = stage.actions.iter().filter_map(|action| action.since).max();
    let since = last.map(|at| ago(at, now)).unwrap_or_default();
    // A later stage often shows the result of an earlier run.
    let earlier = match (stage.run.as_deref(), newest) {
        (Some(run), Some(newest)) if run != newest => ", in an earlier run",
        _ => "",
    };
    let style = match status {
        "FAILED" => Style::Red,
        "succeeded" => Style::Green,
        "running" | "waiting for approval" => Style::Yellow,
        _ => Style::Dim,
    };
    let text = format!("  {:<14}  {status:<20}  {since}{earlier}", stage.name);
    let mut lines = vec![paint.apply(style, &fit(text.trim_end()))];
    if let Some(reason) = &stage.closed {
        let text = format!("    transition disabled: {}", clean(reason));
        lines.push(paint.apply(Style::Red, &fit(&text)));
    }
    let interesting = |action: &&ActionState| match action.status.as_deref() {
        Some("Failed") => true,
        Some("InProgress") => !waits,
        _ => stage.actions.len() > 1,
    };
    for action in stage.actions.iter().filter(interesting) {
        lines.extend(action_lines(action, now, paint));
    }
    lines
}

fn action_lines(action: &ActionState, now: SystemTime, paint: Paint) -> Vec<String> {
    let status = action.status.as_deref().map_or("not reached", words);
    let since = action.since.map(|at| ago(at, now)).unwrap_or_default();
    let text = format!("    {:<14}  {status:<16}  {since}", action.name);
    let mut lines = vec![fit(text.trim_end())];
    if action.status.as_deref() != Some("Failed") {
        return lines;
    }
    let reason = action
        .build
        .as_ref()
        .map(|build| &build.reason)
        .filter(|reason| !reason.is_empty())
        .or(action.error.as_ref())
        .or(action.summary.as_ref());
    if let Some(reason) = reason {
        lines.extend(
            folded(&clean(reason))
                .into_iter()
                .map(|line| paint.apply(Style::Red, &line)),
        );
    }
    if let Some(build) = &action.build {
        lines.extend(
            build
                .last_lines
                .iter()
                .map(|line| fit(&format!("      | {}", clean(line)))),
        );
    }
    if let Some(link) = &action.link {
        lines.push(format!("      {}", paint.apply(Style::Cyan, link)));
    }
    lines
}

/// Wraps a failure reason instead of truncating it.
fn folded(text: &str) -> Vec<String> {
    const WIDTH: usize = 74;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let room = lines
            .last()
            .is_none_or(|line| line.chars().count() + 1 + word.chars().count() <= WIDTH);
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
        .into_iter()
        .map(|line| fit(&format!("      {line}")))
        .collect()
}

#[cfg(test)]
mod tests;
