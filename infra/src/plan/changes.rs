//! The changes of a stack as a person reads them: what is added, changed, replaced and deleted, and what is lost by it.
//!
//! Whether CloudFormation announced them in a change set, or the comparison of two templates found them, is not known
//! here: the same words serve both.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use super::loss::loss;
use crate::console::{Paint, Style};

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It comes into being.
    Add,
    /// It is changed in place.
    Change,
    /// A new one takes its place and the old one goes.
    Replace {
        /// Known for certain; else CloudFormation decides while it executes.
        certain: bool,
    },
    /// It goes.
    Delete {
        /// The resource itself stays (deletion policy `Retain`); only the stack forgets it.
        kept: bool,
    },
    /// An existing resource comes under the stack's care.
    Import,
}

impl Action {
    /// The word for it, as short as a column needs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Replace { certain: true } => "REPLACE",
            Self::Replace { certain: false } => "may replace",
            Self::Delete { kept: false } => "DELETE",
            Self::Delete { kept: true } => "forget",
            Self::Import => "import",
        }
    }

    /// Its place in a list: what destroys comes last, where the question follows.
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

    /// The colour of the word.
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
        serializer.serialize_str(&self.word().to_lowercase())
    }
}

/// A property that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropertyChange {
    /// Where in the resource, as `/Properties/Image`.
    pub path: String,
    /// What it was, if CloudFormation tells.
    pub before: Option<String>,
    /// What it will be, if CloudFormation knows it before it executes.
    pub after: Option<String>,
}

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceChange {
    /// What happens.
    pub action: Action,
    /// Its logical id.
    pub resource: String,
    /// Its type, as `AWS::ECS::Service`.
    pub kind: String,
    /// Which properties.
    pub properties: Vec<PropertyChange>,
}

impl ResourceChange {
    /// What is lost by this change, in words.
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
    /// Sorts changes into the order in which they are shown: what destroys last, where the question follows.
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

    /// The changes, in the order in which they are shown.
    pub fn iter(&self) -> impl Iterator<Item = &ResourceChange> {
        self.0.iter()
    }

    /// How many resources change.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Nothing changes but outputs, tags or parameters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line: how many of each.
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
            "no resource changes, only outputs, tags or parameters".to_owned()
        } else {
            said.join(", ")
        }
    }

    /// The whole, for a person: a line for each resource, its properties below, then what is lost.
    ///
    /// A stack of nothing but additions is shown by its types: fifty new names help nobody.
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
                format!("{same} of them")
            };
            lines.push(resource_line(Action::Add, &what, &first.kind, paint));
            rest = others;
        }
        lines
    }
}

/// A resource and what happens to it, on one line.
pub(crate) fn resource_line(action: Action, what: &str, kind: &str, paint: Paint) -> String {
    let word = paint.apply(action.style(), &format!("{:<11}", action.word()));
    // Within 80 columns, for the longest type that our templates hold.
    let kind = kind.strip_prefix("AWS::").unwrap_or(kind);
    format!("  {word} {what:<26} {kind}").trim_end().to_owned()
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

/// A value on one line, its middle left out where it is long.
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
    fn what_destroys_comes_last_and_says_what_is_lost() {
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
          add         Alarm                      CloudWatch::Alarm
          change      Service                    ECS::Service
          REPLACE     Task                       ECS::TaskDefinition
                        ContainerDefinitions/0/Image: penguin-app:1 → penguin-app:2
          DELETE      Artifacts                  S3::Bucket
          data loss: Artifacts loses its objects
        ");
        assert_eq!(
            changes.summary(),
            "1 to add, 1 to change, 1 to replace, 1 to delete"
        );
    }

    #[test]
    fn a_retained_bucket_loses_nothing() {
        assert_eq!(
            change(Action::Delete { kept: true }, "B", "AWS::S3::Bucket").loss(),
            None
        );
        assert_eq!(change(Action::Change, "B", "AWS::S3::Bucket").loss(), None);
    }

    #[test]
    fn many_additions_are_shown_by_type() {
        let mut all: Vec<_> = (0..12)
            .map(|n| change(Action::Add, &format!("Subnet{n}"), "AWS::EC2::Subnet"))
            .collect();
        all.push(change(Action::Add, "Vpc", "AWS::EC2::VPC"));
        let lines = Changes::new(all).lines(Paint::new(false));
        assert_eq!(
            lines,
            [
                "  add         12 of them                 EC2::Subnet",
                "  add         Vpc                        EC2::VPC",
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
