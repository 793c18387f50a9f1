//! Changes of a stack as lines of text: added, changed, replaced and deleted resources, and lost data.
//!
//! Used for change sets and for template comparisons.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::loss::loss;
use crate::console::{Paint, Style};

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is created.
    Add,
    /// It is updated in place.
    Change,
    /// It is replaced by a new one.
    Replace {
        /// Whether the replacement is certain; otherwise CloudFormation decides during execution.
        certain: bool,
    },
    /// It is removed from the stack.
    Delete {
        /// Whether the resource itself is retained (deletion policy `Retain`).
        kept: bool,
    },
    /// An existing resource is imported into the stack.
    Import,
}

impl Action {
    /// Returns the action as a short word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Replace { certain: true } => "REPLACE",
            Self::Replace { certain: false } => "may replace",
            Self::Delete { kept: false } => "DELETE",
            Self::Delete { kept: true } => "retain",
            Self::Import => "import",
        }
    }

    /// Returns the position in the list: destructive changes come last, next to the prompt.
    pub(crate) fn weight(self) -> u8 {
        match self {
            Self::Add => 0,
            Self::Import => 1,
            Self::Change => 2,
            Self::Replace { certain: false } => 3,
            Self::Delete { kept: true } => 4,
            Self::Replace { certain: true } => 5,
            Self::Delete { kept: false } => 6,
        }
    }

    /// Returns the style of the word.
    pub(crate) fn style(self) -> Style {
        match self {
            Self::Add | Self::Import => Style::Green,
            Self::Change => Style::Yellow,
            Self::Replace { .. } | Self::Delete { .. } => Style::Red,
        }
    }
}

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // `forget` is the documented JSON value.
        let retained = *self == Self::Delete { kept: true };
        serializer.serialize_str(&if retained {
            "forget".to_owned()
        } else {
            self.word().to_lowercase()
        })
    }
}

/// A changed property.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropertyChange {
    /// Path in the resource, for example `/Properties/Image`.
    pub path: String,
    /// Old value, if known.
    pub before: Option<String>,
    /// New value, if known before the execution.
    pub after: Option<String>,
}

/// The change of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// What happens.
    pub action: Action,
    /// Logical ID.
    pub resource: String,
    /// Type, for example `AWS::ECS::Service`.
    pub kind: String,
    /// Changed properties.
    pub properties: Vec<PropertyChange>,
}

impl ResourceChange {
    /// Returns the data that is lost, as a sentence.
    pub fn loss(&self) -> Option<String> {
        let gone = matches!(
            self.action,
            Action::Replace { .. } | Action::Delete { kept: false }
        );
        if gone {
            loss(&self.resource, &self.kind)
        } else {
            None
        }
    }
}

/// The changes of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(Vec<ResourceChange>);

impl Changes {
    /// Sorts the changes in display order: destructive changes last, next to the prompt.
    pub fn new(mut changes: Vec<ResourceChange>) -> Self {
        for change in &mut changes {
            let unique: BTreeSet<_> = change.properties.drain(..).collect();
            change.properties = unique.into_iter().collect();
        }
        changes.sort_by(|a, b| {
            (a.action.weight(), &a.kind, &a.resource).cmp(&(b.action.weight(), &b.kind, &b.resource))
        });
        Self(changes)
    }

    /// Returns the changes in display order.
    pub fn iter(&self) -> impl Iterator<Item = &ResourceChange> {
        self.0.iter()
    }

    /// Returns the number of changed resources.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if no resource changes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of resources per action, in one line.
    pub fn summary(&self) -> String {
        let count = |wanted: fn(Action) -> bool| self.0.iter().filter(|change| wanted(change.action)).count();
        let parts = [
            (
                count(|action| matches!(action, Action::Add | Action::Import)),
                "to add",
            ),
            (count(|action| action == Action::Change), "to change"),
            (
                count(|action| matches!(action, Action::Replace { .. })),
                "to replace",
            ),
            (
                count(|action| matches!(action, Action::Delete { .. })),
                "to delete",
            ),
        ];
        let said: Vec<_> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if said.is_empty() {
            "no resource changes; only outputs, tags or parameters".to_owned()
        } else {
            said.join(", ")
        }
    }

    /// Returns the changes as text: a line per resource with its properties below, then data loss.
    ///
    /// More than twelve additions are grouped by type.
    pub fn lines(&self, paint: Paint) -> Vec<String> {
        let only_adds = self.0.iter().all(|change| change.action == Action::Add);
        let mut lines = if only_adds && self.0.len() > 12 {
            self.by_type(paint)
        } else {
            self.0
                .iter()
                .flat_map(|change| resource_lines(change, paint))
                .collect()
        };
        for loss in self.0.iter().filter_map(ResourceChange::loss) {
            lines.push(paint.apply(Style::Red, &format!("  data loss: {loss}")));
        }
        lines
    }

