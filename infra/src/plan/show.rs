//! Text of a template difference for a terminal with 80 columns.

use super::changes::{Action, Changes, ResourceChange, resource_line};
use super::properties::{PropertyDifference, Replaces};
use super::values::{block, inline, long_text};
use super::widening::Widening;
use super::{Difference, ResourceDifference};
use crate::console::{Paint, Style, wrapped};

const WIDTH: usize = 80;
const INDENT: &str = "      ";
/// Number of additions from which resources are grouped by type.
const MANY: usize = 12;

/// Returns the difference as lines: resources, other sections, data loss, wider access.
pub fn lines(difference: &Difference, paint: Paint) -> Vec<String> {
    let resources = &difference.resources;
    let only_added = resources.iter().all(|change| change.action == Action::Add);
    let mut lines: Vec<String> = if only_added && resources.len() > MANY {
        changes(resources).lines(paint)
    } else {
        resources
            .iter()
            .flat_map(|change| of_resource(change, paint))
            .collect()
    };
    for other in &difference.others {
        lines.extend(of_property(other, "  ", paint));
    }
    for loss in resources.iter().filter_map(|change| change.loss.as_deref()) {
        lines.push(paint.apply(Style::Red, &format!("  data loss: {loss}")));
    }
    lines.extend(widening_lines(&difference.widening, paint));
    lines
}

/// Returns the changes without properties.
pub(super) fn changes(resources: &[ResourceDifference]) -> Changes {
    let change = |difference: &ResourceDifference| ResourceChange {
        action: difference.action,
        resource: difference.resource.clone(),
        kind: difference.kind.clone(),
        properties: Vec::new(),
    };
    Changes::new(resources.iter().map(change).collect())
}

fn of_resource(change: &ResourceDifference, paint: Paint) -> Vec<String> {
    let mut lines = vec![resource_line(
        change.action,
        &change.resource,
        &change.kind,
        paint,
    )];
    if let Some(note) = &change.note {
        lines.extend(
            wrapped(note, WIDTH - INDENT.len())
                .into_iter()
                .map(|line| format!("{INDENT}{line}")),
        );
    }
    for property in &change.properties {
        lines.extend(of_property(property, INDENT, paint));
    }
    lines
}

fn of_property(property: &PropertyDifference, indent: &str, paint: Paint) -> Vec<String> {
    let path = property
        .path
        .strip_prefix("Properties.")
        .unwrap_or(&property.path);
    let verdict = match property.replaces {
        Replaces::No => "",
        Replaces::May => " (may replace)",
        Replaces::Certainly => " (replaces)",
    };
    let verdict = paint.apply(Style::Red, verdict);
    if let Some(source) = &property.follows {
        return vec![format!("{indent}{path}: follows {source}{verdict}")];
    }
    if let (Some(before), Some(after)) = (&property.before, &property.after) {
        let line = format!("{path}: {} → {}", inline(before), inline(after));
        if line.chars().count() + indent.len() <= WIDTH && long_text(before).is_none() {
            return vec![format!("{indent}{line}{verdict}")];
        }
        let mut lines = vec![format!("{indent}{path}:{verdict}")];
        for (mark, text) in both(before, after) {
            lines.push(marked(mark, &format!("{indent}  {mark} {text}"), paint));
        }
        return lines;
    }
    let (mark, value) = match (&property.before, &property.after) {
        (Some(value), _) => ('-', value),
        (_, Some(value)) => ('+', value),
        _ => return Vec::new(),
    };
    let line = format!("{indent}{mark} {path}: {}", inline(value));
    if line.chars().count() <= WIDTH && long_text(value).is_none() {
        return vec![format!("{}{verdict}", marked(mark, &line, paint))];
    }
    let head = format!(
        "{}{verdict}",
        marked(mark, &format!("{indent}{mark} {path}:"), paint)
    );
    let below = block(value, WIDTH - indent.len() - 4);
    let below = below
        .into_iter()
        .map(|text| marked(mark, &format!("{indent}    {text}"), paint));
    [head].into_iter().chain(below).collect()
}

fn marked(mark: char, line: &str, paint: Paint) -> String {
    let style = if mark == '+' { Style::Green } else { Style::Red };
    paint.apply(style, line.trim_end())
}

/// Shows both values; of multi-line strings, only the lines that differ.
fn both(before: &serde_json::Value, after: &serde_json::Value) -> Vec<(char, String)> {
    let width = WIDTH - INDENT.len() - 4;
    let (old, new) = (block(before, width), block(after, width));
    let is_text = long_text(before).is_some() && long_text(after).is_some();
    if is_text || (old.len() > 1 && new.len() > 1) {
        return differing(&old, &new);
    }
    let old = old.into_iter().map(|line| ('-', line));
    old.chain(new.into_iter().map(|line| ('+', line))).collect()
}

/// Returns the lines that are in only one of two texts, in order.
fn differing(old: &[String], new: &[String]) -> Vec<(char, String)> {
    // Longest common subsequence; the texts have some dozens of lines.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for (i, one) in old.iter().enumerate().rev() {
        for (j, other) in new.iter().enumerate().rev() {
            common[i][j] = if one == other {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i].clone()));
            i += 1;
        } else {
            lines.push(('+', new[j].clone()));
            j += 1;
        }
    }
    lines
}

/// Returns the table of wider access; empty if there is none.
pub fn widening_lines(widening: &[Widening], paint: Paint) -> Vec<String> {
    if widening.is_empty() {
        return Vec::new();
    }
    let longest = |text: fn(&Widening) -> &str| widening.iter().map(|row| text(row).chars().count()).max();
    let area = longest(|row| row.area.word()).unwrap_or(0);
    let name = longest(|row| &row.resource).unwrap_or(0).min(28);
    let before = 4 + area + 2 + name + 2;
    let mut lines = vec![paint.apply(Style::Bold, "  wider access:")];
    for row in widening {
        let style = if row.wildcard { Style::Red } else { Style::Yellow };
        let head = format!("    {:area$}  {:name$}  ", row.area.word(), row.resource);
        let mut texts = wrapped(&row.change, WIDTH - before).into_iter();
        let first = texts.next().unwrap_or_default();
        if row.resource.chars().count() > name {
            lines.push(head.trim_end().to_owned());
            lines.push(paint.apply(style, &format!("{:before$}{first}", "")));
        } else {
            lines.push(format!("{head}{}", paint.apply(style, &first)));
        }
        lines.extend(texts.map(|text| paint.apply(style, &format!("{:before$}{text}", ""))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_difference_contains_only_differing_lines() {
        let lines = |text: &str| -> Vec<String> { text.chars().map(String::from).collect() };
        let difference = |old: &str, new: &str| -> String {
            differing(&lines(old), &lines(new))
                .into_iter()
                .flat_map(|(sign, line)| [sign.to_string(), line])
                .collect()
        };
        for (old, new, expected) in [
            ("abc", "abc", ""),
            ("abc", "bcd", "-a+d"),
            ("ab", "", "-a-b"),
            ("", "ab", "+a+b"),
            ("abc", "ab", "-c"),
            ("ab", "abc", "+c"),
            ("axc", "ayc", "-x+y"),
            ("ab", "ba", "-a+a"),
            ("abcd", "bd", "-a-c"),
        ] {
            assert_eq!(difference(old, new), expected, "{old} and {new}");
        }
    }
}
