//! Live progress table of all stacks, within 24 lines of 80 columns.
//!
//! Pure function from progress to lines; the console draws them. Rows that do not fit are counted.

use std::time::SystemTime;

use super::event::{clock, status_words};
use crate::console::{Paint, Style};
use crate::deployment::progress::{Progress, ResourceProgress};
use crate::deployment::rollout::Evidence;

/// A stack in the table.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Progress of the stack.
    pub progress: &'a Progress,
    /// ECS evidence.
    pub evidence: &'a Evidence,
}

/// Maximum height: a terminal of 24 lines, less one for the cursor.
pub const MOST_LINES: usize = 23;
/// Maximum width of a line.
pub const MOST_COLUMNS: usize = 80;

/// Draws the table. Finished stacks take one line; the others share the rest.
pub fn draw(rows: &[Row<'_>], now: SystemTime, paint: Paint) -> Vec<String> {
    let working = rows.iter().filter(|row| is_working(row)).count();
    let for_stacks = rows.len().min(MOST_LINES);
    let each = (MOST_LINES - for_stacks).checked_div(working).unwrap_or(0);
    let mut lines = Vec::new();
    for row in rows.iter().take(MOST_LINES) {
        lines.push(stack_line(row.progress, now, paint));
        if is_working(row) {
            lines.extend(details(row, now, each, paint));
        }
    }
    lines.truncate(MOST_LINES);
    lines
}

fn is_working(row: &Row<'_>) -> bool {
    crate::deployment::condition::ending(&row.progress.status).is_none()
}

fn stack_line(progress: &Progress, now: SystemTime, paint: Paint) -> String {
    let elapsed = now.duration_since(progress.began).unwrap_or_default();
    let words = if progress.status.is_empty() {
        "waiting"
    } else {
        status_words(&progress.status)
    };
    let count = match progress.total() {
        0 => String::new(),
        total => format!("{} of {total}", progress.finished()),
    };
    let style = match words {
        "created" | "updated" | "deleted" => Style::Green,
        "FAILED" | "rolling back" | "rolled back" => Style::Red,
        _ => Style::Bold,
    };
    let text = fit(&format!(
        "{}  {:<28} {words:<14} {count}",
        clock(elapsed),
        progress.stack
    ));
    paint.apply(style, text.trim_end())
}

fn details(row: &Row<'_>, now: SystemTime, room: usize, paint: Paint) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(failure) = row.progress.failures().first() {
        let reason = crate::deployment::diagnosis::one_line(&failure.reason);
        let text = fit(&format!("        FAILED {}: {reason}", failure.resource));
        lines.push(paint.apply(Style::Red, &text));
    }
    if let Some(rollout) = &row.evidence.rollout {
        lines.push(fit(&format!("        {}", rollout.line())));
        if let Some(cause) = row.evidence.stop_reasons().first() {
            lines.push(paint.apply(Style::Red, &fit(&format!("        {cause}"))));
        }
    }
    let mut busy: Vec<_> = row
        .progress
        .resources()
        .filter(|(_, resource)| resource.is_busy())
        .collect();
    // The longest-running resources come first.
    busy.sort_by_key(|(_, resource)| resource.since);
    let left = room.saturating_sub(lines.len());
    let shown = if busy.len() > left {
        left.saturating_sub(1)
    } else {
        busy.len()
    };
    lines.extend(
        busy.iter()
            .take(shown)
            .map(|(name, resource)| resource_line(name, resource, now)),
    );
    if busy.len() > shown && left > 0 {
        lines.push(format!("        … and {} more in progress", busy.len() - shown));
    }
    lines.truncate(room);
    lines
}

fn resource_line(name: &str, resource: &ResourceProgress, now: SystemTime) -> String {
    let kind = resource.kind.strip_prefix("AWS::").unwrap_or(&resource.kind);
    fit(&format!(
        "        {}  {:<12} {name} ({kind})",
        clock(resource.took(now)),
        status_words(&resource.status)
    ))
}

/// Truncates a line to [`MOST_COLUMNS`], with an ellipsis.
pub fn fit(line: &str) -> String {
    ::console::truncate_str(line, MOST_COLUMNS, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::progress::StackEvent;
    use std::time::Duration;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    fn progress(stack: &str, status: &str, resources: u64) -> Progress {
        let mut progress = Progress::new(stack, at(0), None);
        status.clone_into(&mut progress.status);
        for n in 0..resources {
            progress.absorb(&StackEvent {
                id: n.to_string(),
                at: at(n),
                resource: format!("ResourceWithARatherLongName{n}"),
                physical: None,
                kind: "AWS::ElasticLoadBalancingV2::TargetGroup".into(),
                status: "CREATE_IN_PROGRESS".into(),
                reason: None,
                of_stack: false,
            });
        }
        progress
    }

    #[test]
    fn table_fits_24_lines_with_seven_stacks_of_100_resources() {
        let evidence = Evidence::default();
        let all: Vec<_> = (0..7)
            .map(|n| progress(&format!("Stack{n}"), "CREATE_IN_PROGRESS", 100))
            .collect();
        let rows: Vec<_> = all
            .iter()
            .map(|progress| Row {
                progress,
                evidence: &evidence,
            })
            .collect();
        let lines = draw(&rows, at(200), Paint::new(false));
        assert!(lines.len() <= MOST_LINES);
        assert!(lines.iter().all(|line| line.chars().count() <= MOST_COLUMNS));
        for n in 0..7 {
            assert!(lines.iter().any(|line| line.contains(&format!("Stack{n}"))));
        }
    }

    #[test]
    fn longest_running_resource_is_first_and_finished_stack_takes_one_line() {
        let evidence = Evidence::default();
        let (done, busy) = (
            progress("DevCluster", "CREATE_COMPLETE", 0),
            progress("DevAppStack", "CREATE_IN_PROGRESS", 2),
        );
        let rows = [&done, &busy].map(|progress| Row {
            progress,
            evidence: &evidence,
        });
        insta::assert_snapshot!(draw(&rows, at(65), Paint::new(false)).join("\n"), @r"
          1:05  DevCluster                   created
          1:05  DevAppStack                  creating       0 of 2
                  1:05  creating     ResourceWithARatherLongName0 (ElasticLoadBalancing…
                  1:04  creating     ResourceWithARatherLongName1 (ElasticLoadBalancing…
        ");
    }
}