    fn by_type(&self, paint: Paint) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rest = self.0.as_slice();
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|change| change.kind == first.kind).count();
            let (these, others) = rest.split_at(same);
            let names = these
                .iter()
                .map(|change| change.resource.as_str())
                .collect::<Vec<_>>();
            let what = if same == 1 {
                names.join("")
            } else {
                format!(
                    "{} ×{same}",
                    first.kind.rsplit("::").next().unwrap_or(&first.kind)
                )
            };
            lines.push(resource_line(Action::Add, &what, &first.kind, paint));
            rest = others;
        }
        lines
    }
}

/// Formats the change of a resource as one line, within 80 columns for the longest type in our templates.
pub(crate) fn resource_line(action: Action, what: &str, kind: &str, paint: Paint) -> String {
    let word = paint.apply(action.style(), &format!("{:<11}", action.word()));
    format!("  {word} {what:<22} {kind}").trim_end().to_owned()
}

fn resource_lines(change: &ResourceChange, paint: Paint) -> Vec<String> {
    let mut lines = vec![resource_line(
        change.action,
        &change.resource,
        &change.kind,
        paint,
    )];
    if matches!(change.action, Action::Add | Action::Delete { .. }) {
        return lines;
    }
    for property in &change.properties {
        let path = property.path.trim_start_matches("/Properties/");
        let value = |value: &Option<String>| value.as_deref().map(shorten);
        let line = match (value(&property.before), value(&property.after)) {
            (Some(before), Some(after)) => format!("{path}: {before} → {after}"),
            (None, Some(after)) => format!("{path}: now {after}"),
            (Some(before), None) => format!("{path}: no longer {before}"),
            (None, None) => path.to_owned(),
        };
        lines.push(format!("                {line}"));
    }
    lines
}

/// Shortens a long value to one line, keeping both ends.
fn shorten(value: &str) -> String {
    const MOST: usize = 40;
    let flat = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= MOST {
        return flat;
    }
    let chars: Vec<char> = flat.chars().collect();
    let (head, tail) = (&chars[..MOST / 2 - 1], &chars[chars.len() - MOST / 2..]);
    format!(
        "{}…{}",
        head.iter().collect::<String>(),
        tail.iter().collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: Action, resource: &str, kind: &str) -> ResourceChange {
        ResourceChange {
            action,
            resource: resource.into(),
            kind: kind.into(),
            properties: Vec::new(),
        }
    }

    #[test]
    fn destructive_changes_come_last_with_data_loss() {
        let mut task = change(
            Action::Replace { certain: true },
            "Task",
            "AWS::ECS::TaskDefinition",
        );
        task.properties.push(PropertyChange {
            path: "/Properties/ContainerDefinitions/0/Image".into(),
            before: Some("penguin-app:1".into()),
            after: Some("penguin-app:2".into()),
        });
        let changes = Changes::new(vec![
            change(Action::Delete { kept: false }, "Artifacts", "AWS::S3::Bucket"),
            task,
            change(Action::Change, "Service", "AWS::ECS::Service"),
            change(Action::Add, "Alarm", "AWS::CloudWatch::Alarm"),
        ]);
        insta::assert_snapshot!(changes.lines(Paint::new(false)).join("\n"), @r"
          add         Alarm                  AWS::CloudWatch::Alarm
          change      Service                AWS::ECS::Service
          REPLACE     Task                   AWS::ECS::TaskDefinition
                        ContainerDefinitions/0/Image: penguin-app:1 → penguin-app:2
          DELETE      Artifacts              AWS::S3::Bucket
          data loss: Artifacts loses its objects
        ");
        assert_eq!(
            changes.summary(),
            "1 to add, 1 to change, 1 to replace, 1 to delete"
        );
    }

    #[test]
    fn retained_bucket_has_no_data_loss() {
        assert_eq!(
            change(Action::Delete { kept: true }, "B", "AWS::S3::Bucket").loss(),
            None
        );
        assert_eq!(change(Action::Change, "B", "AWS::S3::Bucket").loss(), None);
    }

    #[test]
    fn many_additions_are_grouped_by_type() {
        let mut all: Vec<_> = (0..12)
            .map(|n| change(Action::Add, &format!("Subnet{n}"), "AWS::EC2::Subnet"))
            .collect();
        all.push(change(Action::Add, "Vpc", "AWS::EC2::VPC"));
        let lines = Changes::new(all).lines(Paint::new(false));
        assert_eq!(
            lines,
            [
                "  add         Subnet ×12             AWS::EC2::Subnet",
                "  add         Vpc                    AWS::EC2::VPC",
            ]
        );
    }

    #[test]
    fn long_values_keep_both_ends() {
        let long = format!("{}{}", "a".repeat(60), "end");
        let short = shorten(&long);
        assert_eq!(short.chars().count(), 40);
        assert!(short.starts_with("aaa") && short.ends_with("end") && short.contains('…'));
    }
}
