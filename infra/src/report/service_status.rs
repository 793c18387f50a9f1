//! Stack and service status within 80 columns; the live view stays within 24 lines.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::console::{Paint, Style};
use crate::deployment::rollout::{Rollout, StoppedTask};
use crate::logs::clean;
use crate::releases::tag::short;
use crate::report::event::status_words;
use crate::report::progress_table::fit;
use crate::service_status::{Latest, Part, ServiceStatus, StackStatus, TaskStatus};
use crate::timestamps::ago;

/// Height of the live view: a terminal of 24 lines, less one for the cursor.
pub const MOST_LINES: usize = 23;
/// Maximum number of stopped tasks and alarms shown; the rest is counted.
const SHOWN: usize = 2;
/// Log lines shown of the newest stopped task.
const LAST_LINES: usize = 2;

/// Returns a line per stack, followed by its service.
pub fn lines(stacks: &[StackStatus], now: SystemTime, paint: Paint) -> Vec<String> {
    let width = stacks
        .iter()
        .map(|stack| stack.name.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    let mut lines = vec![paint.apply(
        Style::Dim,
        &format!("{:width$}  {:<14}  SINCE", "STACK", "STATUS"),
    )];
    for stack in stacks {
        lines.push(stack_line(stack, width, now, paint));
        if let Some(reason) = stack.found.as_ref().and_then(|found| found.reason.as_deref()) {
            lines.push(fit(&format!("  reason    {}", clean(reason))));
        }
        if let Some(service) = stack.service.as_ref().filter(|_| stack.found.is_some()) {
            let environment = stack.environment.as_deref().unwrap_or(&stack.name);
            lines.extend(service_lines(service, environment, now, paint));
        }
    }
    lines
}

/// Truncates to the height of the live view; the last line then counts the hidden ones.
pub fn fitted(mut lines: Vec<String>, most: usize) -> Vec<String> {
    if lines.len() > most {
        let hidden = lines.len() + 1 - most;
        lines.truncate(most.saturating_sub(1));
        lines.push(format!(
            "… and {hidden} more lines: pass a stack or an environment to show less"
        ));
    }
    lines
}

fn stack_line(stack: &StackStatus, width: usize, now: SystemTime, paint: Paint) -> String {
    let name = &stack.name;
    let Some(found) = &stack.found else {
        let text = fit(&format!("{name:width$}  not deployed"));
        return paint.apply(Style::Dim, &text);
    };
    let words = status_words(&found.status);
    // Unknown statuses are printed unchanged.
    let words = if words == "changing" {
        found.status.as_str()
    } else {
        words
    };
    let style = match words {
        "created" | "updated" | "imported" => Style::Green,
        "FAILED" | "rolled back" | "rolling back" => Style::Red,
        _ => Style::Yellow,
    };
    let since = ago(found.since, now);
    let text = fit(&format!("{name:width$}  {words:<14}  {since}"));
    paint.apply(style, &text)
}

fn service_lines(service: &ServiceStatus, environment: &str, now: SystemTime, paint: Paint) -> Vec<String> {
    let mut lines = vec![fit(&format!("  release   {}", release(service, environment)))];
    lines.extend(unknown_line(service, Part::Latest, "latest"));
    lines.extend(unknown_line(service, Part::Resources, "resources"));
    lines.extend(unknown_line(service, Part::Service, "service"));
    if let Some(rollout) = &service.rollout {
        let text = fit(&format!("  service   {}", numbers(rollout, &service.tasks)));
        lines.push(
            if rollout.state == "FAILED" || rollout.running < rollout.desired {
                paint.apply(Style::Yellow, &text)
            } else {
                text
            },
        );
        if let Some(reason) = rollout.reason.as_ref().filter(|_| rollout.state == "FAILED") {
            lines.push(paint.apply(Style::Red, &fit(&format!("            {}", clean(reason)))));
        }
    }
    lines.extend(unknown_line(service, Part::Tasks, "tasks"));
    lines.extend(stopped_lines(&service.stopped, now, paint));
    lines.extend(unknown_line(service, Part::Stopped, "stopped"));
    for alarm in service.alarms.iter().take(SHOWN) {
        let since = ago(alarm.since, now);
        let text = fit(&format!(
            "  ALARM     {} ({since}): {}",
            alarm.name, alarm.description
        ));
        lines.push(paint.apply(Style::Red, &text));
    }
    lines.extend(more(service.alarms.len(), "alarms"));
    lines.extend(unknown_line(service, Part::Alarms, "alarms"));
    if let Some(url) = &service.url {
        // Never truncated, so that it can be opened.
        lines.push(format!("  url       {}", paint.apply(Style::Cyan, url)));
    }
    for link in &service.links {
        lines.push(format!("  {}", link.name));
        lines.push(format!("    {}", paint.apply(Style::Cyan, &link.url)));
    }
    lines
}

/// Returns the line for a part that could not be read.
fn unknown_line(service: &ServiceStatus, part: Part, label: &str) -> Option<String> {
    let unknown = service.unknown.iter().find(|unknown| unknown.part == part)?;
    Some(fit(&format!("  {label:<9} unknown: {}", clean(&unknown.why))))
}

fn release(service: &ServiceStatus, environment: &str) -> String {
    let Some(runs) = &service.release else {
        return "none".to_owned();
    };
    let runs_short = short(runs);
    match &service.latest {
        Latest::Unknown => runs_short,
        Latest::None => format!("{runs_short}; no latest release"),
        Latest::Is(latest) if runs == latest => format!("{runs_short}, the latest"),
        Latest::Is(latest) => format!(
            "{runs_short}; the latest is {} (`infra deploy {environment}`)",
            short(latest)
        ),
    }
}

fn numbers(rollout: &Rollout, tasks: &[TaskStatus]) -> String {
    let mut parts = vec![format!("{} of {} running", rollout.running, rollout.desired)];
    let mut health: BTreeMap<String, usize> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.status == "RUNNING") {
        *health.entry(task.health.to_lowercase()).or_default() += 1;
    }
    let healthy = health.remove("healthy");
    if healthy.is_some() && health.is_empty() {
        parts.push("all healthy".to_owned());
    }
    for (word, count) in health {
        let word = if word == "unknown" {
            "with unknown health"
        } else {
            &word
        };
        parts.push(format!("{count} {word}"));
    }
    if rollout.pending > 0 {
        parts.push(format!("{} starting", rollout.pending));
    }
    if rollout.failed > 0 {
        parts.push(format!("{} failed", rollout.failed));
    }
    let state = rollout.state.to_lowercase().replace('_', " ");
    format!("{}; {state}", parts.join(", "))
}

fn stopped_lines(stopped: &[StoppedTask], now: SystemTime, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, task) in stopped.iter().take(SHOWN).enumerate() {
        let id = task.id.get(..8).unwrap_or(&task.id);
        let text = format!("  stopped   {id} {}: {}", ago(task.at, now), clean(&task.reason));
        lines.push(paint.apply(Style::Red, &fit(&text)));
        for container in &task.containers {
            let code = container.exit_code.filter(|code| *code != 0);
            if let Some(code) = code {
                lines.push(fit(&format!("            {} exited with {code}", container.name)));
            }
            if let Some(reason) = &container.reason {
                lines.push(fit(&format!("            {}: {}", container.name, clean(reason))));
            }
            if index == 0 {
                let from = container.last_lines.len().saturating_sub(LAST_LINES);
                lines.extend(
                    container.last_lines[from..]
                        .iter()
                        .map(|line| fit(&format!("            | {}", clean(line)))),
                );
            }
        }
    }
    lines.extend(more(stopped.len(), "stopped tasks"));
    lines
}

fn more(all: usize, what: &str) -> Option<String> {
    (all > SHOWN).then(|| format!("            … and {} more {what}", all - SHOWN))
}

#[cfg(test)]
mod tests;
